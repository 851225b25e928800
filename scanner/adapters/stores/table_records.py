"""Control records as rows of Table Storage: written alone, with events, or made of what they hold."""

from collections.abc import Callable, Mapping, Sequence

from azure.data.tables import TableClient

from scanner.adapters.stores.outbox_body import name_of
from scanner.adapters.stores.table_errors import Reporting
from scanner.adapters.stores.table_lease import TableLease
from scanner.adapters.stores.table_outbox import entry_of
from scanner.adapters.stores.table_rows import (
    CONTROL,
    SENT,
    UNSENT,
    entry_entities,
    read_record,
    record_entity,
    record_key,
)
from scanner.adapters.stores.table_transactions import Operation, Unit
from scanner.adapters.stores.table_writes import TableWriter
from scanner.errors import StoreError
from scanner.ports.event import Event
from scanner.ports.store import OutboxEntry

_MERGES = 5
"""Attempts to merge records, of several transactions each: the shards of a scan may do that at the same time."""


class TableRecords:
    """The part of a ``StateStore`` that keeps control records."""

    def __init__(self, client: TableClient, writer: TableWriter, lease: TableLease, report: Reporting) -> None:
        self._client = client
        self._writer = writer
        self._lease = lease
        self._report = report

    def get(self, name: str) -> str | None:
        """Read a control record."""
        with self._report("read a record of"):
            entity = self._writer.find(CONTROL, record_key(name))
        return None if entity is None else read_record(entity)

    def put(
        self, records: Mapping[str, str | None], events: Sequence[Event], holder: str | None
    ) -> Sequence[OutboxEntry]:
        """Write control records and put events into the outbox, in one transaction.

        Raises ``StoreError`` for more than 100 rows or 4 MiB.
        """
        puts = [
            Operation(kind="put", entity=record_entity(name, value))
            for name, value in records.items()
            if value is not None
        ]
        unwanted = [record for record, value in records.items() if value is None]
        name = name_of(events)
        creates = [Operation(kind="create", entity=each) for each in entry_entities(CONTROL, name, 0, events)]

        def plan() -> Sequence[Unit]:
            operations = puts if creates and self._has_entry(name) else puts + creates
            operations = operations + self._deletions(unwanted)
            if not operations:
                return []
            lease = [] if holder is None else [self._lease.held_by(holder)]
            return [Unit(operations=lease + operations)]

        with self._report("write a record of"):
            self._writer.write(plan(), lambda _: plan())
        return [entry_of(operation.entity) for operation in creates]

    def merge(self, merges: Mapping[str, Callable[[str | None], str]], holder: str) -> None:
        """Write control records, each made of what it holds, in one transaction.

        Whoever changes a record under this lease writes the lease's row too, and that is read before the records are: so
        a transaction that rests on what was read is refused when somebody was faster, and is made anew.
        """

        def plan() -> Sequence[Unit]:
            lease = self._lease.held_by(holder)
            made = {name: merge(self.get(name)) for name, merge in merges.items()}
            puts = [Operation(kind="put", entity=record_entity(name, text)) for name, text in made.items()]
            return [Unit(operations=[lease, *puts])]

        for attempt in range(_MERGES):
            try:
                with self._report("write a record of"):
                    return self._writer.write(plan(), lambda _: plan())
            except StoreError as error:
                if attempt == _MERGES - 1 or not error.is_in_doubt:
                    raise
        return None

    def _deletions(self, names: Sequence[str]) -> list[Operation]:
        """Delete the records that are there: of one that is not, the whole transaction would be refused."""
        keys = [{"PartitionKey": CONTROL, "RowKey": record_key(name)} for name in names]
        there = [each for each in keys if self._writer.find(CONTROL, each["RowKey"]) is not None]
        return [Operation(kind="delete", entity=each) for each in there]

    def _has_entry(self, name: str) -> bool:
        query = f"PartitionKey eq '{CONTROL}' and (({UNSENT}) or ({SENT})) and Entry eq '{name}'"
        return any(True for _ in self._client.query_entities(query, select=["RowKey"]))
