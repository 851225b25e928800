"""A rule of the operator's own: data alone, so that it can travel with the criteria."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scanner.facts.evidence import Evidence, JsonValue
from scanner.rules.conditions import Comparison, Condition, ReadFact, comparisons_in, holds, plain
from scanner.rules.verdict import Answer, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case of a rule's own table."""

    name: str
    facts: Mapping[str, JsonValue]
    """What was read; every other fact was not."""
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRule:
    """A rule that was written in TOML."""

    id: str
    name: str
    severity: Severity
    title: str
    rationale: str
    remediation: str
    references: tuple[str, ...] = ()
    applies: Condition | None = None
    """Which scale sets it is about; ``None``: all."""
    expects: Condition
    """What must hold of them."""
    cases: tuple[Case, ...] = field(default=(), compare=False)
    """Its table: what it says of itself, and no part of what judges."""

    @property
    def comparisons(self) -> Iterator[Comparison]:
        """All that it compares, in the order in which it stands."""
        if self.applies is not None:
            yield from comparisons_in(self.applies)
        yield from comparisons_in(self.expects)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it reads, each once, in the order in which they stand."""
        return tuple(dict.fromkeys([each.fact for each in self.comparisons]))

    def judges_by(self) -> JsonValue:
        """Write all that can change an answer or how it is told, as plain JSON: the same for the same rule."""
        return {
            "id": self.id,
            "name": self.name,
            "severity": self.severity.value,
            "title": self.title,
            "rationale": self.rationale,
            "remediation": self.remediation,
            "references": list(self.references),
            "applies": None if self.applies is None else plain(self.applies),
            "expects": plain(self.expects),
        }


def answer(rule: OwnRule, read: ReadFact) -> Answer:
    """Judge by what was read."""
    values = {name: read(name) for name in rule.facts}
    evidence = tuple([Evidence(name, value) for name, value in values.items()])
    applies = True if rule.applies is None else holds(rule.applies, values.__getitem__)
    if applies is False:
        return Answer(Outcome.NOT_APPLICABLE, "The rule is not about this scale set.", evidence)
    unread = ", ".join(name for name, value in values.items() if value is None)
    if applies is None:
        reason = f"Whether the rule is about this scale set is not known: not read: {unread}."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    expected = holds(rule.expects, values.__getitem__)
    if expected is None:
        return Answer(Outcome.UNKNOWN, f"Not read: {unread}.", evidence, is_unread=True)
    if expected:
        return Answer(Outcome.PASSED, "What is expected holds.", evidence)
    return Answer(Outcome.FAILED, f"Not so: {rule.title}", evidence)
