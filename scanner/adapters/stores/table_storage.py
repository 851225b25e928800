"""The state and the outbox in Azure Table Storage."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableClient, TableErrorCode

from scanner.adapters.stores.commit_check import already_written, refuse_repeats
from scanner.adapters.stores.outbox_body import fingerprint, name_of
from scanner.adapters.stores.table_errors import code_of, reporting
from scanner.adapters.stores.table_lease import TableLease
from scanner.adapters.stores.table_outbox import TableOutbox
from scanner.adapters.stores.table_rows import (
    CONTROL,
    SENT,
    STATES,
    UNSENT,
    entry_entities,
    read_record,
    read_state,
    record_entity,
    record_key,
    state_entity,
)
from scanner.adapters.stores.table_transactions import Operation, Unit
from scanner.adapters.stores.table_writes import TableWriter, etag_of
from scanner.errors import NewerSchemaError
from scanner.ports.event import Event
from scanner.ports.store import STATE_SCHEMA_VERSION, OutboxEntry, StoredRow, Transition

_PATIENCE: Mapping[str, Any] = {
    "retry_total": 4,
    "retry_backoff_max": 10,
    "timeout": 120,
    "connection_timeout": 10,
    "read_timeout": 60,
}
"""Seconds and repeats for one request: left alone, the client would wait for seven days."""


class TableStore:
    """A ``StateStore`` in one table of a storage account; the table is made if it is missing.

    Limits: a state body or control record of 1 MiB, and a transition's row and events of about 3 MB, each after
    compression and before base64; what does not fit raises ``StoreError`` and is not cut. The identity needs the role
    Storage Table Data Contributor. Locally use the address 127.0.0.1: the client takes ``localhost`` with any other
    port than 10002 for Cosmos DB and asks for a token of that service.
    https://learn.microsoft.com/azure/storage/tables/authorize-access-azure-active-directory
    """

    def __init__(
        self,
        endpoint: str,
        table_name: str,
        credential: TokenCredential,
        *,
        audience: str | None = None,
        **client_options: Any,
    ) -> None:
        self._report = reporting(endpoint, table_name)
        self._client = TableClient(
            endpoint, table_name, credential=credential, audience=audience, **{**_PATIENCE, **client_options}
        )
        self._writer = TableWriter(self._client)
        self._outbox = TableOutbox(self._client, self._writer, self._report)
        self._lease = TableLease(self._client, self._report)
        try:
            with self._report("create"):
                self._create_table()
        except BaseException:
            self._client.close()
            raise

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError``."""
        self._lease.acquire(holder, now, duration)

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        self._lease.renew(holder, now, duration)

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        self._lease.release(holder)

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        return self._lease.holder(now)

    def load(self) -> Iterator[StoredRow]:
        """Yield every state row; raise ``NewerSchemaError`` before the first when any row is of a newer version."""
        with self._report("read"):
            # Asked of the service first, so that the rows need not all be held in memory to know.
            newer = f"{STATES} and SchemaVersion gt {STATE_SCHEMA_VERSION}"
            for entity in self._client.query_entities(newer, select=["PartitionKey", "RowKey", "SchemaVersion"]):
                raise _newer(entity["SchemaVersion"])
            for entity in self._client.query_entities(STATES):
                row = read_state(entity)
                if row.schema_version > STATE_SCHEMA_VERSION:
                    raise _newer(row.schema_version)
                yield StoredRow(row, etag_of(entity))

    def commit(self, transitions: Sequence[Transition]) -> None:
        """Write the transitions, as many to a transaction as fit; transactions go out side by side.

        Raises ``StateConflictError`` when a row is not the one replaced; other transactions may have been written then.
        """
        refuse_repeats(transitions)
        with self._report("write"):
            self._writer.write([_written(each) for each in transitions], self._not_yet_written)

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        return self._outbox.unsent()

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted; an entry with all of them moves to the sent ones."""
        self._outbox.mark_sent(entries, accepted, now)

    def replay(self, since: datetime) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        return self._outbox.replay(since)

    def purge_sent(self, before: datetime) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        return self._outbox.purge_sent(before)

    def get_record(self, name: str) -> str | None:
        """Read a control record."""
        with self._report("read a record of"):
            entity = self._writer.find(CONTROL, record_key(name))
        return None if entity is None else read_record(entity)

    def put_records(self, records: Mapping[str, str], events: Sequence[Event] = ()) -> None:
        """Write control records and put events into the outbox, in one transaction.

        Raises ``StoreError`` for more than 100 rows or 4 MiB.
        """
        puts = [Operation(kind="put", entity=record_entity(name, value)) for name, value in records.items()]
        name = name_of(events)
        creates = [Operation(kind="create", entity=each) for each in entry_entities(CONTROL, name, 0, events)]

        def plan() -> Sequence[Unit]:
            operations = puts if creates and self._has_entry(name) else puts + creates
            return [Unit(operations=operations)] if operations else []

        with self._report("write a record of"):
            self._writer.write(plan(), lambda _: plan())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _create_table(self) -> None:
        try:
            self._client.create_table()
        except ResourceExistsError as error:
            if code_of(error) != TableErrorCode.TABLE_ALREADY_EXISTS:
                raise

    def _has_entry(self, name: str) -> bool:
        query = f"PartitionKey eq '{CONTROL}' and (({UNSENT}) or ({SENT})) and Entry eq '{name}'"
        return any(True for _ in self._client.query_entities(query, select=["RowKey"]))

    def _not_yet_written(self, units: Sequence[Unit]) -> Sequence[Unit]:
        """Read the state rows of some transitions; raise ``StateConflictError`` or leave those still to be written."""
        return [unit for unit in units if unit.transition and not already_written(unit.transition, self._current(unit))]

    def _current(self, unit: Unit) -> tuple[int, str, str] | None:
        state = unit.operations[0].entity
        entity = self._writer.find(unit.partition, str(state["RowKey"]))
        if entity is None:
            return None
        row = read_state(entity)
        return (row.revision, row.commit_id, etag_of(entity))


def _written(transition: Transition) -> Unit:
    row, version = transition.row, transition.replaces
    state = state_entity(row)
    entries = entry_entities(str(state["PartitionKey"]), fingerprint(row.key), row.revision, transition.events)
    return Unit(
        operations=[
            Operation(kind="create" if version is None else "replace", entity=state, etag=version),
            *(Operation(kind="create", entity=entity) for entity in entries),
        ],
        transition=transition,
    )


def _newer(version: int) -> NewerSchemaError:
    return NewerSchemaError(f"the state is of version {version}; this service knows {STATE_SCHEMA_VERSION}: upgrade it")
