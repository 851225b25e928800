"""The state and the outbox in Azure Table Storage."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableErrorCode

from scanner.adapters.stores.commit_check import already_written, refuse_repeats
from scanner.adapters.stores.outbox_body import encode_ids, fingerprint, name_of, not_in, utc_text
from scanner.adapters.stores.table_errors import code_of, is_conflict, is_in_doubt, reporting
from scanner.adapters.stores.table_lease import TableLease
from scanner.adapters.stores.table_rows import (
    CONTROL,
    SENT,
    STATES,
    UNSENT,
    day,
    entry_entities,
    put_text,
    read_entry,
    read_record,
    read_sent_at,
    read_state,
    record_entity,
    record_key,
    sent_key,
    state_entity,
    unsent_key,
    without_text,
)
from scanner.adapters.stores.table_transactions import Operation, Unit, pack
from scanner.errors import NewerSchemaError, StoreError
from scanner.ports.event import Event
from scanner.ports.store import STATE_SCHEMA_VERSION, OutboxEntry, StateWrite, StoredRow

_ATTEMPTS = 3
_PARALLEL = 4
_PATIENCE: Mapping[str, Any] = {
    "retry_total": 4,
    "retry_backoff_max": 10,
    "timeout": 120,
    "connection_timeout": 10,
    "read_timeout": 60,
}
"""Seconds and repeats for one request: left alone, the client would wait for seven days."""

type PlanAgain = Callable[[Sequence[Unit]], Sequence[Unit]]


class TableStore:
    """A ``StateStore`` in one table of a storage account; the table is made if it is missing.

    Limits: a state body or control record of 1 MiB, and a write's row and events of about 3 MB, each after
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
                yield StoredRow(row, _etag(entity))

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write states, as many to a transaction as fit; transactions go out side by side.

        Raises ``StateConflictError`` when a row is not the one replaced; other transactions may have been written then.
        """
        refuse_repeats(writes)
        versions: dict[str, str] = {}
        with self._report("write"):
            units = [_written(each) for each in writes]
            self._write(units, lambda units: self._not_yet_written(units, versions), versions)
        return versions

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        with self._report("read the outbox of"):
            for entity in self._client.query_entities(UNSENT):
                yield _entry(entity)

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted; an entry with all of them moves to the sent ones."""
        row_keys: dict[str, set[str]] = {}
        for entry in entries:
            partition, row_key = entry.entry_id.split("/")
            row_keys.setdefault(partition, set()).add(row_key)
        with self._report("mark sent events in"):
            found = [
                entity
                for partition, wanted in row_keys.items()
                # Entries come in the order of their keys, so a batch of them is a narrow range.
                for entity in self._client.query_entities(
                    f"PartitionKey eq '{partition}' and RowKey ge '{min(wanted)}' and RowKey le '{max(wanted)}'"
                )
                if entity["RowKey"] in wanted
            ]
            self._change(found, lambda entity: _marked(entity, accepted, now))

    def replay(self, since: datetime) -> int:
        """Make the entries wholly sent at ``since`` or later unsent again; answer how many events that is."""
        with self._report("replay events of"):
            days = f"RowKey ge 'sent|{day(since)}' and RowKey lt 'sent}}'"
            found = [each for each in self._client.query_entities(days) if read_sent_at(each) >= utc_text(since)]
            self._change(found, _unmarked)
            return sum(len(read_entry(entity)[0]) for entity in found)

    def purge_sent(self, before: datetime) -> int:
        """Delete the entries wholly sent before the day (UTC) of ``before``; answer how many."""
        with self._report("purge sent events of"):
            days = f"RowKey ge 'sent|' and RowKey lt 'sent|{day(before)}'"
            found = list(self._client.query_entities(days, select=["PartitionKey", "RowKey"]))
            self._change(found, _deleted)
            return len(found)

    def get_record(self, name: str) -> str | None:
        """Read a control record."""
        with self._report("read a record of"):
            entity = self._find(CONTROL, record_key(name))
        return None if entity is None else read_record(entity)

    def put_records(self, records: Mapping[str, str], events: Sequence[Event] = ()) -> Sequence[OutboxEntry]:
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
            self._write(plan(), lambda _: plan())
        return [_entry(operation.entity) for operation in creates]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _create_table(self) -> None:
        try:
            self._client.create_table()
        except ResourceExistsError as error:
            if code_of(error) != TableErrorCode.TABLE_ALREADY_EXISTS:
                raise

    def _find(self, partition: str, row_key: str) -> TableEntity | None:
        try:
            return self._client.get_entity(partition, row_key)
        except ResourceNotFoundError as error:
            if code_of(error) == TableErrorCode.TABLE_NOT_FOUND:
                raise
            return None

    def _has_entry(self, name: str) -> bool:
        query = f"PartitionKey eq '{CONTROL}' and (({UNSENT}) or ({SENT})) and Entry eq '{name}'"
        return any(True for _ in self._client.query_entities(query, select=["RowKey"]))

    def _not_yet_written(self, units: Sequence[Unit], versions: dict[str, str]) -> Sequence[Unit]:
        """Read the rows of some states; raise ``StateConflictError`` or leave those still to be written."""
        left = []
        for unit in units:
            current = self._current(unit)
            if unit.write is None:
                continue
            if current is not None and already_written(unit.write, current):
                versions[unit.write.row.key] = current[2]
            elif not already_written(unit.write, current):
                left.append(unit)
        return left

    def _current(self, unit: Unit) -> tuple[int, str, str] | None:
        state = unit.operations[0].entity
        entity = self._find(unit.partition, str(state["RowKey"]))
        if entity is None:
            return None
        row = read_state(entity)
        return (row.revision, row.commit_id, _etag(entity))

    def _change(self, found: Iterable[TableEntity], change: Callable[[TableEntity], Unit | None]) -> None:
        """Change rows that were read; whenever it is in doubt whether that was done, read them again."""

        def plan_again(units: Sequence[Unit]) -> Sequence[Unit]:
            keys = [(unit.partition, str(unit.operations[-1].entity["RowKey"])) for unit in units]
            return _planned((self._find(*key) for key in keys), change)

        self._write(_planned(found, change), plan_again)

    def _write(self, units: Sequence[Unit], plan_again: PlanAgain, versions: dict[str, str] | None = None) -> None:
        """Send transactions; the new versions of states go into ``versions``, by key."""
        versions = {} if versions is None else versions
        transactions = pack(units)
        if len(transactions) < 2:
            for transaction in transactions:
                self._submit(transaction, plan_again, versions)
            return
        with ThreadPoolExecutor(min(_PARALLEL, len(transactions)), "table-transaction") as pool:
            futures = [pool.submit(self._submit, transaction, plan_again, versions) for transaction in transactions]
            try:
                for future in futures:
                    future.result()
            finally:
                for future in futures:
                    future.cancel()

    def _submit(self, units: Sequence[Unit], plan_again: PlanAgain, versions: dict[str, str]) -> None:
        """Send one transaction. When in doubt whether it was done, read; send again what still has to be done."""
        left = units
        for attempt in range(_ATTEMPTS):
            try:
                done = self._client.submit_transaction([each.for_sdk() for unit in left for each in unit.operations])
            except AzureError as error:
                if attempt == _ATTEMPTS - 1 or not is_in_doubt(error):
                    left = plan_again(left) if is_in_doubt(error) else left
                    if not left:
                        return
                    raise
                if not is_conflict(error):
                    time.sleep(0.2 * 4**attempt)
            else:
                versions.update(_versions(left, done))
                return
            left = plan_again(left)
            if not left:
                return


