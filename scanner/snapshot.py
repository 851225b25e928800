"""The compliance snapshot: what is true of every scale set at one moment, as rows for auditors."""

from collections.abc import Callable
from datetime import datetime

from scanner.errors import PublishFailedError
from scanner.events.snapshot_rows import snapshot_completed, snapshot_row
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.scan.delivery import deliver, send_rows
from scanner.scan.fleet_view import read_view


def write_snapshot(store: StateStore, sink: EventSink, now: Callable[[], datetime], stamp: ScanStamp) -> int:
    """Send a row for every known scale set, then ``snapshot.completed``; answer the number of rows.

    The rows speak of ``stamp.detected_at`` and rest on what the last scans left: ``LastReadAt`` says how old each one
    is. A row that Log Analytics refuses for what it holds is left out, and the event says which; any other refusal
    raises ``PublishFailedError``. A repeat for the same moment has the same ids.
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
    refused = [states[refusal.index].identity.name for refusal in refusals]
    completed = snapshot_completed(stamp, len(rows) - len(refused), view.open_findings(), unreadable, refused)
    store.put_records({"snapshot.last": stamp.detected_at}, [completed])
    deliver(store, sink, now, lambda: True)
    return len(rows) - len(refused)
