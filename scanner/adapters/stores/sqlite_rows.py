"""State rows of a SQLite file: what is one, and how it is named.

The header of a row, by which it is known without its body, lies in a table of its own. It counts only where it names the
row's revision and commit: a release that does not know of it writes states and leaves it behind.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from scanner.adapters.stores.commit_check import identity, row_version
from scanner.adapters.stores.outbox_body import encode_events
from scanner.adapters.stores.sqlite_file import stored, text_of
from scanner.errors import NewerSchemaError
from scanner.ports.store import READABLE_SCHEMA_VERSION, Damage, StateRow, StateWrite, StoredGlance, StoredRow

_ROW = "state.subscription_id, state.key, state.revision, state.commit_id, state.schema_version"
_JOINED = """FROM state LEFT JOIN header ON header.subscription_id = state.subscription_id AND header.key = state.key
 AND header.revision = state.revision AND header.commit_id = state.commit_id"""
HEADERS = f"SELECT {_ROW}, header.glance, header.tally {_JOINED}"
WHOLE_ROWS = f"SELECT {_ROW}, state.body, header.glance, header.tally {_JOINED}"


def stored_rows(found: Iterable[Sequence[Any]], on_damage: Callable[[Damage], None]) -> Iterator[StoredRow]:
    """Read whole rows; report those that are none of ours."""
    for columns in found:
        row = read_row(columns)
        if isinstance(row, Damage):
            on_damage(row)
        else:
            _refuse_newer(row)
            yield StoredRow(row, row_version(row.revision, row.commit_id))


def _refuse_newer(row: StateRow) -> None:
    if row.schema_version > READABLE_SCHEMA_VERSION:
        raise NewerSchemaError(
            f"the state is of version {row.schema_version}; this service reads {READABLE_SCHEMA_VERSION} at most: upgrade"
        )


def read_header(columns: Sequence[Any]) -> StoredGlance | Damage:
    """Read the header of a row, or say why it is not a state of ours. Raises ``NewerSchemaError``."""
    row = read_row((*columns[:5], "", *columns[5:]))
    if isinstance(row, Damage):
        return row
    _refuse_newer(row)
    return StoredGlance(row.subscription_id, row.key, row_version(row.revision, row.commit_id), row.glance, row.tally)


def read_row(columns: Sequence[Any]) -> StateRow | Damage:
    """Read the columns of a row, or say why it is not a state of ours."""
    subscription_id, key, revision, commit_id, schema_version, body, glance, tally = columns
    try:
        row = StateRow(
            subscription_id=text_of(subscription_id),
            key=text_of(key),
            revision=revision,
            commit_id=text_of(commit_id),
            schema_version=schema_version,
            body=text_of(body),
            glance=_header_text(glance),
            tally=_header_text(tally),
        )
    except ValueError as error:
        return Damage(kind="state", name=str(key), why=f"its text cannot be read ({error})")
    texts = (row.subscription_id, row.key, row.commit_id, row.body)
    if all(isinstance(each, str) for each in texts) and type(revision) is int and type(schema_version) is int:
        return row
    return Damage(kind="state", name=str(key), why="a column of its row is of another type")


def stored_identity(row: StateRow) -> tuple[str | bytes, str | bytes]:
    """Name a row as the file does."""
    subscription_id, key = identity(row)
    return (stored(subscription_id), stored(key))


def _header_text(value: Any) -> str:
    """Read a part of a header; one that is missing or damaged is made anew from the state."""
    try:
        return text_of(value) if isinstance(value, str | bytes) else ""
    except ValueError:
        return ""


def write_states(db: sqlite3.Connection, writes: Sequence[StateWrite]) -> None:
    """Write states, their headers and their events, within the caller's transaction."""
    rows = [write.row for write in writes]
    db.executemany(
        "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subscription_id, key) DO UPDATE SET"
        " revision = excluded.revision, commit_id = excluded.commit_id,"
        " schema_version = excluded.schema_version, body = excluded.body",
        [
            (*stored_identity(row), row.revision, stored(row.commit_id), row.schema_version, stored(row.body))
            for row in rows
        ],
    )
    db.executemany(
        "INSERT OR REPLACE INTO header VALUES (?, ?, ?, ?, ?, ?)",
        [
            (*stored_identity(row), row.revision, stored(row.commit_id), stored(row.glance), stored(row.tally))
            for row in rows
        ],
    )
    db.executemany(
        "INSERT INTO outbox (event_count, events) VALUES (?, ?)",
        [(len(item.events), encode_events(item.events)) for item in writes if item.events],
    )
