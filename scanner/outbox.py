"""Delivery: what waits in the outbox goes to Log Analytics in order; an event is marked sent when it was accepted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from scanner.ports import EventSink, OutboxEntry, StateStore
from scanner.state import iso

if TYPE_CHECKING:
    from scanner.events import Event, Table

BATCH = 5_000
"""Events handed to the sink at once; after each batch what was accepted is marked, so that a crash repeats little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of the outbox."""

    delivered: int = 0
    refused: int = 0
    error: str | None = None
    """What Log Analytics said of the first refused event."""


def deliver(store: StateStore, sink: EventSink, now: Callable[[], datetime], beat: Callable[[], None]) -> Delivery:
    """Send every waiting event, oldest first. ``beat`` is called between batches: it renews the lease or raises."""
    entries = sorted(store.unsent(), key=_order)
    delivered, refused, error = 0, 0, None
    for batch in _batches(entries):
        beat()
        accepted, first_error = _send(batch, sink, now())
        waiting = sum(len(entry.events) for entry in batch)
        delivered += len(accepted)
        refused += waiting - len(accepted)
        error = error or first_error
        if accepted:
            store.mark_sent(batch, accepted, now())
    return Delivery(delivered=delivered, refused=refused, error=error)


def _send(entries: Sequence[OutboxEntry], sink: EventSink, now: datetime) -> tuple[set[str], str | None]:
    by_table: dict[Table, list[Event]] = {}
    for entry in entries:
        for event in entry.events:
            by_table.setdefault(event.table, []).append(event)
    accepted: set[str] = set()
    error = None
    for table, events in by_table.items():
        rows = [{"TimeGenerated": iso(now), **event.columns} for event in events]
        refusals = {refusal.index: refusal.error for refusal in sink.accept(table, rows)}
        accepted.update(event.event_id for index, event in enumerate(events) if index not in refusals)
        error = error or next(iter(refusals.values()), None)
    return accepted, error


def _batches(entries: Sequence[OutboxEntry]) -> Iterator[list[OutboxEntry]]:
    remaining = iter(entries)
    while batch := list(_take(remaining)):
        yield batch


def _take(entries: Iterator[OutboxEntry]) -> Iterator[OutboxEntry]:
    room = BATCH
    while room > 0 and (entry := next(islice(entries, 1), None)) is not None:
        room -= len(entry.events)
        yield entry


def _order(entry: OutboxEntry) -> tuple[str, str, int]:
    columns = entry.events[0].columns
    revision = columns.get("Revision")
    return (
        str(columns.get("DetectedAt", "")),
        str(columns.get("ScaleSetId", "~")),  # a scan's end comes after what it saw
        revision if isinstance(revision, int) else 0,
    )
