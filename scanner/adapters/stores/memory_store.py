"""The state and the outbox in memory: for tests, and for a scan that shall leave nothing behind."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scanner.adapters.stores.commit_check import already_written, identity, refuse_repeats, row_version, versions_of
from scanner.adapters.stores.outbox_body import name_of, not_in, start_of_day
from scanner.errors import LeaseHeldError, LeaseLostError, NewerSchemaError
from scanner.ports.event import Event
from scanner.ports.store import (
    READABLE_SCHEMA_VERSION,
    Damage,
    Kind,
    OutboxEntry,
    StateRow,
    StateWrite,
    StoredGlance,
    StoredRow,
    refuse_damage,
    without_end,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    holder: str
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    events: Sequence[Event]
    accepted: frozenset[str] = frozenset()
    sent_at: datetime | None = None
    is_of_records: bool = False
    """Whether it was put with records, and belongs to no state."""


class MemoryStore:
    """A ``StateStore`` that lasts as long as the object. It has no size limit and is for one thread."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], StateRow] = {}
        self._outbox: dict[str, _Entry] = {}
        self._records: dict[str, str] = {}
        self._lease: _Lease | None = None

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError``."""
        other = self.lease_holder(now)
        if self._lease is not None and self._lease.ends > now + 2 * duration:
            other = None  # the clock that wrote it was wrong
        if other not in (None, holder):
            raise LeaseHeldError(f"another scan, {other!r}, is running", holder=other)
        self._lease = _Lease(holder=holder, ends=now + duration)

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        if self._lease is None or self._lease.holder != holder:
            raise LeaseLostError(f"the scan {holder!r} no longer holds the lease")
        self._lease = _Lease(holder=holder, ends=now + duration)

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        if self._lease is not None and self._lease.holder == holder:
            self._lease = None

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        return self._lease.holder if self._lease is not None and now < self._lease.ends else None

    def load(
        self,
        on_damage: Callable[[Damage], None] = refuse_damage,  # noqa: ARG002 - nothing is damaged here
        *,
        subscription_id: str | None = None,
    ) -> Iterator[StoredRow]:
        """Yield the state rows; raise ``NewerSchemaError`` before the first when any of them is of a newer version."""
        wanted = [row for row in self._rows.values() if subscription_id in (None, row.subscription_id)]
        rows = sorted(wanted, key=lambda row: row.subscription_id)
        newest = max((row.schema_version for row in rows), default=0)
        if newest > READABLE_SCHEMA_VERSION:
            raise NewerSchemaError(
                f"the state is of version {newest}; this service reads {READABLE_SCHEMA_VERSION} at most"
            )
        for row in rows:
            yield StoredRow(row, row_version(row.revision, row.commit_id))

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have rows."""
        return sorted({subscription_id for subscription_id, _ in self._rows})

    def glances(
        self, subscription_id: str | None = None, on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredGlance]:
        """Yield the headers of the rows of a subscription, or of all."""
        for stored in self.load(on_damage, subscription_id=subscription_id):
            row = stored.row
            yield StoredGlance(row.subscription_id, row.key, stored.version, row.glance, row.tally)

    def read(
        self,
        subscription_id: str,
        keys: Collection[str],
        on_damage: Callable[[Damage], None] = refuse_damage,  # noqa: ARG002 - nothing is damaged here
    ) -> Iterator[StoredRow]:
        """Yield the rows of some scale sets."""
        for row in filter(None, [self._rows.get((subscription_id, key)) for key in keys]):
            if row.schema_version > READABLE_SCHEMA_VERSION:
                raise NewerSchemaError(f"the state is of version {row.schema_version}")
            yield StoredRow(row, row_version(row.revision, row.commit_id))

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write all states, or none when one conflicts (``StateConflictError``)."""
        refuse_repeats(writes)
        for write in [each for each in writes if not already_written(each, self._current(each.row))]:
            row = write.row
            self._rows[identity(row)] = row
            if write.events:
                self._outbox[repr((*identity(row), row.revision))] = _Entry(events=tuple(write.events))
        return versions_of(writes)

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        unsent = [(name, entry) for name, entry in self._outbox.items() if entry.sent_at is None]
        for of_records in (False, True):
            for entry_id, entry in [each for each in unsent if each[1].is_of_records is of_records]:
                yield OutboxEntry(entry_id=entry_id, events=not_in(entry.accepted, entry.events))

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted."""
        for entry_id in [entry.entry_id for entry in entries]:
            entry = self._outbox.get(entry_id)
            if entry is None or entry.sent_at is not None:
                continue
            known = entry.accepted | {event.event_id for event in entry.events if event.event_id in accepted}
            sent_at = None if not_in(known, entry.events) else now
            self._outbox[entry_id] = replace(entry, accepted=known, sent_at=sent_at)

    def sent(self, since: datetime) -> Iterator[OutboxEntry]:
        """Yield the entries wholly sent at ``since`` or later, whole."""
        for entry_id, entry in list(self._outbox.items()):
            if entry.sent_at is not None and entry.sent_at >= since:
                yield OutboxEntry(entry_id=entry_id, events=entry.events)

    def replay(self, since: datetime, on_damage: Callable[[Damage], None] = refuse_damage) -> int:  # noqa: ARG002 - nothing is damaged here
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        again = {
            name: entry for name, entry in self._outbox.items() if entry.sent_at is not None and entry.sent_at >= since
        }
        self._outbox |= {name: replace(entry, accepted=frozenset(), sent_at=None) for name, entry in again.items()}
        return sum(len(entry.events) for entry in again.values())

    def damaged_sent(self) -> Iterator[Damage]:
        """Yield nothing: nothing is damaged here."""
        return iter(())

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool] = without_end) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        if not may_go_on():
            return 0
        midnight = start_of_day(before)
        kept = {name: each for name, each in self._outbox.items() if each.sent_at is None or each.sent_at >= midnight}
        purged = len(self._outbox) - len(kept)
        self._outbox = kept
        return purged

    def get_record(self, name: str) -> str | None:
        """Read a control record."""
        return self._records.get(name)

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        """Write control records and put events into the outbox."""
        if holder is not None and (self._lease is None or self._lease.holder != holder):
            raise LeaseLostError(f"the scan {holder!r} no longer holds the lease")
        for record, text in records.items():
            self._records.pop(record, None)
            if text is not None:
                self._records[record] = text
        if not events:
            return ()
        name = name_of(events)
        self._outbox.setdefault(name, _Entry(events=tuple(events), is_of_records=True))
        return (OutboxEntry(entry_id=name, events=tuple(events)),)

    def merge_records(self, merges: Mapping[str, Callable[[str | None], str]], *, holder: str) -> None:
        """Write control records, each made of what it holds."""
        self.put_records({name: merge(self.get_record(name)) for name, merge in merges.items()}, holder=holder)

    def forget(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Delete the rows that are still of that version."""
        for subscription_id, key, version in rows:
            row = self._rows.get((subscription_id, key))
            if row is not None and row_version(row.revision, row.commit_id) == version:
                del self._rows[subscription_id, key]

    def row_name(self, subscription_id: str, key: str) -> str:  # noqa: ARG002 - the key is enough
        """Name a row by its key."""
        return key

    def drop(self, kind: Kind, name: str) -> bool:
        """Delete a row, an entry or a record."""
        match kind:
            case "state":
                return self._dropped_state(name)
            case "entry":
                return self._outbox.pop(name, None) is not None
            case "record":
                return self._records.pop(name, None) is not None

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _dropped_state(self, key: str) -> bool:
        found = [each for each in self._rows if each[1] == key]
        for each in found:
            del self._rows[each]
        return bool(found)

    def _current(self, row: StateRow) -> tuple[int, str, str] | None:
        current = self._rows.get(identity(row))
        if current is None:
            return None
        return (current.revision, current.commit_id, row_version(current.revision, current.commit_id))
