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
    is. Raises ``PublishFailedError`` when Log Analytics refused a row; a repeat for the same moment has the same ids.
    """
    view = read_view(store)
    states = sorted(view.current.values(), key=lambda state: state.identity.key)
    rows = [snapshot_row(state, view.coverage, stamp) for state in states]
    refusals = send_rows(Table.SNAPSHOT, rows, sink, now())
    if refusals:
        raise PublishFailedError(
            f"Log Analytics refused {len(refusals)} of {len(rows)} snapshot rows: {refusals[0].error}"
            " The snapshot is incomplete; run it again."
        )
    completed = snapshot_completed(
        stamp, len(rows), view.open_findings(), sum(1 for damage in view.damage.values() if damage.kind == "state")
    )
    store.put_records({"snapshot.last": stamp.detected_at}, [completed])
    deliver(store, sink, now, lambda: True)
    return len(rows)
