"""The compliance snapshot: what is true of every scale set at one moment, as rows for auditors."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched

from azureformats.ncrontab import Schedule, ScheduleError
from scanner.errors import PublishFailedError, UnreadableError
from scanner.events.snapshot_chain import CHAIN, SnapshotHash, previous_hash, read_link
from scanner.events.snapshot_rows import snapshot_completed, snapshot_row
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.ports.sink import EventSink
from scanner.ports.store import Damage, StateStore
from scanner.scan.delivery import deliver, send_rows
from scanner.scan.shard_view import decoded
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import CoverageRecord, read_coverage
from scanner.state.state import ScaleSetState
from scanner.times import iso

TAKEN = "snapshot.last"
"""The record of when the last complete snapshot was taken."""
AWAITED = "snapshot.awaited"
"""The record of since when a first one is awaited."""
BATCH = 500
"""Rows that are sent at once."""
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
    sent = _Sent(store, sink, now, stamp)
    for batch in batched(sent.states(), BATCH, strict=False):
        sent.send(batch)
    if sent.refused and not sent.hashed.rows:
        raise _incomplete(len(sent.refused), len(sent.refused), sent.error)
    hashed = sent.hashed
    last = read_link(store.get_record(CHAIN))
    previous = previous_hash(last, stamp.detected_at)
    link = hashed.link(at=stamp.detected_at, deployment=stamp.deployment, previous=previous)
    completed = snapshot_completed(
        stamp,
        link,
        rows=hashed.rows,
        open_findings=sent.open_findings,
        unreadable=sent.unreadable,
        refused=sent.refused,
    )
    # One transaction: a crash before it leaves rows that no snapshot.completed names, and the chain as it was. Of a
    # repeat the outbox keeps the first event, so the record keeps its hash.
    kept = last if last is not None and last.at == link.at else link
    store.put_records({TAKEN: stamp.detected_at, CHAIN: kept.text()}, [completed])
    deliver(store, sink, now, lambda: True)
    return hashed.rows


class _Sent:
    """A snapshot on its way: the states of one subscription at a time, and a batch of rows."""

    def __init__(self, store: StateStore, sink: EventSink, now: Callable[[], datetime], stamp: ScanStamp) -> None:
        self._store, self._sink, self._now, self._stamp = store, sink, now, stamp
        self._coverage = _coverage(store)
        self.hashed = SnapshotHash()
        self.open_findings: Counter[str] = Counter()
        self.unreadable = 0
        self.refused: list[str] = []
        """Names of the scale sets whose rows Log Analytics did not take."""
        self.error = ""
        """What it said of the first of them."""

    def states(self) -> Iterator[ScaleSetState]:
        """Yield the states that are not tombstones, in the order of their keys."""
        for subscription_id in sorted(self._store.subscriptions(), key=lambda name: f"/subscriptions/{name}/"):
            rows = sorted(
                self._store.load(self._count_damage, subscription_id=subscription_id), key=lambda stored: stored.row.key
            )
            for remembered in decoded(rows, self._count_damage):
                if remembered.state.removed_at is None:
                    yield remembered.state

    def send(self, states: Sequence[ScaleSetState]) -> None:
        """Send the rows of some states. Raises ``PublishFailedError`` unless they are taken, or refused for themselves."""
        rows = [snapshot_row(state, self._coverage, self._stamp) for state in states]
        refusals = send_rows(Table.SNAPSHOT, rows, self._sink, self._now())
        if not all(refusal.is_about_row for refusal in refusals):
            raise _incomplete(len(refusals), len(rows), refusals[0].error)
        left_out = {refusal.index for refusal in refusals}
        for index, (state, row) in enumerate(zip(states, rows, strict=True)):
            self.open_findings.update(finding.severity for finding in state.open_findings.values())
            if index in left_out:
                self.refused.append(state.identity.name)
            else:
                self.hashed.add(row)
        self.error = self.error or "".join(refusal.error for refusal in refusals[:1])

    def _count_damage(self, _damage: Damage) -> None:
        self.unreadable += 1


def _coverage(store: StateStore) -> CoverageRecord:
    try:
        return read_coverage(store.get_record(COVERAGE))
    except UnreadableError:
        return CoverageRecord()


def _incomplete(refused: int, sent: int, error: str) -> PublishFailedError:
    return PublishFailedError(
        f"Log Analytics refused {refused} of {sent} snapshot rows: {error} The snapshot is incomplete; run it again."
    )
