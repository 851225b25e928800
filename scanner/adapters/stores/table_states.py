"""The state rows of Table Storage, as they are read: whole, or their headers alone."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

from azure.data.tables import TableClient, TableEntity

from scanner.adapters.stores.table_errors import Reporting
from scanner.adapters.stores.table_rows import (
    STATES,
    get_int,
    get_text,
    header_text,
    partition_key,
    read_state,
    readable,
    row_name_of,
    state_key,
)
from scanner.adapters.stores.table_writes import TableWriter, etag_of
from scanner.errors import NewerSchemaError, StoreError
from scanner.ports.store import READABLE_SCHEMA_VERSION, Damage, StoredGlance, StoredRow

_HEADER = (
    *("PartitionKey", "RowKey", "SchemaVersion"),
    *[f"{name}{piece}" for name in ("SubscriptionId", "Key", "Glance", "Tally") for piece in ("", 0, 1)],
)
"""Properties that hold the header of a row, the pieces of long or unprintable texts among them."""
_PARALLEL = 8
_AT_ONCE = 64
"""Rows that are held at once."""


class TableStates:
    """The part of a ``StateStore`` that reads states."""

    def __init__(self, client: TableClient, writer: TableWriter, report: Reporting) -> None:
        self._client = client
        self._writer = writer
        self._report = report

    def load(self, subscription_id: str | None, on_damage: Callable[[Damage], None]) -> Iterator[StoredRow]:
        """Yield the state rows; raise ``NewerSchemaError`` before the first when any row is of a newer version."""
        states = _of(subscription_id)
        with self._report("read"):
            # Asked of the service first, so that the rows need not all be held in memory to know.
            newer = f"{states} and SchemaVersion gt {READABLE_SCHEMA_VERSION}"
            for entity in self._client.query_entities(newer, select=["PartitionKey", "RowKey", "SchemaVersion"]):
                raise _newer(entity["SchemaVersion"])
            yield from _rows(self._client.query_entities(states), on_damage)

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have rows, with one request for each: the first row after the one before."""
        found: set[str] = set()
        after = ""
        with self._report("read"):
            while True:
                query = f"PartitionKey gt '{after}' and {STATES}"
                pages = self._client.query_entities(query, select=list(_HEADER), results_per_page=1)
                entity = next(iter(pages), None)
                if entity is None:
                    return sorted(found)
                after = str(entity["PartitionKey"])
                with readable(entity):
                    found.add(get_text(entity, "SubscriptionId"))

    def glances(self, subscription_id: str | None, on_damage: Callable[[Damage], None]) -> Iterator[StoredGlance]:
        """Yield the headers of the rows of a subscription, or of all."""
        with self._report("read"):
            for entity in self._client.query_entities(_of(subscription_id), select=list(_HEADER)):
                try:
                    with readable(entity):
                        version, header = get_int(entity, "SchemaVersion"), _header(entity)
                except StoreError as error:
                    on_damage(Damage(kind="state", name=row_name_of(entity), why=str(error)))
                    continue
                if version > READABLE_SCHEMA_VERSION:
                    raise _newer(version)
                yield header

    def read(
        self, subscription_id: str, keys: Collection[str], on_damage: Callable[[Damage], None]
    ) -> Iterator[StoredRow]:
        """Yield the rows of some scale sets, each asked for by its key, some at once."""
        partition, wanted = partition_key(subscription_id), sorted({state_key(key) for key in keys})
        if not wanted:
            return
        with self._report("read"), ThreadPoolExecutor(min(_PARALLEL, len(wanted)), "table-read") as pool:
            for some in batched(wanted, _AT_ONCE, strict=False):
                found = list(pool.map(lambda row_key: self._writer.find(partition, row_key), some))
                yield from _rows((each for each in found if each is not None), on_damage)


def _of(subscription_id: str | None) -> str:
    return STATES if subscription_id is None else f"PartitionKey eq '{partition_key(subscription_id)}' and {STATES}"


def _rows(found: Iterable[TableEntity], on_damage: Callable[[Damage], None]) -> Iterator[StoredRow]:
    for entity in found:
        try:
            row = read_state(entity)
        except StoreError as error:
            on_damage(Damage(kind="state", name=row_name_of(entity), why=str(error)))
            continue
        if row.schema_version > READABLE_SCHEMA_VERSION:
            raise _newer(row.schema_version)
        yield StoredRow(row, etag_of(entity))


def _header(entity: TableEntity) -> StoredGlance:
    return StoredGlance(
        get_text(entity, "SubscriptionId"),
        get_text(entity, "Key"),
        etag_of(entity),
        header_text(entity, "Glance"),
        header_text(entity, "Tally"),
    )


def _newer(version: object) -> NewerSchemaError:
    return NewerSchemaError(
        f"the state is of version {version}; this service reads {READABLE_SCHEMA_VERSION} at most: upgrade it"
    )
