"""How a scan went: its record in the store, and its ``scan.completed`` row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.events.event_types import EventType
from scanner.events.stamp import ScanStamp
from scanner.facts.evidence import JsonValue
from scanner.plain_text import bounded, plain, plural
from scanner.ports.event import Event, Table, event_id

LAST = "scan.last"
LAST_COMPLETE = "scan.last_complete"
LAST_READING = "scan.last_reading"
"""The last scan that read something, and since when scans end as it did."""


class Status(StrEnum):
    """How much a scan may conclude."""

    COMPLETE = "complete"
    """All that was known or asked for was read."""
    PARTIAL = "partial"
    """Some of it was not; the rest was judged."""
    FAILED = "failed"
    """Nothing was concluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """One scan's facts. Times are ISO 8601 text in UTC."""

    scan_id: str
    trigger: str
    status: Status
    error: str = ""
    started_at: str
    ended_at: str
    duration_ms: int
    subscriptions_read: int = 0
    subscriptions_not_read: tuple[str, ...] = ()
    scale_sets_read: int = 0
    scale_sets_not_seen: int = 0
    rows_unreadable: int = 0
    unreadable_rows: tuple[Mapping[str, JsonValue], ...] = ()
    open_findings: Mapping[str, int] = field(default_factory=dict)
    headlines: Mapping[str, int] = field(default_factory=dict)
    events_committed: int = 0
    events_delivered: int = 0
    events_refused: int = 0
    events_waiting: int = 0
    graph_queries: int = 0
    arm_calls: int = 0
    throttles: int = 0
    policy_version: str = ""
    instances: Mapping[str, JsonValue] | None = None
    """What the census of instances says of itself; ``None``: there was none."""
    numbers: Mapping[str, JsonValue] = field(default_factory=dict)
    """Numbers of all that is remembered of what was watched, by place (docs/numbers.md)."""

    def summary(self) -> str:
        """Say how the scan went in one sentence."""
        read = self.subscriptions_read  # 0 where not all of it was read: then it is not known of how many
        where = f" in {plural(read, 'subscription')}" if read else ""
        counts = (
            f"{plural(self.scale_sets_read, 'scale set')}{where},"
            f" {plural(self.open_findings.get('high', 0), 'high finding')} open,"
            f" {plural(self.events_committed, 'event')}"
        )
        if self.status is Status.COMPLETE:
            return f"Scan complete: {counts}."
        return f"Scan {self.status}: {counts}. {plain(self.error, 500)}"

    def to_json(self) -> str:
        """Write the record for the store: what health and the next scan ask for."""
        return json.dumps(
            {
                "scan_id": self.scan_id,
                "status": self.status.value,
                "started_at": self.started_at,
                "ended_at": self.ended_at,
                "error": plain(self.error, 2_000),
                "scale_sets_read": self.scale_sets_read,
                "subscriptions_read": self.subscriptions_read,
            }
        )

    def log_fields(self) -> dict[str, str | int]:
        """Say the same to a log, as fields."""
        return {
            "scan_id": self.scan_id,
            "status": self.status.value,
            "duration_ms": self.duration_ms,
            "scale_sets_read": self.scale_sets_read,
            "subscriptions_read": self.subscriptions_read,
            "events_committed": self.events_committed,
            "events_delivered": self.events_delivered,
            "events_refused": self.events_refused,
        }

    def event(self, stamp: ScanStamp) -> Event:
        """Make the ``scan.completed`` row."""
        # A request that failed is scanned for again under the same id, and each of those scans has its own row.
        identifier = event_id(self.scan_id, EventType.SCAN_COMPLETED, self.started_at, 0)
        row = stamp.row(EventType.SCAN_COMPLETED, identifier, self.summary())
        row.update(
            {
                "DetectedAt": self.ended_at,
                "Trigger": self.trigger,
                "Status": self.status.value,
                "Error": plain(self.error, 8_000),
                "StartedAt": self.started_at,
                "DurationMs": self.duration_ms,
                "SubscriptionsRead": self.subscriptions_read,
                "SubscriptionsNotRead": bounded(self.subscriptions_not_read[:500]),
                "ScaleSetsRead": self.scale_sets_read,
                "ScaleSetsNotSeen": self.scale_sets_not_seen,
                "RowsUnreadable": self.rows_unreadable,
                "UnreadableRows": bounded(self.unreadable_rows),
                "OpenHigh": self.open_findings.get("high", 0),
                "OpenMedium": self.open_findings.get("medium", 0),
                "OpenLow": self.open_findings.get("low", 0),
                "Headlines": bounded(dict(self.headlines)),
                "EventsCommitted": self.events_committed,
                "EventsDelivered": self.events_delivered,
                "EventsRefused": self.events_refused,
                "EventsWaiting": self.events_waiting,
                "GraphQueries": self.graph_queries,
                "ArmCalls": self.arm_calls,
                "Throttles": self.throttles,
                "PolicyVersion": self.policy_version,
                "Instances": None if self.instances is None else bounded(self.instances),
                "Numbers": bounded(self.numbers),
            }
        )
        return Event(identifier, Table.SCANS, row)
