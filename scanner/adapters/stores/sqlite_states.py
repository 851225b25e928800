"""The state rows of a SQLite file, as they are read: whole, or their headers alone."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import batched

from scanner.adapters.stores.sqlite_file import SqliteFile, stored, text_of
from scanner.adapters.stores.sqlite_rows import HEADERS, WHOLE_ROWS, read_header, stored_rows
from scanner.errors import NewerSchemaError
from scanner.ports.store import READABLE_SCHEMA_VERSION, Damage, StoredGlance, StoredRow

_KEYS = 500
"""Rows that are asked for at once."""


class SqliteStates:
    """The part of a ``StateStore`` that reads states. What it yields is of one moment, whatever is written meanwhile."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def load(self, subscription_id: str | None, on_damage: Callable[[Damage], None]) -> Iterator[StoredRow]:
        """Yield the state rows; raise ``NewerSchemaError`` before the first when any row is of a newer version."""
        only, where = _of(subscription_id)
        with self._file.reporting("read"), self._file.reading() as db:
            whole = "WHERE typeof(schema_version) = 'integer'"
            (newest,) = db.execute(f"SELECT max(schema_version) FROM state {whole}").fetchone()  # noqa: S608 - ours
            if newest is not None and newest > READABLE_SCHEMA_VERSION:
                raise NewerSchemaError(
                    f"{self._file.path} holds state of version {newest}; this service reads"
                    f" {READABLE_SCHEMA_VERSION} at most: upgrade"
                )
            yield from stored_rows(db.execute(f"{WHOLE_ROWS} {where}", only), on_damage)

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have rows."""
        with self._file.reporting("read"), self._file.reading() as db:
            found = db.execute("SELECT DISTINCT subscription_id FROM state").fetchall()
            return sorted(text_of(each) for (each,) in found if isinstance(each, str | bytes))

    def glances(self, subscription_id: str | None, on_damage: Callable[[Damage], None]) -> Iterator[StoredGlance]:
        """Yield the headers of the rows of a subscription, or of all."""
        only, where = _of(subscription_id)
        with self._file.reporting("read"), self._file.reading() as db:
            for columns in db.execute(f"{HEADERS} {where}", only):
                header = read_header(columns)
                if isinstance(header, Damage):
                    on_damage(header)
                else:
                    yield header

    def read(
        self, subscription_id: str, keys: Collection[str], on_damage: Callable[[Damage], None]
    ) -> Iterator[StoredRow]:
        """Yield the rows of some scale sets."""
        with self._file.reporting("read"), self._file.reading() as db:
            for chunk in batched(keys, _KEYS, strict=False):
                wanted = ", ".join("?" * len(chunk))
                query = f"{WHOLE_ROWS} WHERE state.subscription_id = ? AND state.key IN ({wanted})"
                yield from stored_rows(db.execute(query, [stored(subscription_id), *map(stored, chunk)]), on_damage)


def _of(subscription_id: str | None) -> tuple[tuple[str | bytes, ...], str]:
    """Write a condition, and the order: one subscription after another."""
    if subscription_id is None:
        return (), "ORDER BY state.subscription_id"
    return (stored(subscription_id),), "WHERE state.subscription_id = ?"
