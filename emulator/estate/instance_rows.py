"""Instances in the index: a row for each run, and the view in which each instance is a row.

A million instances are some thousand rows here; a query pays for those that it looks at.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from emulator.estate import documents
from emulator.estate.instance_documents import NUMBER, VM_ID, is_flexible, properties_of
from emulator.estate.instances import Runs

VM_TYPE = "microsoft.compute/virtualmachines"
INSTANCE_TYPE = "microsoft.compute/virtualmachinescalesets/virtualmachines"
TABLE = "instance_runs"
_COLUMNS = {
    "key": "VARCHAR",
    "scale_set_id": "VARCHAR",
    "name": "VARCHAR",
    "is_flexible": "BOOLEAN",
    "resource_group": "VARCHAR",
    "group_id": "VARCHAR",
    "subscription": "VARCHAR",
    "location": "VARCHAR",
    "first": "BIGINT",
    "count": "BIGINT",
    "zones": "VARCHAR",
    "zone_count": "BIGINT",
    "sku": "VARCHAR",
    "tags": "VARCHAR",
    "properties": "VARCHAR",
}
_BLOCK = 2000


def create(database: duckdb.DuckDBPyConnection) -> None:
    """Create the table of the runs in the schema ``estate``."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
    database.execute(f"CREATE TABLE estate.{TABLE} ({columns})")


def replace(
    database: duckdb.DuckDBPyConnection, keys: Sequence[str], found: Iterable[tuple[Mapping[str, Any], Runs]]
) -> None:
    """Put runs in the place of all that the index has of the scale sets with these keys."""
    for start in range(0, len(keys), _BLOCK):
        block = list(keys[start : start + _BLOCK])
        database.execute(
            f"DELETE FROM estate.{TABLE} WHERE key IN (SELECT unnest($1::VARCHAR[]))",  # noqa: S608 - a name of our own
            [block],
        )
    rows = [row for document, runs in found for row in _rows(document, runs)]
    values = ", ".join(f"unnest(${number}::{kind}[])" for number, kind in enumerate(_COLUMNS.values(), 1))
    for start in range(0, len(rows), _BLOCK):
        columns = [list(column) for column in zip(*rows[start : start + _BLOCK], strict=True)]
        database.execute(f"INSERT INTO estate.{TABLE} SELECT {values}", columns)


def _rows(document: Mapping[str, Any], runs: Runs) -> list[tuple[Any, ...]]:
    scale_set_id = str(document["id"])
    parts = documents.parse_id(scale_set_id)
    zones = document.get("zones") or []
    sku = {name: value for name, value in (document.get("sku") or {}).items() if name != "capacity"}
    head = (
        scale_set_id.lower(),
        scale_set_id,
        str(document["name"]),
        is_flexible(document),
        parts.group.lower(),
        scale_set_id.rpartition("/providers/")[0],
        parts.subscription,
        str(document.get("location", "")),
    )
    tags = document.get("tags")
    tail = (json.dumps(zones), len(zones), json.dumps(sku) if sku else None, json.dumps(tags) if tags else None)
    return [
        (*head, run.first, run.count, *tail, json.dumps(properties_of(document, run.state), separators=(",", ":")))
        for run in runs
    ]


def expanded(schema: str, api_version: str, tenant_id: str, *, flexible: bool) -> str:
    """Write the query that makes a row of each instance: of the Flexible sets, or of the Uniform ones."""
    guid = "||'-'||".join(f"substr(digits, {start}, {length})" for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))  # fmt: skip
    if flexible:
        resource_id = "group_id||'/providers/Microsoft.Compute/virtualMachines/'||name||'_'||substr(digits, 1, 8)"
        name, kind, condition = "name||'_'||substr(digits, 1, 8)", VM_TYPE, "is_flexible"
    else:
        resource_id = "scale_set_id||'/virtualMachines/'||number::VARCHAR"
        name, kind, condition = "name||'_'||number::VARCHAR", INSTANCE_TYPE, "NOT is_flexible"
    return f"""
        SELECT {resource_id} AS "id", {name} AS "name", '{kind}' AS "type", '{tenant_id}' AS "tenantId", '' AS "kind",
            location AS "location", resource_group AS "resourceGroup", subscription AS "subscriptionId",
            '' AS "managedBy", '{api_version}' AS "apiVersion", sku::JSON AS "sku", NULL::JSON AS "plan",
            replace(replace(properties, '{NUMBER}', number::VARCHAR), '{VM_ID}', {guid})::JSON AS "properties",
            tags::JSON AS "tags", NULL::JSON AS "identity",
            CASE WHEN zone_count > 0 THEN json_array(zones::JSON->>(number % zone_count)) END::JSON AS "zones",
            NULL::JSON AS "extendedLocation"
        FROM (
            SELECT *, md5(key||'/'||number::VARCHAR) AS digits
            FROM (SELECT *, unnest(range("first", "first" + "count")) AS number FROM {schema}.{TABLE} WHERE {condition})
        )"""  # noqa: S608 - names of our own
