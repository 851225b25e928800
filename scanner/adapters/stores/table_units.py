"""The units of a transaction that write and delete states."""

from collections.abc import Sequence

from scanner.adapters.stores.outbox_body import fingerprint
from scanner.adapters.stores.table_rows import entry_entities, partition_key, state_entity, state_key
from scanner.adapters.stores.table_transactions import Operation, Unit, pack
from scanner.errors import StateTooLargeError, StoreError
from scanner.ports.store import StateWrite


def fitting(writes: Sequence[StateWrite]) -> Sequence[StateWrite]:
    """Raise ``StateTooLargeError`` for all the states that do not fit, before anything is written."""
    too_large: dict[str, str] = {}
    for write in writes:
        try:
            pack([written(write)])
        except StoreError as error:
            too_large[write.row.key] = str(error)
    if too_large:
        raise StateTooLargeError("; ".join(list(too_large.values())[:5]), keys=frozenset(too_large))
    return writes


def written(write: StateWrite) -> Unit:
    """Plan to write a state and its events."""
    row, version = write.row, write.replaces
    entries = entry_entities(partition_key(row.subscription_id), fingerprint(row.key), row.revision, write.events)
    return Unit(
        operations=[
            Operation(kind="create" if version is None else "replace", entity=state_entity(row), etag=version),
            *(Operation(kind="create", entity=entity) for entity in entries),
        ],
        write=write,
    )


def deletion(subscription_id: str, key: str, version: str) -> Unit:
    """Plan to delete a state, if it still has that version."""
    keys = {"PartitionKey": partition_key(subscription_id), "RowKey": state_key(key)}
    return Unit(operations=[Operation(kind="delete", entity=keys, etag=version)])
