"""Query rows that were exported, without a running emulator."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator.endpoint.messages import read_json
from emulator.kusto import kql
from emulator.kusto.values import row_objects
from emulator.log_analytics.records import Intake, RecordError
from emulator.log_analytics.workspace import TIME, DeclaredTable, Workspace, read_declaration


class ExportError(Exception):
    """The exported rows or the query cannot be used. The message says why."""


def load(workspace: Workspace, name: str, lines: bytes, source: str) -> int:
    """Load exported rows, lines of JSON, into the table of a name; answer how many. Raises ``ExportError``."""
    table = _declared(workspace, name)
    loaded: list[Mapping[str, Any]] = []
    # Only a line feed ends a line: JSON text may hold every other character that Python calls a line's end.
    for number, line in enumerate(lines.split(b"\n"), 1):
        if not line:
            continue
        try:
            record = read_json(line)
            # Rows of any age are as good as on the day when they arrived.
            received = datetime.fromisoformat(record.get("_TimeReceived") or record[TIME]).astimezone(UTC)
            loaded.append(Intake(table=table, received=received, strict=False).read(number, record))
        except (ValueError, KeyError, AttributeError, TypeError, RecordError) as error:
            raise ExportError(f"{source}, line {number}: {error}") from error
        workspace.insert(table, loaded[-1:], received)
    return len(loaded)


def _declared(workspace: Workspace, name: str) -> DeclaredTable:
    table = workspace.tables.get(name)
    if table is None:
        raise ExportError(f"{name} is not one of the declared tables {sorted(workspace.tables)}")
    return table


def query_export(declaration: Path, files: Mapping[str, Path], query: str) -> list[dict[str, Any]]:
    """Load the files (lines of JSON, by table name) and run the query; rows as objects. Raises ``ExportError``."""
    workspace = Workspace(read_declaration(declaration))
    for name in files:
        _declared(workspace, name)  # before any file is read
    for name, file in files.items():
        load(workspace, name, file.read_bytes(), str(file))
    cursor = workspace.cursor(None, None)
    try:
        table_ = kql.run(cursor, query, schema=workspace.schema(), now=datetime.now(UTC))
    except kql.QueryError as error:
        raise ExportError(str(error)) from error
    finally:
        cursor.close()
    rows: list[dict[str, Any]] = json.loads("[" + ",".join(row_objects(table_.columns, table_.rows)) + "]")
    return rows
