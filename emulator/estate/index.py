"""Resource Graph's tables, in DuckDB."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from emulator.estate import documents, instance_rows
from emulator.estate.instance_rows import INSTANCE_TYPE, VM_TYPE
from emulator.estate.instances import Runs
from emulator.kusto import kql

TABLES = (
    "resources", "computeresources", "resourcecontainers", "resourcechanges", "maintenanceresources",
    "communitygalleryresources", "patchassessmentresources", "patchinstallationresources",
)  # fmt: skip
TEXT_COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "apiVersion",
)  # fmt: skip
JSON_COLUMNS = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")
COLUMNS = TEXT_COLUMNS + JSON_COLUMNS
API_VERSION = "2025-04-01"
"""The version with which the index reads every resource."""
_BLOCK = 2000
_PLACE = re.compile(r"^/subscriptions/(?P<subscription>[^/]+)(?:/resourcegroups/(?P<group>[^/]+))?/", re.IGNORECASE)


class Index:
    """The tables, and what is done to them. Callers hold the lock while they change something."""

    def __init__(self, lock: threading.RLock, tenant_id: str) -> None:
        self._lock = lock
        self._tenant_id = tenant_id
        self._database = kql.open_database()
        columns = [f'"{name}" VARCHAR' for name in TEXT_COLUMNS] + [f'"{name}" JSON' for name in JSON_COLUMNS]
        self.is_kept = False
        """Whether there is a copy of the tables in the schema ``kept``."""
        self._database.execute("CREATE SCHEMA estate")
        for table in TABLES:
            self._database.execute(f"CREATE TABLE estate.{table} ({', '.join(columns)})")
        instance_rows.create(self._database)
        self.not_offered: tuple[str, ...] = ()
        """Paths below ``properties`` that this cloud leaves out of ``computeresources``."""

    def keep(self) -> None:
        """Keep a copy of every table as it is now, in the schema ``kept``, in place of the copy before."""
        with self._lock:
            self._database.execute("CREATE SCHEMA IF NOT EXISTS kept")
            for table in (*TABLES, instance_rows.TABLE):
                self._database.execute(f"CREATE OR REPLACE TABLE kept.{table} AS FROM estate.{table}")
            self.is_kept = True

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open a connection of its own to the tables, which are in the schema ``estate``; close it after use."""
        with self._lock:
            return self._database.cursor()

    def clear(self) -> None:
        """Empty every table, and forget what was kept."""
        self._database.execute("DROP SCHEMA IF EXISTS kept CASCADE")
        self.is_kept = False
        self.not_offered = ()
        for table in (*TABLES, instance_rows.TABLE):
            self._database.execute(f"DELETE FROM estate.{table}")  # noqa: S608 - table names of our own

    def source(self, table: str, schema: str) -> str:
        """Write the query that answers a table's rows: those that are kept whole, and the instances of the runs."""
        stored = f"SELECT * FROM {schema}.{table}"  # noqa: S608 - names of our own
        if table == "resources":
            return f"{stored} UNION ALL {self._instances(schema, flexible=True)}"
        if table != "computeresources":
            return stored
        whole = f"{stored} UNION ALL {self._instances(schema, flexible=False)}"
        if not self.not_offered:
            return whole
        patch: dict[str, Any] = {}
        for path in self.not_offered:
            documents.assign(patch, documents.parse_path(path), None)
        text = json.dumps(patch).replace("'", "''")
        shown = f"SELECT * REPLACE (json_merge_patch(properties, '{text}') AS properties)"
        return f"{shown} FROM ({whole})"

    def _instances(self, schema: str, *, flexible: bool) -> str:
        return instance_rows.expanded(schema, API_VERSION, self._tenant_id, flexible=flexible)

    def replace_runs(self, keys: Sequence[str], found: Sequence[tuple[Mapping[str, Any], Runs]]) -> None:
        """Bring the instances of scale sets up to date; ``keys`` are their ids in lower case."""
        instance_rows.replace(self._database, keys, found)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows block by block, as columns: row by row, DuckDB takes minutes for a large fleet."""
        values = ", ".join(f"unnest(${index}::VARCHAR[])" for index in range(1, len(COLUMNS) + 1))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            columns: list[list[str | None]] = [[self._text(row, name) for row in block] for name in TEXT_COLUMNS]
            columns += [[_json(row.get(name)) for row in block] for name in JSON_COLUMNS]
            self._database.execute(f"INSERT INTO estate.{table} SELECT {values}", columns)

    def replace(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row in the place of the one with its id."""
        self._database.execute(
            f"DELETE FROM estate.{table} WHERE lower(id) = $1",  # noqa: S608 - table names of our own
            [str(row["id"]).lower()],
        )
        self.insert(table, [row])

    def put_resources(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """Insert or replace scale sets."""
        rows = [_resource_row(document) for document in resources]
        for start in range(0, len(rows), _BLOCK):
            keys = [str(row["id"]).lower() for row in rows[start : start + _BLOCK]]
            self._database.execute(
                "DELETE FROM estate.resources WHERE lower(id) IN (SELECT unnest($1::VARCHAR[]))", [keys]
            )
        self.insert("resources", rows)

    def put_other(self, document: Mapping[str, Any], table: str) -> None:
        """Insert or replace a resource of another kind; its own ``type`` and ids go before those of its path."""
        resource_id = str(document["id"])
        match = _PLACE.match(resource_id)
        row = {
            "subscriptionId": match["subscription"] if match else "",
            "resourceGroup": (match["group"] or "").lower() if match else "",
            "apiVersion": API_VERSION,
            "name": resource_id.rpartition("/")[2],
            **document,
            "type": str(document.get("type", "")).lower(),
        }
        shown = {name: value for name, value in (row.get("properties") or {}).items() if name != "replicationStatus"}
        self.replace(table, {**row, "properties": shown})

    def remove_other(self, resource_id: str, table: str) -> None:
        """Take away a resource of another kind."""
        self._database.execute(
            f"DELETE FROM estate.{table} WHERE lower(id) = $1",  # noqa: S608 - table names of our own
            [resource_id.lower()],
        )

    def remove_container(self, resource_id: str) -> None:
        """Take away a subscription's or a resource group's row."""
        self._database.execute("DELETE FROM estate.resourcecontainers WHERE lower(id) = $1", [resource_id.lower()])

    def put_resource(self, document: Mapping[str, Any]) -> None:
        """Insert or replace a resource."""
        row = _resource_row(document)
        self.replace(_table_of(row), row)

    def remove_scale_set(self, resource_id: str) -> None:
        """Take away a scale set and its instances."""
        key = resource_id.lower()
        execute = self._database.execute
        execute("DELETE FROM estate.resources WHERE lower(id) = $1", [key])
        instance_rows.replace(self._database, [key], ())
        execute("DELETE FROM estate.computeresources WHERE starts_with(lower(id), $1)", [key + "/"])
        execute(
            "DELETE FROM estate.resources WHERE type = $1 AND lower(properties->>'$.virtualMachineScaleSet.id') = $2",
            [VM_TYPE, key],
        )

    def leave_instances_behind(self, resource_id: str) -> None:
        """Say of every Uniform instance of a scale set that it is not on the latest model."""
        self._database.execute(
            "UPDATE estate.computeresources SET properties = json_merge_patch(properties, $1) "
            "WHERE starts_with(lower(id), $2)",
            ['{"latestModelApplied":false}', resource_id.lower() + "/"],
        )

    def instances(self, scale_set_id: str) -> list[dict[str, Any]]:
        """Answer the instances of a scale set that are documents of their own, ordered by id."""
        with self.cursor() as cursor:
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

    def _text(self, row: Mapping[str, Any], name: str) -> str:
        return self._tenant_id if name == "tenantId" else str(row.get(name) or "")


def _table_of(row: Mapping[str, Any]) -> str:
    return "computeresources" if row["type"] == INSTANCE_TYPE else "resources"


def _resource_row(document: Mapping[str, Any]) -> dict[str, Any]:
    parts = documents.parse_id(str(document["id"]))
    return {
        **document,
        "type": parts.type.lower(),
        "name": document.get("name", parts.name),
        "resourceGroup": parts.group.lower(),
        "subscriptionId": parts.subscription,
        "apiVersion": API_VERSION,
    }


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
