"""The state and the outbox in one SQLite file: for the command line, without any server."""

import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from pathlib import Path

from scanner.adapters.stores.commit_check import already_written, refuse_repeats, row_version, versions_of
from scanner.adapters.stores.outbox_body import (
    encode_events,
    name_of,
    utc_text,
)
from scanner.adapters.stores.sqlite_file import SqliteFile, stored, text_of
from scanner.adapters.stores.sqlite_lease import LivenessLock
from scanner.adapters.stores.sqlite_outbox import SqliteOutbox
from scanner.adapters.stores.sqlite_rows import stored_identity, write_states
from scanner.adapters.stores.sqlite_states import SqliteStates
from scanner.errors import LeaseHeldError, LeaseLostError
from scanner.plain_text import plain
from scanner.ports.event import Event
from scanner.ports.store import (
    Damage,
    Kind,
    OutboxEntry,
    StateWrite,
    StoredGlance,
    StoredRow,
    refuse_damage,
    without_end,
)

logger = logging.getLogger("scanner.lease")


class SqliteStore:
    """A ``StateStore`` in a file, safe for several processes of one machine; values of up to 1 GB, SQLite's own limit.

    The write-ahead log is synchronised with the disk at every commit, so that nothing committed is lost, whenever the
    process or the machine ends (https://sqlite.org/pragma.html#pragma_synchronous). A lease ends at its time, and
    sooner when the process that holds it ends. The file must not be on a network drive (https://sqlite.org/wal.html).
    """

    def __init__(self, path: Path) -> None:
        path = Path(os.path.realpath(path))  # a file through a link is one file, and has one lease
        self._alive = LivenessLock(path.with_name(path.name + ".lease"))
        self._file = SqliteFile(path)
        self._states = SqliteStates(self._file)
        self._outbox = SqliteOutbox(self._file)

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError`` while another holder's has not ended and its process lives."""
        with self._file.reporting("take the lease in"), self._file.writing():
            other = self._holder(now, duration)
            if other not in (None, holder):
                raise LeaseHeldError(
                    f"another scan, {other!r}, is running on {self._file.path}; wait for it to end", holder=other
                )
            self._file.db.execute(
                "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)",
                # A holder whose lease ran out while it still runs keeps the lock; then the clock alone decides.
                (stored(holder), utc_text(now + duration), self._alive.hold()),
            )

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        with self._file.reporting("renew the lease in"), self._file.writing():
            renewed = self._file.db.execute(
                "UPDATE lease SET ends = ? WHERE holder = ?", (utc_text(now + duration), stored(holder))
            ).rowcount
        if not renewed:
            self._alive.drop()
            raise LeaseLostError(f"the scan {holder!r} no longer holds the lease of {self._file.path}")

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        with self._file.reporting("release the lease in"), self._file.writing():
            released = self._file.db.execute("DELETE FROM lease WHERE holder = ?", (stored(holder),)).rowcount
        if released:
            self._alive.drop()

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        with self._file.reporting("read the lease in"), self._file.writing():
            return self._holder(now)

    def load(
        self, on_damage: Callable[[Damage], None] = refuse_damage, *, subscription_id: str | None = None
    ) -> Iterator[StoredRow]:
        """Yield the state rows; raise ``NewerSchemaError`` before the first when any of them is of a newer version."""
        return self._states.load(subscription_id, on_damage)

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have rows."""
        return self._states.subscriptions()

    def glances(
        self, subscription_id: str | None = None, on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredGlance]:
        """Yield the headers of the rows of a subscription, or of all."""
        return self._states.glances(subscription_id, on_damage)

    def read(
        self, subscription_id: str, keys: Collection[str], on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredRow]:
        """Yield the rows of some scale sets."""
        return self._states.read(subscription_id, keys, on_damage)

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write all states, or none when one conflicts (``StateConflictError``)."""
        refuse_repeats(writes)
        with self._file.reporting("write"), self._file.writing():
            write_states(
                self._file.db,
                [item for item in writes if not already_written(item, self._current(stored_identity(item.row)))],
            )
        return versions_of(writes)

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        return self._outbox.unsent()

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted."""
        self._outbox.mark_sent(entries, accepted, now)

    def sent(self, since: datetime) -> Iterator[OutboxEntry]:
        """Yield the entries wholly sent at ``since`` or later, whole."""
        return self._outbox.sent(since)

    def replay(self, since: datetime, on_damage: Callable[[Damage], None] = refuse_damage) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        return self._outbox.replay(since, on_damage)

    def damaged_sent(self) -> Iterator[Damage]:
        """Yield the wholly sent entries that cannot be read."""
        return self._outbox.damaged_sent()

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool] = without_end) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        return self._outbox.purge_sent(before, may_go_on)

    def get_record(self, name: str) -> str | None:
        """Read a control record."""
        with self._file.reporting("read a record of"):
            return self._record(name)

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        """Write control records and put events into the outbox, in one transaction."""
        with self._file.reporting("write a record of"), self._file.writing():
            if holder is not None:
                self._require_lease(holder)
            self._write_records(records)
            if not events:
                return ()
            name = name_of(events)
            self._file.db.execute(
                "INSERT INTO outbox (name, event_count, events) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (name, len(events), encode_events(events)),
            )
            (entry_id,) = self._file.db.execute("SELECT id FROM outbox WHERE name = ?", (name,)).fetchone()
        return (OutboxEntry(entry_id=str(entry_id), events=tuple(events)),)

    def merge_records(self, merges: Mapping[str, Callable[[str | None], str]], *, holder: str) -> None:
        """Write control records, each made of what it holds, in one transaction."""
        with self._file.reporting("write a record of"), self._file.writing():
            self._require_lease(holder)
            self._write_records({name: merge(self._record(name)) for name, merge in merges.items()})

    def forget(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Delete the rows that are still of that version."""
        with self._file.reporting("delete states of"), self._file.writing():
            for subscription_id, key, version in rows:
                wanted = (stored(subscription_id), stored(key))
                current = self._current(wanted)
                if current is not None and current[2] == version:
                    for table in ("state", "header"):
                        self._file.db.execute(
                            f"DELETE FROM {table} WHERE subscription_id = ? AND key = ?",  # noqa: S608 - ours
                            wanted,
                        )

    def row_name(self, subscription_id: str, key: str) -> str:  # noqa: ARG002 - the key is enough
        """Name a row by its key."""
        return key

    def drop(self, kind: Kind, name: str) -> bool:
        """Delete a row, an entry or a record."""
        statement = {
            "state": "DELETE FROM state WHERE key = ?",
            "entry": "DELETE FROM outbox WHERE id = CAST(? AS INTEGER)",
            "record": "DELETE FROM record WHERE name = ?",
        }[kind]
        with self._file.reporting("delete from"), self._file.writing():
            return self._file.db.execute(statement, (stored(name),)).rowcount > 0

    def close(self) -> None:
        """Close the file. A lease that was not released is free for others, as after the end of the process."""
        self._alive.drop()
        self._file.close()

    def _holder(self, now: datetime, duration: timedelta | None = None) -> str | None:
        """Read who holds the lease. The process behind it decides; without its lock, the clock does.

        A lease that ends later than twice its length from now was written by a clock that was wrong, and is broken.
        """
        found = self._file.db.execute("SELECT holder, ends, guarded FROM lease").fetchone()
        if found is None or found[1] <= utc_text(now):
            return None
        holder, ends, is_guarded = text_of(found[0]), found[1], found[2]
        if is_guarded:
            return holder if self._alive.held_by_anybody() else None
        if duration is not None and ends > utc_text(now + 2 * duration):
            told = {"holder": plain(holder, 80), "ends": plain(str(ends), 40)}
            logger.warning("lease.broken %s", json.dumps(told))
            return None
        return holder

    def _record(self, name: str) -> str | None:
        found = self._file.db.execute("SELECT value FROM record WHERE name = ?", (stored(name),)).fetchone()
        return None if found is None else text_of(found[0])

    def _write_records(self, records: Mapping[str, str | None]) -> None:
        self._file.db.executemany(
            "INSERT OR REPLACE INTO record VALUES (?, ?)",
            [(stored(name), stored(value)) for name, value in records.items() if value is not None],
        )
        unwanted = [(stored(name),) for name, value in records.items() if value is None]
        self._file.db.executemany("DELETE FROM record WHERE name = ?", unwanted)

    def _require_lease(self, holder: str) -> None:
        if self._file.db.execute("SELECT 1 FROM lease WHERE holder = ?", (stored(holder),)).fetchone() is None:
            raise LeaseLostError(f"the scan {holder!r} no longer holds the lease of {self._file.path}")

    def _current(self, row: tuple[str | bytes, str | bytes]) -> tuple[int, str, str] | None:
        query = "SELECT revision, commit_id FROM state WHERE subscription_id = ? AND key = ?"
        found = self._file.db.execute(query, row).fetchone()
        if found is None:
            return None
        revision, commit_id = found[0], text_of(found[1])
        return (revision, commit_id, row_version(revision, commit_id))
