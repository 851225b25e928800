"""The estate: subscriptions, resource groups and resources, as Resource Manager has them and as Resource Graph shows them.

Resource Manager's documents are kept as JSON text; Resource Graph's tables are DuckDB tables beside them. Normally they
agree. Holding the index back leaves the tables as they are while the documents change.
"""

import json
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from emulator import documents, kql
from emulator.clock import DomainClock
from emulator.messages import iso

SCALE_SET_TYPE = "microsoft.compute/virtualmachinescalesets"
VM_TYPE = "microsoft.compute/virtualmachines"
INSTANCE_TYPE = "microsoft.compute/virtualmachinescalesets/virtualmachines"
TABLES = ("resources", "computeresources", "resourcecontainers", "resourcechanges")
TEXT_COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "apiVersion",
)  # fmt: skip
JSON_COLUMNS = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")
COLUMNS = TEXT_COLUMNS + JSON_COLUMNS
INDEX_API_VERSION = "2025-04-01"
CHANGES_KEPT = timedelta(days=14)
_BLOCK = 2000
_MODEL = "properties.virtualMachineProfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription of the tenant."""

    id: str
    name: str
    management_group: str = "mg-root"
    state: str = "Enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroup:
    """A resource group; ``managed_by`` is the resource whose service owns it."""

    subscription_id: str
    name: str
    location: str
    managed_by: str = ""

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who changed something, as Resource Graph's change records say it.

    https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
    """

    changed_by: str = "System"
    changed_by_type: str = "System"
    client_type: str = "Unspecified"
    operation: str = ""
    correlation_id: str = ""


class Estate:
    """Every resource, and the record of every change."""

    def __init__(self, clock: DomainClock, tenant_id: str) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.tenant_id = tenant_id
        self.database = kql.open_database()
        columns = [f'"{name}" VARCHAR' for name in TEXT_COLUMNS] + [f'"{name}" JSON' for name in JSON_COLUMNS]
        self.database.execute("CREATE SCHEMA estate")
        for table in TABLES:
            self.database.execute(f"CREATE TABLE estate.{table} ({', '.join(columns)})")
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.subscriptions: dict[str, Subscription] = {}
            self.groups: dict[str, ResourceGroup] = {}
            self._documents: dict[str, str] = {}
            self._held: dict[str, None] | None = None
            for table in TABLES:
                self.database.execute(f"DELETE FROM estate.{table}")  # noqa: S608 - table names of our own

    # Containers

    def put_subscription(self, subscription: Subscription) -> None:
        """Add or replace a subscription."""
        with self.lock:
            self.subscriptions[subscription.id.lower()] = subscription
            row = {
                "id": f"/subscriptions/{subscription.id}",
                "name": subscription.name,
                "type": "microsoft.resources/subscriptions",
                "subscriptionId": subscription.id,
                "properties": {
                    "state": subscription.state,
                    "managementGroupAncestorsChain": [
                        {"name": subscription.management_group, "displayName": subscription.management_group}
                    ],
                },
            }
            self._replace("resourcecontainers", [row])

    def put_group(self, group: ResourceGroup) -> None:
        """Add or replace a resource group."""
        with self.lock:
            self.groups[group.id.lower()] = group
            self._replace("resourcecontainers", [_group_row(group)])

    # Scale sets

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """Answer the document of a scale set, if it exists."""
        with self.lock:
            text = self._documents.get(resource_id.lower())
        return None if text is None else json.loads(text)

    def scale_sets(self, prefix: str) -> list[str]:
        """Answer the documents, as JSON text, of the scale sets whose id begins so, ordered by id."""
        prefix = prefix.lower()
        with self.lock:
            return [text for key, text in sorted(self._documents.items()) if key.startswith(prefix)]

    def count(self) -> int:
        """How many scale sets there are."""
        with self.lock:
            return len(self._documents)

    def load(
        self,
        groups: Iterable[ResourceGroup],
        scale_sets: Iterable[Mapping[str, Any]],
        instances: Iterable[Mapping[str, Any]],
    ) -> None:
        """Add many resources that are new, and were there before anybody looked: no changes are recorded."""
        with self.lock:
            new = {group.id.lower(): group for group in groups if group.id.lower() not in self.groups}
            self.groups.update(new)
            self._insert("resourcecontainers", [_group_row(group) for group in new.values()])
            rows = []
            for document in scale_sets:
                self._documents[str(document["id"]).lower()] = json.dumps(document, separators=(",", ":"))
                rows.append(self._indexed(document))
            self._insert("resources", rows)
            by_table: dict[str, list[dict[str, Any]]] = {"resources": [], "computeresources": []}
            for document in instances:
                row = self._indexed(document)
                by_table["computeresources" if row["type"] == INSTANCE_TYPE else "resources"].append(row)
            for table, found in by_table.items():
                self._insert(table, found)

    def put(self, document: Mapping[str, Any], by: Attribution) -> bool:
        """Create or replace a scale set, and record the change; answer whether it is new."""
        resource_id = str(document["id"])
        with self.lock:
            before = self.get(resource_id)
            self._ensure_group(resource_id, str(document.get("location", "westeurope")))
            self._documents[resource_id.lower()] = json.dumps(document, separators=(",", ":"))
            self._show(resource_id)
            changes = {} if before is None else documents.differences(before, document)
            if any(path.startswith(_MODEL) for path in changes) and _is_manual(document):
                self._leave_behind(resource_id)
            if before is None or changes:
                self._record(document, "Create" if before is None else "Update", changes, by)
            return before is None

    def delete(self, resource_id: str, by: Attribution) -> bool:
        """Delete a scale set and its instances, and record the change; answer whether it was there."""
        with self.lock:
            before = self.get(resource_id)
            if before is None:
                return False
            del self._documents[resource_id.lower()]
            self._show(resource_id)
            self._record(before, "Delete", {}, by)
            return True

    def put_instances(self, instances: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace instances (children of Uniform sets, virtual machines of Flexible ones)."""
        with self.lock:
            for document in instances:
                row = self._indexed(document)
                self._replace("computeresources" if row["type"] == INSTANCE_TYPE else "resources", [row])

    def instances(self, scale_set_id: str) -> list[dict[str, Any]]:
        """Answer the instances of a scale set, as documents, ordered by id."""
        with self.lock:
            cursor = self.database.cursor()
        rows = cursor.execute(
            "SELECT id, name, location, sku, tags, zones, properties FROM estate.computeresources "
            "WHERE starts_with(lower(id), $1) UNION ALL "
            "SELECT id, name, location, sku, tags, zones, properties FROM estate.resources "
            "WHERE type = $2 AND lower(properties->>'$.virtualMachineScaleSet.id') = $3 ORDER BY id",
            [scale_set_id.lower() + "/virtualmachines/", VM_TYPE, scale_set_id.lower()],
        ).fetchall()
        keys = ("sku", "tags", "zones", "properties")
        return [
            {"id": row[0], "name": row[1], "location": row[2]}
            | {key: json.loads(text) for key, text in zip(keys, row[3:], strict=True) if text}
            for row in rows
        ]

    # The index

    def hold_index(self, *, held: bool) -> None:
        """Let Resource Graph fall behind from now on, or catch up."""
        with self.lock:
            if held:
                self._held = {} if self._held is None else self._held
                return
            waiting, self._held = self._held or {}, None
            for resource_id in waiting:
                self._show(resource_id)

    def _show(self, resource_id: str) -> None:
        key = resource_id.lower()
        if self._held is not None:
            self._held[key] = None
            return
        document = self.get(key)
        if document is not None:
            self._replace("resources", [self._indexed(document)])
            return
        execute = self.database.execute
        execute("DELETE FROM estate.resources WHERE lower(id) = $1", [key])
        execute("DELETE FROM estate.computeresources WHERE starts_with(lower(id), $1)", [key + "/"])
        execute(
            "DELETE FROM estate.resources WHERE type = $1 AND lower(properties->>'$.virtualMachineScaleSet.id') = $2",
            [VM_TYPE, key],
        )

    def _leave_behind(self, resource_id: str) -> None:
        """Under Manual mode a new model reaches no instance by itself."""
        self.database.execute(
            "UPDATE estate.computeresources SET properties = json_merge_patch(properties, $1) "
            "WHERE starts_with(lower(id), $2)",
            ['{"latestModelApplied":false}', resource_id.lower() + "/"],
        )

    def _ensure_group(self, resource_id: str, location: str) -> None:
        parts = documents.parse_id(resource_id)
        if parts.subscription.lower() not in self.subscriptions:
            self.put_subscription(Subscription(id=parts.subscription, name=f"sub-{parts.subscription[:8]}"))
        group = ResourceGroup(subscription_id=parts.subscription, name=parts.group, location=location)
        if group.id.lower() not in self.groups:
            self.put_group(group)

    def _indexed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        parts = documents.parse_id(str(document["id"]))
        return {
            **document,
            "type": parts.type.lower(),
            "name": document.get("name", parts.name),
            "resourceGroup": parts.group.lower(),
            "subscriptionId": parts.subscription,
            "apiVersion": INDEX_API_VERSION,
        }

    def _record(
        self, document: Mapping[str, Any], change_type: str, changes: Mapping[str, tuple[Any, Any]], by: Attribution
    ) -> None:
        """Write a change record. As in Azure, properties that were not there before are not named."""
        name = str(uuid.uuid4())
        shown = {
            path: {"previousValue": _as_text(before), "newValue": _as_text(after), "isTruncated": "false"}
            for path, (before, after) in changes.items()
            if before is not None
        }
        parts = documents.parse_id(str(document["id"]))
        action = "delete" if change_type == "Delete" else "write"
        row = {
            "id": f"{document['id']}/providers/Microsoft.Resources/changes/{name}",
            "name": name,
            "type": "microsoft.resources/changes",
            "resourceGroup": parts.group.lower(),
            "subscriptionId": parts.subscription,
            "properties": {
                "targetResourceId": document["id"],
                "targetResourceType": SCALE_SET_TYPE,
                "changeType": change_type,
                "changeAttributes": {
                    "timestamp": iso(self.clock.now()),
                    "changedBy": by.changed_by,
                    "changedByType": by.changed_by_type,
                    "clientType": by.client_type,
                    "operation": by.operation or f"Microsoft.Compute/virtualMachineScaleSets/{action}",
                    "correlationId": by.correlation_id or str(uuid.uuid4()),
                    "changesCount": len(shown),
                    "previousResourceSnapshotId": "",
                    "newResourceSnapshotId": "",
                },
                "changes": shown,
            },
        }
        self._insert("resourcechanges", [row])

    def _replace(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.database.execute(
                f"DELETE FROM estate.{table} WHERE lower(id) = $1",  # noqa: S608 - table names of our own
                [str(row["id"]).lower()],
            )
        self._insert(table, rows)

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows block by block, as columns: row by row, DuckDB takes minutes for a large fleet."""
        values = ", ".join(f"unnest(${index}::VARCHAR[])" for index in range(1, len(COLUMNS) + 1))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            columns: list[list[str | None]] = [[self._text(row, name) for row in block] for name in TEXT_COLUMNS]
            columns += [[_json(row.get(name)) for row in block] for name in JSON_COLUMNS]
            self.database.execute(f"INSERT INTO estate.{table} SELECT {values}", columns)

    def _text(self, row: Mapping[str, Any], name: str) -> str:
        return self.tenant_id if name == "tenantId" else str(row.get(name) or "")


def _group_row(group: ResourceGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "type": "microsoft.resources/subscriptions/resourcegroups",
        "location": group.location,
        "resourceGroup": group.name.lower(),
        "subscriptionId": group.subscription_id,
        "managedBy": group.managed_by,
        "properties": {"provisioningState": "Succeeded"},
    }


def _is_manual(document: Mapping[str, Any]) -> bool:
    policy = document.get("properties", {}).get("upgradePolicy") or {}
    return str(policy.get("mode", "Manual")).lower() == "manual"


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)
