"""What a rule answers: one of four outcomes, with the evidence it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

type JsonValue = bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None


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
class Evidence:
    """One fact that a verdict rests on: where Azure keeps it and what it was (``None``: not reported)."""

    path: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one rule about one scale set."""

    rule_id: str
    outcome: Outcome
    reason: str
    evidence: tuple[Evidence, ...] = ()
