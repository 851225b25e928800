"""What the scans left: versions, lease, last scans, and the outbox."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from azureformats.ncrontab import Schedule, ScheduleError
from scanner.adapters.stores.table_rows import CONTROL
from scanner.doctor.check import Check, failed, ok, skipped, warning
from scanner.errors import NewerSchemaError, StoreError
from scanner.events.scan_record import LAST, LAST_COMPLETE
from scanner.plain_text import plain
from scanner.ports.store import StateStore

if TYPE_CHECKING:
    from scanner.adapters.stores.table_client import DatedTableClient

NAMES = ("state version", "lease", "last scan", "last complete scan", "outbox")
_SLACK = timedelta(minutes=10)
"""Time for a scan that is under way when its schedule is looked at; the alert on missing scans allows as much."""
_LOGS = "Look at the app's failed invocations in Application Insights, and ask for a scan with POST /api/scan."


def check_state(
    store: StateStore, client: "DatedTableClient", schedule: Schedule | None, now: datetime
) -> Iterator[Check]:
    """Check what is in the table; a row that cannot be read spoils its own check alone."""
    yield from _guarded("state version", lambda: _version(store))
    yield from _guarded("lease", lambda: _lease(client, now))
    yield from _guarded("last scan", lambda: _last_scan(store, schedule, now))
    yield from _guarded("last complete scan", lambda: _last_complete(store))
    yield from _guarded("outbox", lambda: _outbox(store, schedule, now))


def _guarded(name: str, check: Any) -> Iterator[Check]:
    from azure.core.exceptions import AzureError

    try:
        yield check()
    except (StoreError, AzureError, KeyError, ValueError, TypeError) as error:
        yield failed(
            name,
            f"Cannot be read: {plain(f'{type(error).__name__}: {error}', 500)}",
            "Where the message names a row, restore or delete it; otherwise ask again.",
        )


def _version(store: StateStore) -> Check:
    try:
        first = next(iter(store.load()), None)
    except NewerSchemaError as error:
        return failed(
            "state version",
            plain(str(error), 300),
            "A newer version of the service has scanned with this table: deploy that version here, or use another"
            " VMSS_TABLE_NAME.",
            "azd deploy",
        )
    return ok(
        "state version",
        "There is no state yet." if first is None else "All rows have a version that this service can read.",
    )


def _lease(client: "DatedTableClient", now: datetime) -> Check:
    from azure.core.exceptions import ResourceNotFoundError

    from scanner.adapters.stores.table_lease import ROW, read_lease

    try:
        row = client.get_entity(CONTROL, ROW)
    except ResourceNotFoundError:
        return ok("lease", "Free.")
    lease, moment = read_lease(row), client.answered_at or now
    holder = plain(lease.holder or "unknown", 80)
    if lease.ends is None or lease.holder is None or lease.is_absurd(moment):
        return warning(
            "lease",
            f"The row is damaged, or a machine whose clock was wrong wrote it: holder {holder}, ends"
            f" {plain(str(row.get('Ends')), 40)}. The next scan breaks it and goes on.",
            "Nothing needs to be done for the lease. Set the clock of the machine that wrote it.",
        )
    left = lease.ends - moment
    if left <= timedelta(0):
        return ok(
            "lease",
            f"Free: that of the scan {holder} ended at {lease.ends:%Y-%m-%d %H:%M:%S} without being given back.",
        )
    if left < lease.length / 2:
        return warning(
            "lease",
            f"Held by the scan {holder} and not renewed for {(lease.length - left).total_seconds() / 60:.0f} minutes: it"
            " waits for Azure, or has died.",
            f"Wait: the lease ends by itself at {lease.ends:%H:%M:%S} UTC and the next scan repeats the work.",
        )
    return ok("lease", f"Held by the scan {holder}, which is running.")


def _last_scan(store: StateStore, schedule: Schedule | None, now: datetime) -> Check:
    text = store.get_record(LAST)
    if text is None:
        due = (
            "" if schedule is None else f" The schedule's next one is at {_after(schedule, now):%Y-%m-%d %H:%M:%S} UTC."
        )
        return warning(
            "last scan",
            f"No scan has ended on this table yet.{due}",
            f"Wait for it. If no scan comes, the timer does not run. {_LOGS}",
        )
    record = json.loads(text)
    ended, status = datetime.fromisoformat(record["ended_at"]), plain(str(record["status"]), 20)
    told = f"{status.capitalize()}, ended {ended:%Y-%m-%d %H:%M:%S} UTC ({_age(now - ended)} ago)."
    if schedule is not None and _overdue(schedule, ended, now):
        return failed(
            "last scan",
            f"{told} Two schedules ({plain(schedule.text, 60)}) have passed since.",
            "The timer does not run: the app is stopped, was deployed without functions, or cannot reach its own storage"
            f" (AzureWebJobsStorage). {_LOGS} Restarting the app sets its timers up again.",
            "az functionapp restart --name <app> --resource-group <group>",
        )
    if status == "failed":
        return failed(
            "last scan", f"{told} {plain(str(record.get('error', '')), 500)}", f"Fix the error above. {_LOGS}"
        )
    return ok("last scan", told)


def _last_complete(store: StateStore) -> Check:
    last, text = store.get_record(LAST), store.get_record(LAST_COMPLETE)
    if last is None:
        return skipped("last complete scan", "No scan has ended on this table yet.")
    record = json.loads(last)
    if record["status"] == "complete":
        return ok(
            "last complete scan",
            f"The last one: {record['scale_sets_read']:,} scale sets in {record['subscriptions_read']:,} subscriptions.",
        )
    since = "never" if text is None else f"last at {plain(str(json.loads(text)['ended_at']), 40)}"
    return warning(
        "last complete scan",
        f"The last scan was {plain(str(record['status']), 20)}; a complete one: {since}."
        f" {plain(str(record.get('error', '')), 400)}",
        "Fix the error above. Until then, scale sets that were not read keep their last known state.",
    )


def _outbox(store: StateStore, schedule: Schedule | None, now: datetime) -> Check:
    count, oldest = 0, ""
    for entry in store.unsent():
        count += len(entry.events)
        for event in entry.events:
            detected = str(event.columns.get("DetectedAt") or "")
            oldest = min(oldest or detected, detected or oldest)
    if not count:
        return ok("outbox", "Empty: Log Analytics has accepted every event.")
    told = f"{count:,} events wait, the oldest since {plain(oldest, 40) or 'an unknown time'}."
    if oldest and schedule is not None and _overdue(schedule, datetime.fromisoformat(oldest), now):
        return failed(
            "outbox",
            f"{told} Two schedules have passed since: Log Analytics refuses them, or no scan runs.",
            "See 'collection rule' and 'last scan' here; ingestion-refused in the runbook has the codes. Nothing is lost:"
            " they are sent by the next scan after the cause is fixed.",
        )
    return warning("outbox", told, "Wait for the next scan, which sends them.")


def _overdue(schedule: Schedule, since: datetime, now: datetime) -> bool:
    """Whether two firings after a moment have passed, and the time that a scan may take."""
    try:
        return now > schedule.next_after(schedule.next_after(since)) + _SLACK
    except ScheduleError:
        return False  # a day that never comes: check_schedules says so


def _after(schedule: Schedule, now: datetime) -> datetime:
    try:
        return schedule.next_after(now)
    except ScheduleError:
        return now


def _age(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    return (
        f"{minutes:.0f} minutes"
        if minutes < 120
        else f"{minutes / 60:.0f} hours"
        if minutes < 2880
        else f"{span.days} days"
    )
