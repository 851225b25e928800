"""What ``GET /api/health`` says: whether scans read something, since when, and whether the last one is too old."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from azureformats.ncrontab import Schedule, ScheduleError
from scanner.times import iso

LATE = timedelta(minutes=15)
"""Time that a scheduled scan may take before it is missed, as the alert on missing scans gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """An answer: 200 or 503, and what it says. Times are ISO 8601, UTC."""

    http_status: int
    status: str
    coverage: str | None = None
    """Of the last scan that read something: complete or partial."""
    since: str | None = None
    """Since when scans end as it did, without a break."""
    last_scan: str | None = None
    """When it ended."""

    def body(self, version: str) -> dict[str, str | None]:
        """Write the answer's body."""
        return {
            "status": self.status,
            "coverage": self.coverage,
            "since": self.since,
            "last_scan": self.last_scan,
            "version": version,
        }


UNREACHABLE = Health(http_status=503, status="unreachable")
NO_SCAN = Health(http_status=200, status="no scan yet")


def judge_health(record: str | None, schedule: Schedule, now: datetime) -> Health:
    """Judge the record of the last scan that read something. One that cannot be read is as good as none."""
    try:
        last = json.loads(record or "{}")
        ended, since = datetime.fromisoformat(last["ended_at"]), datetime.fromisoformat(last["since"])
        coverage = {"complete": "complete", "partial": "partial"}[last["status"]]
        is_stale = now > stale_from(ended, schedule)
    except (ValueError, KeyError, TypeError, RecursionError):
        return NO_SCAN
    return Health(
        http_status=503 if is_stale else 200,
        status="stale" if is_stale else "ok",
        coverage=coverage,
        since=iso(since),
        last_scan=iso(ended),
    )


def stale_from(ended: datetime, schedule: Schedule) -> datetime:
    """Say when the end of a scan is too old: when the second scheduled scan after it should have ended."""
    try:
        return schedule.next_after(schedule.next_after(ended)) + LATE
    except ScheduleError:
        return ended  # a schedule that never comes again
