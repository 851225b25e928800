"""One scale set as report and exports show it: what a state, a snapshot row and the document of a scan have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.rules.verdict import Outcome, Severity
from scanner.state.state import ExemptionNote

SEVERITIES: tuple[str, ...] = tuple(severity.value for severity in Severity)
"""Worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFinding:
    """A failed verdict: open, or exempt where an exemption covers it. A text that is not known is empty."""

    rule_id: str
    severity: str
    reason: str
    opened_at: str = ""
    """ISO 8601, UTC."""
    evidence: Sequence[Mapping[str, JsonValue]] = ()
    """Property paths and the values that they had; empty where the source does not keep them."""
    exemption: ExemptionNote | None = None
    remediation: str = ""
    """Commands for a POSIX shell, then comments; empty where the source does not keep them."""
    own_name: str = ""
    """Name of the rule where it is the operator's own."""

    @property
    def rank(self) -> int:
        """Order findings, the worst first; a severity that this version does not know comes last."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInstances:
    """What is known of the instances of a scale set. A count that is ``None``, and a moment that is empty, was not read."""

    count: int | None = None
    versions: Mapping[str, JsonValue] = field(default_factory=dict)
    """Instances by image and exact version."""
    behind_model: int | None = None
    behind_model_since: str = ""
    behind_image: int | None = None
    """On an older version than the newest of their region."""
    behind_image_since: str = ""
    held_back: int | None = None
    unhealthy: int | None = None
    counted_at: str = ""
    """When they were counted (ISO 8601, UTC)."""
    on_newest_image: int | None = None
    """On the newest version of their region. What is neither on it nor behind it is not known."""
    exposure_hours: int | None = None
    """Instance-hours behind it, added up from ``exposure_from`` to ``counted_at``."""
    exposure_from: str = ""
    lead_times: Sequence[Mapping[str, JsonValue]] = ()
    """Of the last versions that reached the last instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScaleSet:
    """What is known of one scale set. A text that is not known is empty."""

    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str = ""
    environment: str = ""
    application: str = ""
    ring: str = ""
    owner: str = ""
    upgrades_itself: str
    blocked_by: tuple[str, ...] = ()
    ready_to_enable: str = ""
    """Whether an automatic OS image upgrade that is off could be switched on: yes, no, unknown; empty: no question."""
    blocked_if_enabled: tuple[str, ...] = ()
    managed_by: str = ""
    missing: tuple[str, ...] = ()
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    """Last known value of every posture fact; one that was never read is absent or ``None``."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """Outcome of every rule, by rule id."""
    findings: tuple[KnownFinding, ...] = ()
    """Worst first."""
    first_seen_at: str = ""
    last_read_at: str = ""
    """ISO 8601, UTC."""
    revision: int = 0
    instances: KnownInstances | None = None
    """``None``: nothing was read of its instances."""

    @property
    def key(self) -> str:
        """The id in lower case."""
        return self.scale_set_id.lower()

    @property
    def open(self) -> tuple[KnownFinding, ...]:
        """The findings that no exemption covers, worst first."""
        return tuple([finding for finding in self.findings if finding.exemption is None])

    @property
    def exempt(self) -> tuple[KnownFinding, ...]:
        """The findings that an exemption covers."""
        return tuple([finding for finding in self.findings if finding.exemption is not None])

    def count(self, severity: str) -> int:
        """Count the open findings of a severity."""
        return sum(1 for finding in self.open if finding.severity == severity)

    def rules_with(self, outcome: Outcome) -> tuple[str, ...]:
        """List the rules that answered so, in the order of their ids."""
        return tuple(sorted(rule_id for rule_id, known in self.outcomes.items() if known == outcome.value))


def worst_first(findings: Sequence[KnownFinding]) -> tuple[KnownFinding, ...]:
    """Sort findings by severity, then rule."""
    return tuple(sorted(findings, key=lambda finding: (finding.rank, finding.rule_id)))
