"""The SQLite file under a store: its layout, its transactions, and what goes wrong with it in words."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from scanner.errors import NewerSchemaError, StoreError

FILE_VERSION = 1
"""Version of the file's own layout, kept in ``user_version``."""

_BUSY_SECONDS = 30.0
_LAYOUT = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS state (
  subscription_id NOT NULL, key NOT NULL, revision INTEGER NOT NULL, commit_id NOT NULL,
  schema_version INTEGER NOT NULL, body NOT NULL, PRIMARY KEY (subscription_id, key));
CREATE INDEX IF NOT EXISTS state_header ON state (subscription_id, key, revision, commit_id, schema_version);
CREATE TABLE IF NOT EXISTS header (
  subscription_id NOT NULL, key NOT NULL, revision INTEGER NOT NULL, commit_id NOT NULL, glance NOT NULL, tally NOT NULL,
  PRIMARY KEY (subscription_id, key)) WITHOUT ROWID;
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


class SqliteFile:
    """One open file. Everything that SQLite or the disk throws becomes a ``StoreError`` within ``reporting``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.reporting("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = self._connect()
            try:
                self._prepare()
            except BaseException:
                self.db.close()
                raise

    @contextlib.contextmanager
    def reporting(self, action: str) -> Iterator[None]:
        """Make a ``StoreError`` of what goes wrong, with the action that failed."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot {action} the state file {self.path}: {error}; {_advice(error)}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"cannot {action} the state file {self.path}: unreadable or not plain JSON: {error}"
            ) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Do all of it in one transaction, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a connection that sees the file as it is now."""
        # A connection of its own: what it reads is one snapshot, whatever is written between two rows.
        with contextlib.closing(self._connect()) as connection:
            yield connection

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version > FILE_VERSION:
            raise NewerSchemaError(f"{self.path} has layout {version}; this service knows {FILE_VERSION}: upgrade")
        if version < FILE_VERSION:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.executescript(_LAYOUT)
        elif self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'header'").fetchone() is None:
            self.db.executescript(_LAYOUT)  # of an earlier release, which may use it again: it leaves the headers alone


def stored(text: str) -> str | bytes:
    """Keep text as text, but for half a surrogate pair out of hostile JSON, which is no UTF-8: that becomes bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(value: str | bytes) -> str:
    """Read what ``stored`` kept."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def _advice(error: Exception) -> str:
    """Say what to do; a file that is damaged needs something else than a disk that is full."""
    if getattr(error, "sqlite_errorcode", None) in _DAMAGED:
        return "it is damaged, or is another file: move it away, and the next scan begins anew, with new event ids"
    return "see that its folder exists on a local disk, is writable and has space"


_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
