"""One rule's answer about a scale set, as ``scan`` and ``check`` show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scanner.facts.evidence import JsonValue
from scanner.rules import rule_by_id
from scanner.rules.remediation import Remediation, as_json
from scanner.rules.verdict import Outcome, Severity


def _no_advice(_language: str) -> str:
    """Answer for what is only remembered."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRule:
    """One rule's answer. ``reason`` is ``None`` where the scale set was not read now, and only the outcome is remembered."""

    rule_id: str
    outcome: Outcome
    severity: Severity
    reason: str | None
    evidence: Sequence[Mapping[str, JsonValue]]
    exemption: Mapping[str, JsonValue] | None
    remediate: Callable[[], Remediation | None]
    """Computes the remediation: it judges again, so only what is shown is computed."""
    advise: Callable[[str], str] = _no_advice
    """Says on one line what to set, in the language that is named."""
    own_name: str = ""
    """Name of the rule where it is the operator's own."""

    @property
    def remediation(self) -> Remediation | None:
        """How it is put right; ``None``: it did not fail, or was not read now."""
        return self.remediate()

    @property
    def name(self) -> str:
        """The rule's name; the id where this version does not know the rule."""
        if self.own_name:
            return self.own_name
        try:
            return rule_by_id(self.rule_id).name
        except KeyError:
            return self.rule_id

    @property
    def is_open(self) -> bool:
        """Whether it failed and no exemption covers it."""
        return self.outcome is Outcome.FAILED and self.exemption is None

    def document(self) -> dict[str, JsonValue]:
        """Write it for JSON."""
        written: dict[str, JsonValue] = {
            "rule_id": self.rule_id,
            "rule_name": self.name,
            "outcome": self.outcome.value,
            "severity": self.severity.value,
            "reason": self.reason,
            "evidence": [dict(item) for item in self.evidence],
            "exemption": None if self.exemption is None else dict(self.exemption),
        }
        if self.outcome is Outcome.FAILED:
            written["remediation"] = None if self.remediation is None else as_json(self.remediation)
        return written
