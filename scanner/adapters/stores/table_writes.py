"""Transactions on a table: sent side by side, and read again whenever an answer leaves it in doubt if one was done."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableErrorCode

from scanner.adapters.stores.table_errors import code_of, is_conflict, is_in_doubt
from scanner.adapters.stores.table_transactions import Operation, Unit, pack

_ATTEMPTS = 3
_PARALLEL = 4

type PlanAgain = Callable[[Sequence[Unit]], Sequence[Unit]]


class TableWriter:
    """Writes units of operations to one table. Raises what the client raises."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def find(self, partition: str, row_key: str) -> TableEntity | None:
        """Read one row; ``None``: it is not there. A missing table raises."""
        try:
            return self._client.get_entity(partition, row_key)
        except ResourceNotFoundError as error:
            if code_of(error) == TableErrorCode.TABLE_NOT_FOUND:
                raise
            return None

    def change(self, found: Iterable[TableEntity], change: Callable[[TableEntity], Unit | None]) -> None:
        """Change rows that were read; whenever it is in doubt whether that was done, read them again."""

        def plan_again(units: Sequence[Unit]) -> Sequence[Unit]:
            keys = [(unit.partition, str(unit.operations[-1].entity["RowKey"])) for unit in units]
            return _planned((self.find(*key) for key in keys), change)

        self.write(_planned(found, change), plan_again)

    def write(self, units: Sequence[Unit], plan_again: PlanAgain, versions: dict[str, str] | None = None) -> None:
        """Send units, as many to a transaction as fit. ``plan_again`` reads which of them still have to be done.

        The new version of each state that was written goes into ``versions``, by key.
        """
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
        """Send one transaction. When in doubt whether it was done, read; after a conflict, send again what is left.

        The client's pipeline has repeated what may be repeated: a lost answer is followed by a conflict with ourselves.
        """
        left = units
        for attempt in range(_ATTEMPTS):
            try:
                done = self._client.submit_transaction([each.for_sdk() for unit in left for each in unit.operations])
            except Exception as error:  # also what the client throws at an answer that it cannot read
                if not is_in_doubt(error):
                    raise
                left = plan_again(left)
                if left and (attempt == _ATTEMPTS - 1 or not is_conflict(error)):
                    raise
            else:
                versions.update(_versions(left, done))
                return
            if not left:
                return


def _versions(units: Sequence[Unit], done: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Read the ETags of the states that a transaction wrote; its answers come in the order of its operations."""
    answers = iter(done)
    for unit in units:
        first, *_ = [next(answers) for _ in unit.operations]
        if unit.write is not None:
            yield unit.write.row.key, str(first["etag"])


def delete_of(entity: TableEntity) -> Unit:
    """Plan to delete a row as it was read."""
    keys = {"PartitionKey": entity["PartitionKey"], "RowKey": entity["RowKey"]}
    return Unit(operations=[Operation(kind="delete", entity=keys, etag=etag_of(entity))])


def etag_of(entity: TableEntity) -> str:
    """Name the version of a row that was read."""
    return str(entity.metadata["etag"])


def _planned(found: Iterable[TableEntity | None], change: Callable[[TableEntity], Unit | None]) -> Sequence[Unit]:
    return [unit for entity in found if entity is not None and (unit := change(entity)) is not None]
