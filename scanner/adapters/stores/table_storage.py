"""The state and the outbox in Azure Table Storage."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableErrorCode

from scanner.adapters.stores.commit_check import already_written, refuse_repeats
from scanner.adapters.stores.table_client import DatedTableClient
from scanner.adapters.stores.table_errors import code_of, reporting
from scanner.adapters.stores.table_lease import TableLease
from scanner.adapters.stores.table_outbox import TableOutbox
from scanner.adapters.stores.table_records import TableRecords
from scanner.adapters.stores.table_rows import (
    CONTROL,
    partition_key,
    read_state,
    record_key,
    state_key,
)
from scanner.adapters.stores.table_states import TableStates
from scanner.adapters.stores.table_transactions import Operation, Unit
from scanner.adapters.stores.table_units import deletion, fitting, written
from scanner.adapters.stores.table_writes import TableWriter, etag_of
from scanner.errors import StoreError
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


class TableStore:
    """A ``StateStore`` in one table of a storage account.

    Limits: a state body or control record of 1 MiB, and a state's row and events of about 3 MB, each after
    compression and before base64; what does not fit raises ``StoreError`` and is not cut.
    """

    def __init__(self, client: DatedTableClient) -> None:
        self._client = client
        self._report = reporting(client.url, client.table_name)
        self._writer = TableWriter(client)
        self._states = TableStates(client, self._writer, self._report)
        self._outbox = TableOutbox(client, self._writer, self._report)
        self._lease = TableLease(client, self._report)
        self._records = TableRecords(client, self._writer, self._lease, self._report)

    def create_table(self) -> None:
        """Create the table if it is missing. What only reads does not, and gets ``StateMissingError``."""
        with self._report("create"):
            try:
                self._client.create_table()
            except ResourceExistsError as error:
                if code_of(error) != TableErrorCode.TABLE_ALREADY_EXISTS:
                    raise

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError``."""
        self._lease.acquire(holder, now, duration)

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``; one that has ended but was not taken is still the holder's."""
        self._lease.renew(holder, now, duration)

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        self._lease.release(holder)

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        return self._lease.holder(now)

    def load(
        self, on_damage: Callable[[Damage], None] = refuse_damage, *, subscription_id: str | None = None
    ) -> Iterator[StoredRow]:
        """Yield the state rows; raise ``NewerSchemaError`` before the first when any of them is of a newer version."""
        return self._states.load(subscription_id, on_damage)

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have rows, with one request for each."""
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
        """Write states, as many to a transaction as fit; transactions go out side by side."""
        refuse_repeats(writes)
        versions: dict[str, str] = {}
        with self._report("write"):
            units = [written(each) for each in fitting(writes)]
            self._writer.write(units, lambda units: self._not_yet_written(units, versions), versions)
        return versions

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries with events that were not accepted yet."""
        return self._outbox.unsent()

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember which events of these entries were accepted; an entry with all of them moves to the sent ones."""
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
        return self._records.get(name)

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        """Write control records and put events into the outbox, in one transaction.

        Raises ``StoreError`` for more than 100 rows or 4 MiB.
        """
        return self._records.put(records, events, holder)

    def merge_records(self, merges: Mapping[str, Callable[[str | None], str]], *, holder: str) -> None:
        """Write control records, each made of what it holds, in one transaction."""
        self._records.merge(merges, holder)

    def forget(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Delete the rows that are still of that version."""

        def plan_again(units: Sequence[Unit]) -> Sequence[Unit]:
            return [each for each in units if self._is_unchanged(each.operations[0])]

        with self._report("delete states of"):
            self._writer.write([deletion(*row) for row in rows], plan_again)

    def row_name(self, subscription_id: str, key: str) -> str:
        """Name a row by its two keys, which hold no text of Azure's."""
        return f"{partition_key(subscription_id)}/{state_key(key)}"

    def drop(self, kind: Kind, name: str) -> bool:
        """Delete a row, an entry or a record."""
        with self._report("delete from"):
            partition, row_key = self._keys_of(kind, name)
            if self._writer.find(partition, row_key) is None:
                return False
            self._client.delete_entity(partition, row_key)
            return True

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _keys_of(self, kind: Kind, name: str) -> tuple[str, str]:
        if kind == "record":
            return CONTROL, record_key(name)
        if name.startswith("/subscriptions/"):
            name = self.row_name(name.lower().split("/")[2], name.lower())
        partition, _, row_key = name.partition("/")
        if not row_key.startswith("state|" if kind == "state" else ("event|", "sent|")):
            raise StoreError(f"{name!r} does not name {'a state' if kind == 'state' else 'an entry'} of the table")
        return partition, row_key

    def _is_unchanged(self, operation: Operation) -> bool:
        found = self._writer.find(str(operation.entity["PartitionKey"]), str(operation.entity["RowKey"]))
        return found is not None and etag_of(found) == operation.etag

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
        entity = self._writer.find(unit.partition, str(state["RowKey"]))
        if entity is None:
            return None
        row = read_state(entity)
        return (row.revision, row.commit_id, etag_of(entity))
