"""What a change does to the posture of a scale set that runs: facts that weaken, findings that open and resolve."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scanner.facts.compared import compared_facts, paths_of
from scanner.facts.evidence import Evidence, JsonValue
from scanner.judging.judge import Judgement
from scanner.plain_text import json_text
from scanner.rules.verdict import Outcome
from scanner.state.drift import Direction, Drift, drifts


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What is known of a scale set that runs."""

    key: str
    """Resource id in lower case."""
    name: str
    resource_group: str
    facts: Mapping[str, JsonValue]
    open_rules: frozenset[str]
    failed_paths: Mapping[str, Mapping[str, JsonValue]]
    """By rule id: the evidence of its open finding, by ARM path."""
    upgrades_itself: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a change does to one scale set."""

    is_created: bool
    """Nothing of this name runs, as far as it was read."""
    is_ambiguous: bool = False
    """Several of its name run, and the plan does not tell them apart: everything open counts."""
    drifts: tuple[Drift, ...] = ()
    opened: frozenset[str] = frozenset()
    worsened: frozenset[str] = frozenset()
    """Findings that were open before and rest on a fact that the change weakens."""
    resolved: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    """Findings that are open now and that the plan cannot decide."""
    headline: tuple[str, str] | None = None
    """Before and after, where it differs."""

    @property
    def is_compared(self) -> bool:
        """Whether there was one scale set to compare with."""
        return not self.is_created and not self.is_ambiguous

    @property
    def counted(self) -> AbstractSet[str]:
        """The findings that the change is to blame for."""
        return self.opened | self.worsened


def compare(candidates: Sequence[Running], planned: Judgement) -> Comparison:
    """Compare what runs with what is planned. A fact that one side lacks is no change."""
    found = {verdict.rule_id: verdict for verdict in planned.open_verdicts}
    if len(candidates) != 1:
        return Comparison(is_created=not candidates, is_ambiguous=bool(candidates), opened=frozenset(found))
    (running,) = candidates
    changed = tuple(drifts(running.facts, compared_facts(planned.posture)))
    outcomes = planned.outcomes
    weakened = {path for drift in changed if drift.direction is Direction.WEAKENED for path in paths_of(drift.field)}
    still_open = running.open_rules & found.keys()
    worsened = {
        rule_id
        for rule_id in still_open
        if _differs(running.failed_paths.get(rule_id, {}), found[rule_id].evidence, weakened)
    }
    headline = (running.upgrades_itself, planned.upgrades_itself.value)
    return Comparison(
        is_created=False,
        drifts=changed,
        opened=frozenset(found.keys() - running.open_rules),
        worsened=frozenset(worsened),
        resolved=frozenset(
            rule_id
            for rule_id in running.open_rules - found.keys()
            if outcomes.get(rule_id) in {Outcome.PASSED, Outcome.NOT_APPLICABLE}
        ),
        undecided=frozenset(rule for rule in running.open_rules if outcomes.get(rule) is Outcome.UNKNOWN),
        headline=headline if headline[0] != headline[1] and headline[1] != "unknown" else None,
    )


def _differs(before: Mapping[str, JsonValue], after: Iterable[Evidence], paths: AbstractSet[str]) -> bool:
    """Whether a finding rests on a fact at one of these paths, and on another value of it than before."""
    return any(item.path in paths and item.path in before and before[item.path] != item.value for item in after)


def sentences(comparison: Comparison, address: str) -> Iterator[str]:
    """Say what the change does, one sentence for each thing."""
    if comparison.is_created:
        yield f"{address} is new: nothing of its name runs, as far as it was read."
    if comparison.is_ambiguous:
        yield f"{address}: several scale sets of its name run, so it was not compared."
    for drift in comparison.drifts:
        before, after = json_text(drift.before), json_text(drift.after)
        yield f"{address}: {drift.field} {before} → {after} ({drift.direction.value})."
    if comparison.headline is not None:
        yield f"{address}: upgrades itself {comparison.headline[0]} → {comparison.headline[1]}."
    for word, rules in (
        ("opens", comparison.opened),
        ("worsens", comparison.worsened),
        ("resolves", comparison.resolved),
        ("leaves undecided", comparison.undecided),
    ):
        if rules:
            yield f"{address}: the change {word} {', '.join(sorted(rules))}."


class Fleet:
    """What runs, found by what a plan knows of it: the id, or the group and the name."""

    __slots__ = ("_by_group", "_by_key", "_by_name")

    def __init__(self, running: list[Running]) -> None:
        self._by_key = {item.key: item for item in running}
        self._by_group: dict[tuple[str, str], list[Running]] = {}
        self._by_name: dict[str, list[Running]] = {}
        for item in running:
            self._by_group.setdefault((item.resource_group.lower(), item.name.lower()), []).append(item)
            self._by_name.setdefault(item.name.lower(), []).append(item)

    def find(self, planned: Judgement) -> list[Running]:
        """List the scale sets that the plan may be about: none, one, or several that its words do not tell apart."""
        posture = planned.posture
        if posture.scale_set_id:
            found = self._by_key.get(posture.key)
            return [] if found is None else [found]
        name, group = posture.name.lower(), posture.resource_group.lower()
        if not name:
            return []
        return list(self._by_group.get((group, name), []) if group else self._by_name.get(name, []))
