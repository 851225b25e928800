"""The compliance snapshot: what is true of every scale set at one moment, as rows for auditors."""

from collections.abc import Callable
from datetime import datetime, timedelta

from azureformats.ncrontab import Schedule, ScheduleError
from scanner.errors import PublishFailedError
from scanner.events.snapshot_chain import CHAIN, SnapshotHash, previous_hash, read_link
from scanner.events.snapshot_rows import snapshot_completed, snapshot_row
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.scan.delivery import deliver, send_rows
from scanner.scan.fleet_view import read_view
from scanner.times import iso

TAKEN = "snapshot.last"
"""The record of when the last complete snapshot was taken."""
AWAITED = "snapshot.awaited"
"""The record of since when a first one is awaited."""
OVERDUE = timedelta(hours=1)
"""After its time a snapshot has an hour: the timer tries four times, and its last attempt may take half of it."""


def is_overdue(store: StateStore, schedule: Schedule, now: datetime) -> bool:
    """Say whether the timer lost the snapshot that the schedule asked for last: its attempts end with its instance.

    Before the first snapshot, time counts from the first question.
    """
    text = store.get_record(TAKEN) or store.get_record(AWAITED)
    try:
        last = datetime.fromisoformat(text or "")
        return now >= schedule.next_after(min(last, now)) + OVERDUE
    except ScheduleError:
        return False  # a schedule that never comes again
    except (ValueError, TypeError):
        store.put_records({AWAITED: iso(now)})
        return False


def write_snapshot(store: StateStore, sink: EventSink, now: Callable[[], datetime], stamp: ScanStamp) -> int:
    """Send a row for every known scale set, then ``snapshot.completed``; answer the number of rows.

    The rows speak of ``stamp.detected_at`` and rest on what the last scans left: ``LastReadAt`` says how old each one
    is. A row that Log Analytics refuses for what it holds is left out, and the event says which; any other refusal
    raises ``PublishFailedError``. A repeat for the same moment has the same ids, and of the same rows the same hash.
    """
    view = read_view(store)
    states = sorted(view.current.values(), key=lambda state: state.identity.key)
    rows = [snapshot_row(state, view.coverage, stamp) for state in states]
    refusals = send_rows(Table.SNAPSHOT, rows, sink, now())
    if len(refusals) == len(rows) > 0 or not all(refusal.is_about_row for refusal in refusals):
        raise PublishFailedError(
            f"Log Analytics refused {len(refusals)} of {len(rows)} snapshot rows: {refusals[0].error}"
            " The snapshot is incomplete; run it again."
        )
    unreadable = sum(1 for damage in view.damage.values() if damage.kind == "state")
    left_out = {refusal.index for refusal in refusals}
    hashed = SnapshotHash()
    for index, row in enumerate(rows):
        if index not in left_out:
            hashed.add(row)
    last = read_link(store.get_record(CHAIN))
    previous = previous_hash(last, stamp.detected_at)
    link = hashed.link(at=stamp.detected_at, deployment=stamp.deployment, previous=previous)
    completed = snapshot_completed(
        stamp,
        link,
        rows=hashed.rows,
        open_findings=view.open_findings(),
        unreadable=unreadable,
        refused=[states[index].identity.name for index in sorted(left_out)],
    )
    # One transaction: a crash before it leaves rows that no snapshot.completed names, and the chain as it was. Of a
    # repeat the outbox keeps the first event, so the record keeps its hash.
    kept = last if last is not None and last.at == link.at else link
    store.put_records({TAKEN: stamp.detected_at, CHAIN: kept.text()}, [completed])
    deliver(store, sink, now, lambda: True)
    return hashed.rows
