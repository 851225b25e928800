"""The life of a finding: opened, carried on, exempt, resolved, withdrawn."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scanner.judging.judge import Judgement
from scanner.plain_text import plain
from scanner.rules.exemption import EXEMPTION_TAG
from scanner.rules.rule import is_own_id
from scanner.rules.verdict import Outcome, Verdict
from scanner.state.happenings import Exempted, Happening, Opened, Resolved, Withdrawn
from scanner.state.state import ExemptionNote, Finding, ScaleSetState


def withdrawn(findings: Mapping[str, Finding], why: str) -> Iterator[Withdrawn]:
    """Withdraw what was open on a resource that is gone."""
    for rule_id in _in_order(findings):
        finding = findings[rule_id]
        if finding.exemption is None:
            yield Withdrawn(rule_id, finding, why)


def found(before: Mapping[str, Finding], state: ScaleSetState) -> Iterator[Happening]:
    """Compare the findings of a state with those before it."""
    for rule_id in _in_order({**before, **state.findings}):
        happening = _finding_happening(rule_id, before.get(rule_id), state)
        if happening is not None:
            yield happening


def _finding_happening(rule_id: str, before: Finding | None, state: ScaleSetState) -> Happening | None:
    after = state.findings.get(rule_id)
    was_open = before is not None and before.exemption is None
    if after is not None and after.exemption is None:
        return None if was_open else Opened(rule_id, after)
    if before is None or not was_open:
        return None
    if after is not None:
        return Exempted(rule_id, after)
    outcome = state.outcomes.get(rule_id)
    if outcome == Outcome.PASSED:
        return Resolved(rule_id, before)
    return Withdrawn(rule_id, before, "its rule no longer judges" if outcome is None else "it no longer applies")


def _in_order(rule_ids: Iterable[str]) -> list[str]:
    """Sort rules as their verdicts are: those of the catalogue first."""
    return sorted(rule_ids, key=lambda rule_id: (is_own_id(rule_id), rule_id))


def next_findings(judgement: Judgement, findings: Mapping[str, Finding], moment: str) -> Iterator[tuple[str, Finding]]:
    """Carry findings on by what was judged now: failed, not known, or over; each with the exemption that covers it."""
    for verdict in judgement.verdicts:
        outcome = verdict.outcome
        if outcome is not Outcome.FAILED and outcome is not Outcome.UNKNOWN:
            continue
        before = findings.get(verdict.rule_id)
        if outcome is Outcome.FAILED:
            finding = _failed(verdict, before, moment)
        elif before is not None:
            finding = before  # carried forward: what could not be judged is as it was last known
        else:
            continue
        note = _note(judgement, verdict.rule_id) or _note_not_read(judgement, finding, moment)
        if note is not None:
            yield verdict.rule_id, replace(finding, exemption=note)
        elif finding.exemption is not None:
            yield verdict.rule_id, replace(finding, exemption=None, opened_at=moment)
        else:
            yield verdict.rule_id, finding


def _note(judgement: Judgement, rule_id: str) -> ExemptionNote | None:
    exemption = judgement.exempted.get(rule_id)
    if exemption is None:
        return None
    return ExemptionNote(
        reason=plain(exemption.reason),
        owner=plain(exemption.owner),
        until=exemption.until.isoformat(),
        source=exemption.source,
        ticket=plain(exemption.ticket or ""),
    )


def _note_not_read(judgement: Judgement, finding: Finding, moment: str) -> ExemptionNote | None:
    """Keep an exemption from a tag, until its end, while the tag cannot be read: not seeing is not a change."""
    note = finding.exemption
    if note is None or note.source != "tag" or note.until < moment[:10]:
        return None
    return note if judgement.posture.has_tag(EXEMPTION_TAG) is None else None


def _failed(verdict: Verdict, before: Finding | None, moment: str) -> Finding:
    return Finding(
        opened_at=moment if before is None else before.opened_at,
        severity=verdict.severity.value,
        reason=plain(verdict.reason),
        evidence=[{"path": item.path, "value": item.value} for item in verdict.evidence],
        exemption=None if before is None else before.exemption,
        own_name=verdict.own_name,
    )
