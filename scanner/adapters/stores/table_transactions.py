"""Entity-group transactions of Table Storage: what goes into one, and what never does.

The service's limits are those of
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from azure.core import MatchConditions
from azure.data.tables import UpdateMode

from scanner.errors import StoreError
from scanner.ports.store import StateWrite

MAX_OPERATIONS = 100
MAX_BYTES = 4 * 1024 * 1024
_MARGIN_BYTES = 64 * 1024
_OPERATION_BYTES = 1_500
"""Boundaries, request line and headers around one operation, generously."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change of one row. ``etag``: the change is made only to that version of it."""

    kind: Literal["create", "put", "replace", "delete"]
    entity: Mapping[str, str | int | bytes]
    etag: str | None = None

    def for_sdk(self) -> tuple[Any, ...]:
        """Write it as ``submit_transaction`` takes it. Replacing, never merging: merged rows keep old properties."""
        guard = {} if self.etag is None else {"etag": self.etag, "match_condition": MatchConditions.IfNotModified}
        match self.kind:
            case "create":
                return ("create", self.entity)
            case "put":
                return ("upsert", self.entity, {"mode": UpdateMode.REPLACE})
            case "replace":
                return ("update", self.entity, {"mode": UpdateMode.REPLACE, **guard})
            case "delete":
                return ("delete", self.entity, guard)

    def weight(self) -> int:
        """Estimate, from above, the bytes of this operation on the wire."""
        return _OPERATION_BYTES + sum(2 * len(name) + 40 + _weight(value) for name, value in self.entity.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Operations that are done together or not at all, all in one partition."""

    operations: Sequence[Operation]
    write: StateWrite | None = None
    """What the operations write, where they write a state."""

    @property
    def partition(self) -> str:
        """The partition. Raises ``ValueError`` when there are two: Azure refuses that, and Azurite does not."""
        found = {str(operation.entity["PartitionKey"]) for operation in self.operations}
        if len(found) != 1:
            raise ValueError(f"a transaction must be about one partition, not {sorted(found)}")
        return found.pop()

    def weight(self) -> int:
        """Estimate, from above, the bytes of the unit on the wire."""
        return sum(operation.weight() for operation in self.operations)


def pack(units: Iterable[Unit]) -> list[list[Unit]]:
    """Fill transactions: whole units, one partition, at most 100 operations and 4 MiB each.

    Raises ``StoreError`` when a unit alone is too large for a transaction.
    """
    packed: list[list[Unit]] = []
    filling: dict[str, tuple[list[Unit], int, int]] = {}
    for unit in units:
        partition, count, weight = unit.partition, len(unit.operations), unit.weight()
        if count > MAX_OPERATIONS or weight > MAX_BYTES - _MARGIN_BYTES:
            raise StoreError(
                f"{_described(unit)}: {count} rows and {weight:,} bytes pass the limit of one transaction,"
                f" {MAX_OPERATIONS} rows and {MAX_BYTES:,} bytes"
            )
        batch, operations, size = filling.get(partition, ([], MAX_OPERATIONS, 0))
        if operations + count > MAX_OPERATIONS or size + weight > MAX_BYTES - _MARGIN_BYTES:
            batch, operations, size = [], 0, 0
            packed.append(batch)
        batch.append(unit)
        filling[partition] = (batch, operations + count, size + weight)
    return packed


def _described(unit: Unit) -> str:
    if unit.write is None:
        return f"rows of the partition {unit.partition!r}"
    return f"the state of {unit.write.row.key!r} and its {len(unit.write.events)} events"


def _weight(value: str | int | bytes) -> int:
    match value:
        case str():
            return len(json.dumps(value))
        case bytes():
            return len(value) * 4 // 3 + 4
        case int():
            return 20
