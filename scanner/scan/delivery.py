"""Delivery: what waits in the outbox goes to Log Analytics in order; an event is marked sent when it was accepted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from scanner.errors import StoreError
from scanner.facts.evidence import JsonValue
from scanner.ports.event import Event, Table
from scanner.ports.sink import EventSink, Refusal, timed
from scanner.ports.store import OutboxEntry, StateStore

BATCH = 5_000
"""Events handed to the sink at once; after each batch what was accepted is marked, so that a crash repeats little."""
COUNTING = timedelta(seconds=10)
"""How long what is not sent may be counted: the time after the delivery is kept for the scan's records and its row."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """What became of the outbox. It counts as it goes, so that a delivery that fails midway says how far it came."""

    delivered: int = 0
    """Events that Log Analytics accepted."""
    refused: int = 0
    """Events that it did not accept."""
    waiting: int = 0
    """Events in the outbox after the delivery: refused, not sent, or accepted and not marked so. At least so many, where
    ``error`` says that not all were counted."""
    is_denied: bool = False
    """Our access was refused, so that nothing more was sent: a new role takes half an hour, and each call would count."""
    error: str | None = None
    """What Log Analytics said of the first refused event, or what is wrong with an entry that cannot be read."""


def deliver(
    store: StateStore,
    sink: EventSink,
    now: Callable[[], datetime],
    may_go_on: Callable[[], bool],
    delivery: Delivery | None = None,
) -> Delivery:
    """Send every waiting event; ``delivery`` counts, also where this raises.

    The outbox is read as it is sent, a batch at a time. Events of one scale set go out in the order of their revisions,
    and what a batch holds in the order of time.

    ``may_go_on`` is asked before each batch: it renews the lease, or raises, or answers that the time is up. An entry
    that cannot be read stays where it is and is told; it keeps no other from being sent.
    """
    delivery = Delivery() if delivery is None else delivery
    entries = store.unsent()
    is_late = False
    try:
        while not delivery.is_denied:
            is_late = not may_go_on()
            batch = None if is_late else _take(entries, delivery)
            if batch is None:
                break
            _deliver_batch(batch, store, sink, now, delivery)
    finally:
        with suppress(StoreError):
            _count_rest(entries, now, delivery, is_late=is_late)
    return delivery


def _deliver_batch(
    batch: Sequence[OutboxEntry], store: StateStore, sink: EventSink, now: Callable[[], datetime], delivery: Delivery
) -> None:
    """Send some entries, and mark what was accepted."""
    accepted, refused = _send(batch, sink, now())
    delivery.delivered += len(accepted)
    delivery.refused += sum(len(entry.events) for entry in batch) - len(accepted)
    if refused is not None:
        delivery.error = delivery.error or refused.error
        delivery.is_denied = refused.is_access
    if accepted:
        store.mark_sent(batch, accepted, now())
        delivery.waiting -= len(accepted)


def _take(entries: Iterable[OutboxEntry], delivery: Delivery) -> list[OutboxEntry] | None:
    """Read a batch, in order; the store keeps the order of one scale set's. ``None``: there is nothing left."""
    batch: list[OutboxEntry] = []
    room = BATCH
    for entry in entries:
        _count(entry, delivery)
        if entry.damage is None and entry.events:
            batch.append(entry)
        room -= max(1, len(entry.events))
        if room <= 0:
            break
    return None if room == BATCH else _in_order(batch)


def _count(entry: OutboxEntry, delivery: Delivery) -> None:
    """Count what waits, and say what cannot be read."""
    delivery.waiting += len(entry.events)
    if entry.damage is not None:
        delivery.error = delivery.error or entry.damage


def _count_rest(
    entries: Iterable[OutboxEntry], now: Callable[[], datetime], delivery: Delivery, *, is_late: bool
) -> None:
    """Count what is not sent, for some seconds: an outbox that outgrew the time for sending outgrows any time to count."""
    until, before = now() + COUNTING, delivery.waiting
    problems = []
    for entry in entries:
        _count(entry, delivery)
        if now() >= until:
            problems = [f"At least {delivery.waiting} events wait; there was no time to count them all."]
            break
    if is_late and delivery.waiting > before:
        problems.insert(0, "There was no time left; the next scan sends the rest.")
    delivery.error = " ".join(filter(None, [delivery.error, *problems])) or None


def send_entries(entries: Sequence[OutboxEntry], store: StateStore, sink: EventSink, now: datetime) -> None:
    """Send the events of entries that are at hand, and mark those that were accepted."""
    accepted, _ = _send(entries, sink, now)
    if accepted:
        store.mark_sent(entries, accepted, now)


def send_past_outbox(event: Event, sink: EventSink, now: datetime) -> Sequence[Refusal]:
    """Send an event without the outbox, where there is none to be had. What is refused is lost, and answered."""
    return send_rows(event.table, [event.columns], sink, now)


def send_rows(
    table: Table, rows: Iterable[Mapping[str, JsonValue]], sink: EventSink, now: datetime
) -> Sequence[Refusal]:
    """Hand rows to Log Analytics, with the time of sending; answer the ones that it refused."""
    return sink.accept(table, [timed(row, now) for row in rows])


def waiting(store: StateStore) -> tuple[list[OutboxEntry], str | None]:
    """Read the outbox in the order in which it is sent, and what is wrong with the first entry that cannot be read."""
    entries: list[OutboxEntry] = []
    damaged = None
    for entry in store.unsent():
        if entry.damage is not None:
            damaged = damaged or entry.damage
        elif entry.events:
            entries.append(entry)
    return _in_order(entries), damaged


def _send(entries: Sequence[OutboxEntry], sink: EventSink, now: datetime) -> tuple[set[str], Refusal | None]:
    """Send the events of entries, table by table; answer the ids that were accepted, and the first refusal."""
    by_table: dict[Table, list[Event]] = {}
    for entry in entries:
        for event in entry.events:
            by_table.setdefault(event.table, []).append(event)
    accepted: set[str] = set()
    first: Refusal | None = None
    for table, events in by_table.items():
        answer = send_rows(table, [event.columns for event in events], sink, now)
        refused = {refusal.index for refusal in answer}
        accepted.update(event.event_id for index, event in enumerate(events) if index not in refused)
        first = first or next(iter(answer), None)
        if first is not None and first.is_access:
            break
    return accepted, first


def _in_order(entries: Iterable[OutboxEntry]) -> list[OutboxEntry]:
    """Order by time, and within a scale set always by revision: a clock may have been set back between two scans."""
    latest: dict[str, str] = {}
    timed: list[tuple[str, str, int, OutboxEntry]] = []
    for subject, revision, detected_at, entry in sorted(map(_place, entries), key=itemgetter(0, 1, 2)):
        latest[subject] = max(latest.get(subject, ""), detected_at)
        timed.append((latest[subject], subject, revision, entry))
    return [entry for *_, entry in sorted(timed, key=itemgetter(0, 1, 2))]


def _place(entry: OutboxEntry) -> tuple[str, int, str, OutboxEntry]:
    columns = entry.events[0].columns
    revision = columns.get("Revision")
    subject = str(columns.get("ScaleSetId") or f"~{columns.get('ScanId')}")  # a scan's end comes after what it saw
    return subject, revision if isinstance(revision, int) else 0, str(columns.get("DetectedAt", "")), entry
