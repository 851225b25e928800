"""What every writer is given: one answer of a rule about one scale set, and where a person finds it.

The only module of this room that knows the catalogue; a writer knows texts, numbers and a few words.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.rules.own_catalogue import rules_of
from scanner.rules.own_rule import OwnRule
from scanner.rules.verdict import Outcome, Severity

LEVELS = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
"""How pipelines call a severity."""
_WORST_FIRST = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the scale set stands in the sources. A line is known where the file is."""

    address: str
    """As its author names it: a Terraform address, a symbol, a name or a resource id."""
    file: str = ""
    """With forward slashes, relative to the folder in which the command runs where it lies below it."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer of one rule about one scale set."""

    rule_id: str
    rule_name: str
    outcome: Outcome
    severity: Severity
    reason: str
    place: Place
    evidence: Sequence[Mapping[str, JsonValue]] = ()
    exemption: Mapping[str, JsonValue] | None = None
    """Source, reason, owner, ticket and end of the exemption that covers the rule."""
    remediation: str = ""
    is_new: bool | None = None
    """Whether the change opens it; ``None``: it was not compared with what runs."""

    @property
    def is_open(self) -> bool:
        """Whether it failed and no exemption covers it."""
        return self.outcome is Outcome.FAILED and self.exemption is None

    @property
    def sentence(self) -> str:
        """Say it on one line."""
        return plain(f"{self.rule_id} {self.rule_name} on {self.place.address}: {self.reason}", 1_000)

    @property
    def fingerprint(self) -> str:
        """Name the finding, whatever its line and words: rule and address. 32 hexadecimal digits."""
        # Not for security: it tells findings apart.
        text = f"{self.rule_id}\n{self.place.address.lower()}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many answers there are."""

    open: int
    exempt: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All answers of a run, worst first, and what stands beside them."""

    version: str
    own_rules: tuple[OwnRule, ...] = ()
    """The operator's own rules, which judged too."""
    answers: Sequence[Result] = ()
    scale_sets: int = 0
    problems: Sequence[str] = ()
    """What could not be read."""
    notes: Sequence[str] = ()
    """What is left to another run."""
    changes: Sequence[str] = ()
    """What the change does to the posture, one sentence each, where it was compared with what runs."""
    known_totals: Totals | None = None
    """Counts of all answers, where ``answers`` are only some of them."""

    @property
    def totals(self) -> Totals:
        """Count the answers."""
        if self.known_totals is not None:
            return self.known_totals
        return Totals(open=len(self.open), exempt=len(self.exempt), unknown=self.count(Outcome.UNKNOWN))

    @property
    def open(self) -> list[Result]:
        """List the failed answers that no exemption covers."""
        return [answer for answer in self.answers if answer.is_open]

    def count(self, outcome: Outcome) -> int:
        """Count the answers of an outcome; failed ones that are exempt are not counted."""
        return sum(
            1
            for answer in self.answers
            if answer.outcome is outcome and (answer.is_open or outcome is not Outcome.FAILED)
        )

    @property
    def exempt(self) -> list[Result]:
        """List the failed answers that an exemption covers."""
        return [item for item in self.answers if item.outcome is Outcome.FAILED and item.exemption is not None]


def worst_first(answers: Sequence[Result]) -> list[Result]:
    """Sort by severity, then scale set, then rule: the same order in every format and run."""
    return sorted(answers, key=rank)


def rank(answer: Result) -> tuple[int, str, str]:
    """Order an answer: by severity, then scale set, then rule."""
    return _WORST_FIRST.index(answer.severity), answer.place.address, answer.rule_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What a format says of a rule."""

    id: str
    name: str
    severity: Severity
    title: str
    rationale: str
    page: str
    """Microsoft's first page on it; of the operator's own, theirs, or empty."""
    reads: Sequence[str] = field(default_factory=tuple)


def rule_texts(own: tuple[OwnRule, ...] = ()) -> list[RuleText]:
    """List the rules that judge: the catalogue, then the operator's own, each sorted by id."""
    return [
        RuleText(
            id=rule.id,
            name=rule.name,
            severity=rule.severity,
            title=rule.title,
            rationale=rule.rationale,
            page=rule.references[0] if rule.references else "",
            reads=rule.arm_properties,
        )
        for rule in rules_of(own)
    ]


def exemption_sentence(exemption: Mapping[str, JsonValue]) -> str:
    """Say who agreed to an exception, and until when."""
    ticket = f" ({exemption['ticket']})" if exemption.get("ticket") else ""
    until, owner, reason = (exemption.get(name) for name in ("until", "owner", "reason"))
    return plain(f"Exempt until {until} by {owner}{ticket}: {reason}", 1_000)
