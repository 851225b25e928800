"""The state and the outbox in one SQLite file: for the command line, without any server."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from pathlib import Path

from scanner.adapters.stores.commit_check import already_written, identity, refuse_repeats, row_version, versions_of
from scanner.adapters.stores.outbox_body import (
    decode_events,
    decode_ids,
    encode_events,
    encode_ids,
    name_of,
    not_in,
    start_of_day,
    utc_text,
)
from scanner.adapters.stores.sqlite_lease import LivenessLock
from scanner.errors import LeaseHeldError, LeaseLostError, NewerSchemaError, StoreError
from scanner.ports.event import Event
from scanner.ports.store import STATE_SCHEMA_VERSION, OutboxEntry, StateRow, StateWrite, StoredRow

FILE_VERSION = 1
"""Version of the file's own layout, kept in ``user_version``."""

_BUSY_SECONDS = 30.0
_LAYOUT = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS state (
  subscription_id NOT NULL, key NOT NULL, revision INTEGER NOT NULL, commit_id NOT NULL,
  schema_version INTEGER NOT NULL, body NOT NULL, PRIMARY KEY (subscription_id, key));
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, event_count INTEGER NOT NULL, events TEXT NOT NULL,
  accepted TEXT NOT NULL DEFAULT '[]', sent_at TEXT);
CREATE INDEX IF NOT EXISTS outbox_by_sending ON outbox (sent_at);
CREATE TABLE IF NOT EXISTS record (name PRIMARY KEY, value NOT NULL);
CREATE TABLE IF NOT EXISTS lease (
  only INTEGER PRIMARY KEY CHECK (only = 1), holder NOT NULL, ends TEXT NOT NULL, guarded INTEGER NOT NULL);
