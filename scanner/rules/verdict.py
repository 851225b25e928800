"""What a rule answers: one of four outcomes, with the evidence it rests on."""

from dataclasses import dataclass
from enum import StrEnum

from scanner.facts.evidence import Evidence


class Outcome(StrEnum):
    """The four answers of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """How much a finding of a rule matters, worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one rule about one scale set."""

    rule_id: str
    outcome: Outcome
    reason: str
    evidence: tuple[Evidence, ...] = ()