def _written(write: StateWrite) -> Unit:
    row, version = write.row, write.replaces
    state = state_entity(row)
    entries = entry_entities(str(state["PartitionKey"]), fingerprint(row.key), row.revision, write.events)
    return Unit(
        operations=[
            Operation(kind="create" if version is None else "replace", entity=state, etag=version),
            *(Operation(kind="create", entity=entity) for entity in entries),
        ],
        write=write,
    )


def _versions(units: Sequence[Unit], done: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Read the ETags of the states that a transaction wrote; its answers come in the order of its operations."""
    answers = iter(done)
    for unit in units:
        first, *_ = [next(answers) for _ in unit.operations]
        if unit.write is not None:
            yield unit.write.row.key, str(first["etag"])


def _entry(entity: Mapping[str, Any]) -> OutboxEntry:
    entry_id = f"{entity['PartitionKey']}/{entity['RowKey']}"
    try:
        events, accepted = read_entry(entity)
    except StoreError as error:
        return OutboxEntry(entry_id=entry_id, events=(), damage=f"An outbox entry stays where it is: {error}.")
    return OutboxEntry(entry_id=entry_id, events=not_in(accepted, events))


def _planned(found: Iterable[TableEntity | None], change: Callable[[TableEntity], Unit | None]) -> Sequence[Unit]:
    return [unit for entity in found if entity is not None and (unit := change(entity)) is not None]


def _marked(entity: TableEntity, accepted: AbstractSet[str], now: datetime) -> Unit | None:
    events, before = read_entry(entity)
    known = before | {event.event_id for event in events if event.event_id in accepted}
    changed = without_text(entity, "Accepted")
    if not not_in(known, events):
        return _moved(entity, {**changed, "RowKey": sent_key(entity["RowKey"], now), "SentAt": utc_text(now)})
    if known == before:
        return None
    put_text(changed, "Accepted", encode_ids(known))
    return Unit(operations=[Operation(kind="replace", entity=changed, etag=_etag(entity))])


def _unmarked(entity: TableEntity) -> Unit:
    return _moved(entity, {**without_text(entity, "SentAt"), "RowKey": unsent_key(entity["RowKey"])})


def _moved(entity: TableEntity, target: Mapping[str, str | int | bytes]) -> Unit:
    return Unit(operations=[Operation(kind="put", entity=target), *_deleted(entity).operations])


def _deleted(entity: TableEntity) -> Unit:
    keys = {"PartitionKey": entity["PartitionKey"], "RowKey": entity["RowKey"]}
    return Unit(operations=[Operation(kind="delete", entity=keys, etag=_etag(entity))])


def _etag(entity: TableEntity) -> str:
    return str(entity.metadata["etag"])


def _newer(version: int) -> NewerSchemaError:
    return NewerSchemaError(f"the state is of version {version}; this service knows {STATE_SCHEMA_VERSION}: upgrade it")
