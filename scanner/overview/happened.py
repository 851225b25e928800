"""What happened, as rows say it: changes to scale sets, and scans."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.overview.values import number_of, numbers_of, objects_of, text_of, texts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownChange:
    """One event about a scale set. A text that is not known is empty."""

    event_id: str
    event_type: str
    detected_at: str
    """ISO 8601, UTC."""
    order: tuple[str, int, int]
    """Generation, revision, ordinal: the order of the events of one scale set."""
    summary: str
    scale_set_id: str
    name: str
    environment: str
    application: str
    owner: str
    rule_id: str
    severity: str
    fact: str
    """Of a drift: the fact that differs."""
    before: str
    """As JSON."""
    after: str
    direction: str
    changed_by: str
    """Who made the change, as the service's policy shows people."""
    changed_with: str
    """The client that was used."""
    attribution: str
    """How sure it is who, or why it is not known."""
    remediation: str
    columns: Mapping[str, JsonValue] = field(repr=False)


def change_of(row: Mapping[str, JsonValue]) -> KnownChange:
    """Read a row of the events."""
    return KnownChange(
        event_id=text_of(row, "EventId"),
        event_type=text_of(row, "EventType"),
        detected_at=text_of(row, "DetectedAt"),
        order=(text_of(row, "Generation"), number_of(row, "Revision"), number_of(row, "Ordinal")),
        summary=text_of(row, "Summary"),
        scale_set_id=text_of(row, "ScaleSetId"),
        name=text_of(row, "ScaleSetName"),
        environment=text_of(row, "Environment"),
        application=text_of(row, "Application"),
        owner=text_of(row, "Owner"),
        rule_id=text_of(row, "RuleId"),
        severity=text_of(row, "Severity"),
        fact=text_of(row, "Field"),
        before=text_of(row, "Before"),
        after=text_of(row, "After"),
        direction=text_of(row, "Direction"),
        changed_by=text_of(row, "ChangedBy"),
        changed_with=text_of(row, "ChangedWith"),
        attribution=text_of(row, "Attribution"),
        remediation=text_of(row, "Remediation"),
        columns=row,
    )


def newest_first(changes: Iterable[KnownChange]) -> tuple[KnownChange, ...]:
    """Sort changes, each once: an event that was sent again has the same id."""
    once = {change.event_id or repr(change.order): change for change in changes}
    return tuple(sorted(once.values(), key=lambda change: (change.detected_at, *change.order), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScan:
    """How one scan went."""

    scan_id: str
    at: str
    """When it ended (ISO 8601, UTC)."""
    status: str
    error: str
    scale_sets: int
    headlines: Mapping[str, int]
    open_findings: Mapping[str, int]
    """By severity."""
    not_read: tuple[str, ...]
    """Subscriptions."""
    unreadable: tuple[Mapping[str, JsonValue], ...]
    policy_version: str
    service_version: str
    deployment: str

    @property
    def has_read(self) -> bool:
        """Whether it concluded something."""
        return self.status in {"complete", "partial"}


def scan_of(row: Mapping[str, JsonValue]) -> KnownScan:
    """Read a row of the scans."""
    return KnownScan(
        scan_id=text_of(row, "ScanId"),
        at=text_of(row, "DetectedAt"),
        status=text_of(row, "Status"),
        error=text_of(row, "Error"),
        scale_sets=number_of(row, "ScaleSetsRead"),
        headlines=numbers_of(row, "Headlines"),
        open_findings={name: number_of(row, f"Open{name.capitalize()}") for name in ("high", "medium", "low")},
        not_read=texts_of(row, "SubscriptionsNotRead"),
        unreadable=tuple(objects_of(row, "UnreadableRows")),
        policy_version=text_of(row, "PolicyVersion"),
        service_version=text_of(row, "ServiceVersion"),
        deployment=text_of(row, "Deployment"),
    )


def oldest_first(scans: Iterable[KnownScan]) -> tuple[KnownScan, ...]:
    """Sort scans, each row once."""
    once = {(scan.scan_id, scan.at): scan for scan in scans}
    return tuple(sorted(once.values(), key=lambda scan: scan.at))
