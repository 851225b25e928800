"""What a rule answers: one of four outcomes, with the evidence it rests on.

Answers and verdicts are named tuples: every scale set has one of each rule, and a frozen dataclass is made in thrice the time.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

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


class Answer(NamedTuple):
    """The answer of a rule about one scale set; which rule it was, the judging adds."""

    outcome: Outcome
    reason: str
    """A sentence."""
    evidence: tuple[Evidence, ...] = ()
    holds_until: datetime | None = None
    """From this moment on the same facts may have another answer (UTC); ``None``: the moment does not matter."""
    is_unread: bool = False
    """Whether it is unknown because something was not read, and not because Azure does not say."""


class Verdict(NamedTuple):
    """The answer of one rule, by its id, and how much a finding of it matters under the policy."""

    rule_id: str
    severity: Severity
    outcome: Outcome
    reason: str
    evidence: tuple[Evidence, ...] = ()
    holds_until: datetime | None = None
    """As in the answer."""
    own_name: str = ""
    """Name of the rule where it is the operator's own; empty: the catalogue has it."""
