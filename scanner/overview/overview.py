"""What is known of a fleet at one moment, from one source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scanner.overview.happened import KnownChange, KnownScan
from scanner.overview.scale_set import KnownScaleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A fleet, what happened to it, and what was not read. A text that is not known is empty."""

    at: str
    """The moment that it speaks of: the end of the last scan, or that of the snapshot (ISO 8601, UTC)."""
    source: str
    """Where it was read, in a few words."""
    deployment: str = ""
    scale_sets: tuple[KnownScaleSet, ...] = ()
    """In the order of their keys."""
    changes: tuple[KnownChange, ...] = ()
    """Newest first."""
    scans: tuple[KnownScan, ...] = ()
    """Oldest first."""
    read_at: Mapping[str, str] = field(default_factory=dict)
    """When each subscription was read last."""
    not_read: tuple[str, ...] = ()
    """Subscriptions that the last scan ought to have read and did not."""
    problems: tuple[str, ...] = ()
    """What of the source cannot be read."""
    notes: tuple[str, ...] = ()
    """What the source does not hold."""

    @property
    def last_scan(self) -> KnownScan | None:
        """The last scan that concluded something."""
        return next((scan for scan in reversed(self.scans) if scan.has_read), None)


def with_remediations(scale_sets: Iterable[KnownScaleSet], changes: Iterable[KnownChange]) -> list[KnownScaleSet]:
    """Add the commands that the events kept when the findings opened, where the source of the findings has none."""
    known: dict[tuple[str, str, datetime | None], str] = {}
    for change in changes:
        if change.remediation:
            known[change.scale_set_id.lower(), change.rule_id, _moment(change.detected_at)] = change.remediation
    if not known:
        return list(scale_sets)
    return [_remediated(item, known) for item in scale_sets]


def _remediated(item: KnownScaleSet, known: Mapping[tuple[str, str, datetime | None], str]) -> KnownScaleSet:
    """Take only what was said when this finding opened: commands for an earlier one may not fit."""
    findings = [
        finding
        if finding.remediation
        else replace(finding, remediation=known.get((item.key, finding.rule_id, _moment(finding.opened_at)), ""))
        for finding in item.findings
    ]
    return replace(item, findings=tuple(findings))


def _moment(text: str) -> datetime | None:
    """Read a moment, however many digits a source writes of its second."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