PRAGMA user_version = {FILE_VERSION};
COMMIT;
"""


class SqliteStore:
    """A ``StateStore`` in a file, safe for several processes of one machine; values of up to 1 GB, SQLite's own limit.

    The write-ahead log is synchronised with the disk at every commit, so that nothing committed is lost, whenever the
    process or the machine ends (https://sqlite.org/pragma.html#pragma_synchronous). A lease ends at its time, and
    sooner when the process that holds it ends. The file must not be on a network drive (https://sqlite.org/wal.html).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alive = LivenessLock(path.with_name(path.name + ".lease"))
        with self._reporting("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect()
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError`` while another holder's has not ended and its process lives."""
        with self._reporting("take the lease in"), self._writing():
            other = self._holder(now)
            if other not in (None, holder):
                raise LeaseHeldError(
                    f"another scan, {other!r}, is running on {self._path}; wait for it to end", holder=other
                )
            self._db.execute(
                "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)",
                # A holder whose lease ran out while it still runs keeps the lock; then the clock alone decides.
                (_stored(holder), utc_text(now + duration), self._alive.hold()),
            )

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        with self._reporting("renew the lease in"), self._writing():
            renewed = self._db.execute(
                "UPDATE lease SET ends = ? WHERE holder = ?", (utc_text(now + duration), _stored(holder))
            ).rowcount
        if not renewed:
            self._alive.drop()
            raise LeaseLostError(f"the scan {holder!r} no longer holds the lease of {self._path}")

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        with self._reporting("release the lease in"), self._writing():
            released = self._db.execute("DELETE FROM lease WHERE holder = ?", (_stored(holder),)).rowcount
        if released:
            self._alive.drop()

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        with self._reporting("read the lease in"), self._writing():
            return self._holder(now)

    def load(self) -> Iterator[StoredRow]:
        """Yield every state row; raise ``NewerSchemaError`` before the first when any row is of a newer version."""
        with self._reporting("read"), self._reading() as db:
            (newest,) = db.execute("SELECT max(schema_version) FROM state").fetchone()
            if newest is not None and newest > STATE_SCHEMA_VERSION:
                raise NewerSchemaError(
                    f"{self._path} holds state of version {newest}; this service knows {STATE_SCHEMA_VERSION}: upgrade"
                )
            query = "SELECT subscription_id, key, revision, commit_id, schema_version, body FROM state"
            for subscription_id, key, revision, commit_id, schema_version, body in db.execute(query):
                row = StateRow(
                    subscription_id=_text(subscription_id),
                    key=_text(key),
                    revision=revision,
                    commit_id=_text(commit_id),
                    schema_version=schema_version,
                    body=_text(body),
                )
                yield StoredRow(row, row_version(row.revision, row.commit_id))

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write all states, or none when one conflicts (``StateConflictError``)."""
        refuse_repeats(writes)
        with self._reporting("write"), self._writing():
            self._write([item for item in writes if not already_written(item, self._current(item.row))])
        return versions_of(writes)

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        with self._reporting("read the outbox of"), self._reading() as db:
            for entry_id, events, accepted in db.execute(
                "SELECT id, events, accepted FROM outbox WHERE sent_at IS NULL"
            ):
                yield _entry(entry_id, events, accepted)

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted."""
        whole: list[int] = []
        partly: list[int] = []
        for entry in entries:
            is_whole = all(event.event_id in accepted for event in entry.events)
            (whole if is_whole else partly).append(int(entry.entry_id))
        with self._reporting("mark sent events in"), self._writing():
            self._db.executemany(
                "UPDATE outbox SET sent_at = ? WHERE id = ? AND sent_at IS NULL",
                [(utc_text(now), entry_id) for entry_id in whole],
            )
            for entry_id in partly:
                self._mark_partly_sent(entry_id, accepted, now)

    def replay(self, since: datetime) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        with self._reporting("replay events of"), self._writing():
            return sum(
                count
                for (count,) in self._db.execute(
                    "UPDATE outbox SET sent_at = NULL, accepted = '[]' WHERE sent_at >= ? RETURNING event_count",
                    (utc_text(since),),
                )
            )

    def purge_sent(self, before: datetime) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        with self._reporting("purge sent events of"), self._writing():
            return self._db.execute("DELETE FROM outbox WHERE sent_at < ?", (utc_text(start_of_day(before)),)).rowcount

    def get_record(self, name: str) -> str | None:
        """Read a control record."""
        with self._reporting("read a record of"):
            found = self._db.execute("SELECT value FROM record WHERE name = ?", (_stored(name),)).fetchone()
        return None if found is None else _text(found[0])

    def put_records(self, records: Mapping[str, str], events: Sequence[Event] = ()) -> Sequence[OutboxEntry]:
        """Write control records and put events into the outbox, in one transaction."""
        with self._reporting("write a record of"), self._writing():
            self._db.executemany(
                "INSERT OR REPLACE INTO record VALUES (?, ?)",
                [(_stored(name), _stored(value)) for name, value in records.items()],
            )
            if not events:
                return ()
            name = name_of(events)
            self._db.execute(
                "INSERT INTO outbox (name, event_count, events) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (name, len(events), encode_events(events)),
            )
            (entry_id,) = self._db.execute("SELECT id FROM outbox WHERE name = ?", (name,)).fetchone()
        return (OutboxEntry(entry_id=str(entry_id), events=tuple(events)),)

    def close(self) -> None:
        """Close the file. A lease that was not released is free for others, as after the end of the process."""
        self._alive.drop()
        self._db.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > FILE_VERSION:
            raise NewerSchemaError(f"{self._path} has layout {version}; this service knows {FILE_VERSION}: upgrade")
        if version < FILE_VERSION:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_LAYOUT)

    def _mark_partly_sent(self, entry_id: int, accepted: AbstractSet[str], now: datetime) -> None:
        found = self._db.execute(
            "SELECT events, accepted FROM outbox WHERE id = ? AND sent_at IS NULL", (entry_id,)
        ).fetchone()
        if found is None:
            return
        events = decode_events(found[0])
        known = decode_ids(found[1]) | {event.event_id for event in events if event.event_id in accepted}
        self._db.execute(
            "UPDATE outbox SET accepted = ?, sent_at = ? WHERE id = ?",
            (encode_ids(known), None if not_in(known, events) else utc_text(now), entry_id),
        )

    @contextlib.contextmanager
    def _reporting(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"cannot {action} the state file {self._path}: {error}; see that its folder exists on a local disk, is"
                " writable and has space"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"cannot {action} the state file {self._path}: unreadable or not plain JSON: {error}"
            ) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        # A connection of its own: what it reads is one snapshot, whatever is written between two rows.
        with contextlib.closing(self._connect()) as connection:
            yield connection

    def _holder(self, now: datetime) -> str | None:
        found = self._db.execute("SELECT holder, ends, guarded FROM lease").fetchone()
        if found is None or found[1] <= utc_text(now):
            return None
        if found[2] and not self._alive.held_by_anybody():
            return None
        return _text(found[0])

    def _current(self, row: StateRow) -> tuple[int, str, str] | None:
        found = self._db.execute(
            "SELECT revision, commit_id FROM state WHERE subscription_id = ? AND key = ?", _stored_identity(row)
        ).fetchone()
        if found is None:
            return None
        revision, commit_id = found[0], _text(found[1])
        return (revision, commit_id, row_version(revision, commit_id))

    def _write(self, writes: Sequence[StateWrite]) -> None:
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subscription_id, key) DO UPDATE SET"
            " revision = excluded.revision, commit_id = excluded.commit_id,"
            " schema_version = excluded.schema_version, body = excluded.body",
            [
                (*_stored_identity(row), row.revision, _stored(row.commit_id), row.schema_version, _stored(row.body))
                for row in (write.row for write in writes)
            ],
        )
        self._db.executemany(
            "INSERT INTO outbox (event_count, events) VALUES (?, ?)",
            [(len(item.events), encode_events(item.events)) for item in writes if item.events],
        )


def _entry(entry_id: int, events: str, accepted: str) -> OutboxEntry:
    try:
        return OutboxEntry(entry_id=str(entry_id), events=not_in(decode_ids(accepted), decode_events(events)))
    except (ValueError, KeyError, TypeError) as error:
        damage = f"The outbox entry {entry_id} cannot be read ({type(error).__name__}: {error}); it stays where it is."
        return OutboxEntry(entry_id=str(entry_id), events=(), damage=damage)


def _stored_identity(row: StateRow) -> tuple[str | bytes, str | bytes]:
    subscription_id, key = identity(row)
    return (_stored(subscription_id), _stored(key))


def _stored(text: str) -> str | bytes:
    """Keep text as text, but for half a surrogate pair out of hostile JSON, which is no UTF-8: that becomes bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
