"""What would change if a scale set were judged by other criteria: findings that open or end, and the headline."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scanner.facts.depth import Depth
from scanner.judging.judge import Judgement, judge
from scanner.rules.criteria import Criteria
from scanner.rules.verdict import Outcome, Severity, Verdict


class Effect(StrEnum):
    """What becomes of one rule on one scale set."""

    OPENS = "opens"
    """Not open now, and open then."""
    RESOLVES = "resolves"
    """Open now, and passed then."""
    IS_EXEMPTED = "is_exempted"
    """Open now; failed and exempt then."""
    IS_WITHDRAWN = "is_withdrawn"
    """Open now, and not applicable then, or its rule no longer judges."""
    IS_UNDECIDED = "is_undecided"
    """Open now and unknown then: a scan would leave it open."""
    CHANGES_SEVERITY = "changes_severity"
    """Open now and then, with another severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """What would become of one rule on one scale set."""

    rule_id: str
    effect: Effect
    severity: Severity
    """Then; of a rule that no longer judges, now."""
    before: Severity | None
    """Now, where it is open; ``None``: it is not."""
    reason: str
    """Of the answer then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What would change about one scale set."""

    judgement: Judgement
    """As it is judged now."""
    changes: tuple[FindingChange, ...]
    headline: str
    """``upgrades_itself`` then."""

    @property
    def is_headline_changed(self) -> bool:
        """Whether the headline would differ."""
        return self.headline != self.judgement.upgrades_itself

    def __bool__(self) -> bool:
        return bool(self.changes) or self.is_headline_changed


def consequence_of(now: Judgement, criteria: Criteria, depth: Depth) -> Consequence:
    """Judge the same posture by other criteria, beside the depth that they see, and compare."""
    then = judge(now.posture, criteria, depth)
    return Consequence(judgement=now, changes=tuple(_changes(now, then)), headline=then.upgrades_itself.value)


def _changes(now: Judgement, then: Judgement) -> Iterator[FindingChange]:
    before = {verdict.rule_id: verdict for verdict in now.open_verdicts}
    after = {verdict.rule_id: verdict for verdict in then.verdicts}
    open_then = set(then.open_rules)
    for rule_id in sorted(before.keys() | after.keys()):
        was, verdict = before.get(rule_id), after.get(rule_id)
        if verdict is None:
            if was is not None:
                yield _change(was, was, Effect.IS_WITHDRAWN)
        elif was is None:
            if rule_id in open_then:
                yield _change(verdict, None, Effect.OPENS)
        elif rule_id not in open_then:
            yield _change(verdict, was, _ENDS[verdict.outcome])
        elif verdict.severity is not was.severity:
            yield _change(verdict, was, Effect.CHANGES_SEVERITY)


_ENDS = {
    Outcome.PASSED: Effect.RESOLVES,
    Outcome.FAILED: Effect.IS_EXEMPTED,
    Outcome.NOT_APPLICABLE: Effect.IS_WITHDRAWN,
    Outcome.UNKNOWN: Effect.IS_UNDECIDED,
}


def _change(verdict: Verdict, was: Verdict | None, effect: Effect) -> FindingChange:
    return FindingChange(
        rule_id=verdict.rule_id,
        effect=effect,
        severity=verdict.severity,
        before=None if was is None else was.severity,
        reason=verdict.reason,
    )
