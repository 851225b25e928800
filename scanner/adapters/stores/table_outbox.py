"""The outbox as rows of Table Storage: unsent entries by scale set, sent ones by day."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import batched, islice

from azure.data.tables import TableClient, TableEntity

from scanner.adapters.stores.outbox_body import encode_ids, not_in, utc_text
from scanner.adapters.stores.table_errors import Reporting
from scanner.adapters.stores.table_rows import (
    CONTROL,
    UNSENT,
    day,
    put_text,
    read_entry,
    read_sent,
    row_name_of,
    sent_key,
    unsent_key,
    without_text,
)
from scanner.adapters.stores.table_transactions import Operation, Unit
from scanner.adapters.stores.table_writes import TableWriter, delete_of, etag_of
from scanner.errors import StoreError
from scanner.ports.event import Event
from scanner.ports.store import Damage, OutboxEntry

_AT_ONCE = 500
"""Rows that are read and changed before more are read, where they may be a whole day's; between is room to end."""


class TableOutbox:
    """The part of a ``StateStore`` that keeps events until they were accepted, and for a week after that."""

    def __init__(self, client: TableClient, writer: TableWriter, report: Reporting) -> None:
        self._client = client
        self._writer = writer
        self._report = report

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        with self._report("read the outbox of"):
            of_states, of_records = (f"PartitionKey {which} '{CONTROL}' and {UNSENT}" for which in ("ne", "eq"))
            for query in (of_states, of_records):
                for entity in self._client.query_entities(query):
                    yield entry_of(entity)

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted; an entry with all of them moves to the sent ones."""
        row_keys: dict[str, set[str]] = {}
        for entry in entries:
            partition, row_key = entry.entry_id.split("/")
            row_keys.setdefault(partition, set()).add(row_key)
        with self._report("mark sent events in"):
            found = [
                entity
                for partition, wanted in row_keys.items()
                # Entries come in the order of their keys, so a batch of them is a narrow range.
                for entity in self._client.query_entities(
                    f"PartitionKey eq '{partition}' and RowKey ge '{min(wanted)}' and RowKey le '{max(wanted)}'"
                )
                if entity["RowKey"] in wanted
            ]
            self._writer.change(found, lambda entity: _marked(entity, accepted, now))

    def sent(self, since: datetime) -> Iterator[OutboxEntry]:
        """Yield the entries wholly sent at ``since`` or later, whole."""
        with self._report("read the sent events of"):
            days = f"RowKey ge 'sent|{day(since)}' and RowKey lt 'sent}}'"
            for entity in self._client.query_entities(days):
                name = row_name_of(entity)
                try:
                    sent_at, events = read_sent(entity)
                except StoreError as error:
                    yield OutboxEntry(entry_id=name, events=(), damage=str(error))
                    continue
                if sent_at >= utc_text(since):
                    yield OutboxEntry(entry_id=name, events=events)

    def replay(self, since: datetime, on_damage: Callable[[Damage], None]) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        with self._report("replay events of"):
            days = f"RowKey ge 'sent|{day(since)}' and RowKey lt 'sent}}'"
            count = 0
            entities = self._client.query_entities(days, results_per_page=_AT_ONCE)
            for batch in batched(entities, _AT_ONCE, strict=False):
                found = []
                for entity in batch:
                    sent = _sent(entity)
                    if isinstance(sent, Damage):
                        on_damage(sent)
                        continue
                    sent_at, events = sent
                    if sent_at >= utc_text(since):
                        found.append(entity)
                        count += len(events)
                self._writer.change(found, _unmarked)
            return count

    def damaged_sent(self) -> Iterator[Damage]:
        """Yield the wholly sent entries that cannot be read."""
        with self._report("read the sent events of"):
            for entity in self._client.query_entities("RowKey ge 'sent|' and RowKey lt 'sent}'"):
                sent = _sent(entity)
                if isinstance(sent, Damage):
                    yield sent

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool]) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        purged = 0
        with self._report("purge sent events of"):
            days = f"RowKey ge 'sent|' and RowKey lt 'sent|{day(before)}'"
            found = iter(
                self._client.query_entities(days, select=["PartitionKey", "RowKey"], results_per_page=_AT_ONCE)
            )
            while may_go_on() and (part := list(islice(found, _AT_ONCE))):
                self._writer.change(part, delete_of)
                purged += len(part)
        return purged


def entry_of(entity: Mapping[str, object]) -> OutboxEntry:
    """Read an entry, or say why it cannot be read."""
    entry_id = f"{entity['PartitionKey']}/{entity['RowKey']}"
    try:
        events, accepted = read_entry(entity)
    except StoreError as error:
        return OutboxEntry(entry_id=entry_id, events=(), damage=f"An outbox entry stays where it is: {error}.")
    return OutboxEntry(entry_id=entry_id, events=not_in(accepted, events))


def _sent(entity: Mapping[str, object]) -> tuple[str, Sequence[Event]] | Damage:
    """Read when a wholly sent entry was sent, and its events; or say why it cannot be read."""
    try:
        return read_sent(entity)
    except StoreError as error:
        return Damage(kind="entry", name=row_name_of(entity), why=str(error))


def _marked(entity: TableEntity, accepted: AbstractSet[str], now: datetime) -> Unit | None:
    events, before = read_entry(entity)
    known = before | {event.event_id for event in events if event.event_id in accepted}
    changed = without_text(entity, "Accepted")
    if not not_in(known, events):
        return _moved(entity, {**changed, "RowKey": sent_key(entity["RowKey"], now), "SentAt": utc_text(now)})
    if known == before:
        return None
    put_text(changed, "Accepted", encode_ids(known))
    return Unit(operations=[Operation(kind="replace", entity=changed, etag=etag_of(entity))])


def _unmarked(entity: TableEntity) -> Unit:
    return _moved(entity, {**without_text(entity, "SentAt"), "RowKey": unsent_key(entity["RowKey"])})


def _moved(entity: TableEntity, target: Mapping[str, str | int | bytes]) -> Unit:
    return Unit(operations=[Operation(kind="put", entity=target), *delete_of(entity).operations])
