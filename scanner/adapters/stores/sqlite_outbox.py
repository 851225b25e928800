"""The outbox in a SQLite file."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime

from scanner.adapters.stores.outbox_body import (
    decode_events,
    decode_ids,
    encode_ids,
    not_in,
    start_of_day,
    utc_text,
)
from scanner.adapters.stores.sqlite_file import SqliteFile
from scanner.ports.store import Damage, OutboxEntry


class SqliteOutbox:
    """The part of a ``StateStore`` that keeps events until they were accepted, and for a week after that."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        with self._file.reporting("read the outbox of"), self._file.reading() as db:
            db.execute("BEGIN")  # both parts are of one moment
            for part in ("+name IS NULL", "+name IS NOT NULL"):  # in the order of one index: nothing is sorted
                query = f"SELECT id, events, accepted FROM outbox WHERE sent_at IS NULL AND {part} ORDER BY id"  # noqa: S608 - ours
                for entry_id, events, accepted in db.execute(query):
                    yield _entry(entry_id, events, accepted)

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted."""
        whole: list[int] = []
        partly: list[int] = []
        for entry in entries:
            is_whole = all(event.event_id in accepted for event in entry.events)
            (whole if is_whole else partly).append(int(entry.entry_id))
        with self._file.reporting("mark sent events in"), self._file.writing():
            self._file.db.executemany(
                "UPDATE outbox SET sent_at = ? WHERE id = ? AND sent_at IS NULL",
                [(utc_text(now), entry_id) for entry_id in whole],
            )
            for entry_id in partly:
                self._mark_partly_sent(entry_id, accepted, now)

    def sent(self, since: datetime) -> Iterator[OutboxEntry]:
        """Yield the entries wholly sent at ``since`` or later, whole."""
        with self._file.reporting("read the sent events of"), self._file.reading() as db:
            query = "SELECT id, events FROM outbox WHERE sent_at >= ?"
            for entry_id, events in db.execute(query, (utc_text(since),)):
                yield _entry(entry_id, events, "[]")

    def replay(self, since: datetime, on_damage: Callable[[Damage], None]) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        with self._file.reporting("replay events of"), self._file.writing():
            count = 0
            whole: list[tuple[int]] = []
            query = "SELECT id, events FROM outbox WHERE sent_at >= ?"
            for entry_id, events in self._file.db.execute(query, (utc_text(since),)):
                entry = _entry(entry_id, events, "[]")
                if entry.damage is None:
                    count += len(entry.events)
                    whole.append((entry_id,))
                else:
                    on_damage(Damage(kind="entry", name=entry.entry_id, why=entry.damage))
            self._file.db.executemany("UPDATE outbox SET sent_at = NULL, accepted = '[]' WHERE id = ?", whole)
            return count

    def damaged_sent(self) -> Iterator[Damage]:
        """Yield the wholly sent entries that cannot be read."""
        with self._file.reporting("read the sent events of"), self._file.reading() as db:
            for entry_id, events in db.execute("SELECT id, events FROM outbox WHERE sent_at IS NOT NULL"):
                entry = _entry(entry_id, events, "[]")
                if entry.damage is not None:
                    yield Damage(kind="entry", name=entry.entry_id, why=entry.damage)

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool]) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        if not may_go_on():  # one statement is one part
            return 0
        with self._file.reporting("purge sent events of"), self._file.writing():
            return self._file.db.execute(
                "DELETE FROM outbox WHERE sent_at < ?", (utc_text(start_of_day(before)),)
            ).rowcount

    def _mark_partly_sent(self, entry_id: int, accepted: AbstractSet[str], now: datetime) -> None:
        found = self._file.db.execute(
            "SELECT events, accepted FROM outbox WHERE id = ? AND sent_at IS NULL", (entry_id,)
        ).fetchone()
        if found is None:
            return
        events = decode_events(found[0])
        known = decode_ids(found[1]) | {event.event_id for event in events if event.event_id in accepted}
        self._file.db.execute(
            "UPDATE outbox SET accepted = ?, sent_at = ? WHERE id = ?",
            (encode_ids(known), None if not_in(known, events) else utc_text(now), entry_id),
        )


def _entry(entry_id: int, events: str, accepted: str) -> OutboxEntry:
    try:
        return OutboxEntry(entry_id=str(entry_id), events=not_in(decode_ids(accepted), decode_events(events)))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        damage = f"The outbox entry {entry_id} cannot be read ({type(error).__name__}: {error}); it stays where it is."
        return OutboxEntry(entry_id=str(entry_id), events=(), damage=damage)
