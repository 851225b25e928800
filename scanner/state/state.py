"""What the last scans left about one scale set. ``scanner.state.text`` is its form in the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.facts.change import Attribution
from scanner.facts.evidence import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which scale set, and whose. Labels come from its tags; an empty text means that there is no such tag."""

    key: str
    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    environment: str = ""
    application: str = ""
    ring: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionNote:
    """The exemption that covers a finding, as it was read."""

    reason: str
    owner: str
    until: str
    source: str
    ticket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A failed verdict that lasts: open, or exempt while an exemption covers it."""

    opened_at: str
    severity: str
    reason: str
    evidence: list[dict[str, JsonValue]]
    exemption: ExemptionNote | None = None
    own_name: str = ""
    """Name of the rule where it is the operator's own: that rule may be gone when the finding ends."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer of Azure's that waits for a second one, and the scan that got it."""

    fingerprint: str
    scan_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The automatic OS image upgrade that a pipeline switched off, and may switch on again: not told for one scan."""

    change: Attribution
    """The change that switched it off."""
    scan_id: str
    """The scan that saw it first."""
    seen_on_by: str = ""
    """The scan that saw it on again, while Azure has no record of that change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSetState:
    """The last known state of one scale set. Times are ISO 8601 text in UTC."""

    identity: Identity
    revision: int
    generation: str = ""
    """The moment of the scan that created this row: part of the ids of its events, so that they never come twice,
    whatever happens to the row. Empty in rows of schema version 1."""
    unique_id: str | None
    first_seen_at: str
    facts: Mapping[str, JsonValue]
    """Last known value of every posture fact; a fact that was never reported is absent."""
    outcomes: Mapping[str, str]
    """Outcome of every rule at the last reading."""
    findings: Mapping[str, Finding]
    upgrades_itself: str
    blocked_by: tuple[str, ...] = ()
    managed_by: str | None = None
    missing: tuple[str, ...] = ()
    """What was not known, for an unknown headline."""
    ready_to_enable: str = ""
    """Whether an automatic OS image upgrade that is off could be switched on: yes, no, unknown; empty: no question."""
    blocked_if_enabled: tuple[str, ...] = ()
    """Rules that would block it then."""
    group_owner: str | None = None
    """``managedBy`` of its resource group, as it was last believed."""
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fingerprints of the values that a fact had before, by fact: such a value may be an old answer of Azure's."""
    failed_before: tuple[str, ...] = ()
    """Rules that failed before and then no longer did."""
    claim: Claim | None = None
    """What Azure said once and is not believed yet."""
    owner_claim: Claim | None = None
    """An owner of the resource group that Azure named, or left out, once."""
    last_change: Attribution | None = None
    """Who changed the posture last, as far as Azure has told."""
    hold: Hold | None = None
    """A weakening that is not believed yet."""
    told_rollouts: Mapping[str, str] = field(default_factory=dict)
    """What was told last of each attempt of a rollout, by its start."""
    missed_scans: int = 0
    """Scans in a row that covered the subscription and did not see the scale set."""
    missed_by: str | None = None
    """The last scan that missed it: one that is repeated does not count twice."""
    last_read_at: str | None = None
    """When it was last seen; only kept while scans miss it."""
    basis: str = ""
    """Digest of what it was judged from (``scanner.state.basis``); empty: it is judged again, whatever is seen."""
    due_at: str = ""
    """From this moment on it is judged again, though nothing has changed; empty: the moment does not matter."""
    beside: Mapping[str, JsonValue] = field(default_factory=dict)
    """What was last read beside its row, by source, as that source writes it: a scan that cannot read it knows it from
    here (``scanner.scan.depth``)."""
    removed_at: str | None = None
    """Set on a tombstone: the scale set is gone, its revisions go on."""
    is_retired: bool = False
    """On a tombstone: its subscription was retired by an operator."""

    @property
    def open_findings(self) -> dict[str, Finding]:
        """Findings that no exemption covers."""
        return {rule_id: finding for rule_id, finding in self.findings.items() if finding.exemption is None}


@dataclass(frozen=True, slots=True)
class Remembered:
    """A state and the store's version of it, which the next write replaces."""

    state: ScaleSetState
    version: str
    body: str = field(repr=False)
