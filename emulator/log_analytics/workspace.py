"""The Log Analytics workspace: declared tables, the rows that arrived, and saved functions."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from emulator.kusto import kql
from emulator.kusto.kql_text import RECEIVED

SQL_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "boolean": "BOOLEAN",
    "dynamic": "JSON",
    "datetime": "TIMESTAMP",
}
TIME = "TimeGenerated"
TABLE_COLUMN = "Type"
"""The standard column that names a row's table."""


class DeclarationError(Exception):
    """The declaration of the tables cannot be used. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTable:
    """A table, its stream in the collection rule, and the type of each column."""

    name: str
    stream: str
    columns: Mapping[str, str]
    is_search_result: bool = False
    """Whether a search job made it: its rows are never archived."""


def read_declaration(path: Path) -> tuple[DeclaredTable, ...]:
    """Read the tables from a declaration file. Raises ``DeclarationError``."""
    try:
        payload = json.loads(path.read_text(encoding="utf-8"))
        tables = tuple(
            DeclaredTable(
                name=table["name"],
                stream=table["stream"],
                columns={column["name"]: column["type"] for column in table["columns"]},
            )
            for table in payload["tables"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeclarationError(f"{path}: not a declaration of tables: {error!r}") from error
    for table in tables:
        if table.columns.get(TIME) != "datetime":
            raise DeclarationError(f"{path}: {table.name} has no {TIME} of type datetime")
        for column, kind in table.columns.items():
            if kind not in SQL_TYPES:
                raise DeclarationError(f"{path}: {table.name}.{column} has the unknown type {kind!r}")
    return tables


class Workspace:
    """Rows in DuckDB, a table for each declared one."""

    def __init__(self, tables: Sequence[DeclaredTable]) -> None:
        self.lock = threading.RLock()
        self.tables = {table.name: table for table in tables}
        self.streams = {table.stream.lower(): table for table in tables}
        self.functions: dict[str, str] = {}
        self.archived_before: datetime | None = None
        """Rows of before this moment are beyond the interactive retention: queries do not see them, search jobs do."""
        self._database = kql.open_database()
        self._database.execute("CREATE SCHEMA logs")
        for table in tables:
            columns = [f'"{name}" {SQL_TYPES[kind]}' for name, kind in table.columns.items()]
            columns += [f'"{TABLE_COLUMN}" VARCHAR', f'"{RECEIVED}" TIMESTAMP']
            self._database.execute(f'CREATE TABLE logs."{table.name}" ({", ".join(columns)})')

    def reset(self) -> None:
        """Forget all rows and results of search jobs; saved functions stay."""
        with self.lock:
            self.archived_before = None
            for name, table in list(self.tables.items()):
                if table.is_search_result:
                    del self.tables[name]
                    self._database.execute(f'DROP TABLE logs."{name}"')
                else:
                    self._database.execute(f'DELETE FROM logs."{name}"')  # noqa: S608 - a declared name

    def save_function(self, name: str, parameters: str, body: str) -> None:
        """Save a function under a name, as a saved search with an alias and parameters such as ``at:datetime``.

        https://learn.microsoft.com/azure/azure-monitor/logs/functions
        """
        with self.lock:
            self.functions[name] = f"function {name}({parameters}) {{ {body.rstrip().rstrip(';')}\n}}"

    def search_job(self, name: str, source: str, start: datetime, end: datetime, now: datetime) -> int:
        """Copy the rows of a table between two moments into a new one, archived ones too; answer how many.

        https://learn.microsoft.com/azure/azure-monitor/logs/search-jobs. Raises ``ValueError`` or ``KeyError``.
        """
        if not name.endswith("_SRCH") or not name.replace("_", "").isalnum() or name in self.tables:
            raise ValueError(f"{name} is not a new table whose name ends with _SRCH")
        table = self.tables[source]
        ran = f"TIMESTAMP '{now.replace(tzinfo=None)}'"
        shown = f"* REPLACE ({ran} AS {TIME}, '{name}' AS {TABLE_COLUMN}, {ran} AS {RECEIVED})"
        original = f"{TABLE_COLUMN} AS _OriginalType, {TIME} AS _OriginalTimeGenerated"
        columns = {**table.columns, "_OriginalType": "string", "_OriginalTimeGenerated": "datetime"}
        with self.lock:
            self._database.execute(
                f'CREATE TABLE logs."{name}" AS SELECT {shown}, {original} FROM logs."{source}"'  # noqa: S608 - checked names
                f" WHERE {TIME} >= $1 AND {TIME} <= $2",
                [start.replace(tzinfo=None), end.replace(tzinfo=None)],
            )
            self.tables[name] = DeclaredTable(name=name, stream="", columns=columns, is_search_result=True)
            counted = self._database.execute(f'SELECT count(*) FROM logs."{name}"').fetchone()  # noqa: S608 - as above
        return int(counted[0]) if counted else 0

    def insert(self, table: DeclaredTable, rows: Sequence[Mapping[str, Any]], received: datetime) -> None:
        """Store rows whose values are right for their columns; dynamic ones as JSON text."""
        if not rows:
            return
        names = list(table.columns)
        kinds = [SQL_TYPES[table.columns[name]] for name in names] + ["VARCHAR", "TIMESTAMP"]
        columns: list[list[Any]] = [[row.get(name) for row in rows] for name in names]
        columns += [[table.name] * len(rows), [received.replace(tzinfo=None)] * len(rows)]
        selected = ", ".join(
            f"unnest(${index}::{'VARCHAR' if kind == 'JSON' else kind}[])" for index, kind in enumerate(kinds, 1)
        )
        with self.lock:
            self._database.execute(f'INSERT INTO logs."{table.name}" SELECT {selected}', columns)

    def cursor(self, start: datetime | None, end: datetime | None) -> duckdb.DuckDBPyConnection:
        """Open a cursor that sees the tables between two moments, both included; close it after use."""
        with self.lock:
            cursor, tables, archived = self._database.cursor(), list(self.tables.items()), self.archived_before
        cursor.execute("SET TimeZone='UTC'")
        for name, table in tables:
            oldest = None if table.is_search_result else archived
            told = [(">=", start), ("<=", end), (">=", oldest)]
            limits = [f"{TIME} {sign} TIMESTAMP '{at.replace(tzinfo=None)}'" for sign, at in told if at is not None]
            where = f" WHERE {' AND '.join(limits)}" if limits else ""
            cursor.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM logs."{name}"{where}')  # noqa: S608 - declared
        return cursor

    def schema(self) -> dict[str, list[str]]:
        """Column names by table."""
        return {name: [*table.columns, TABLE_COLUMN, RECEIVED] for name, table in self.tables.items()}

    def export(self, name: str) -> Iterator[str]:
        """Yield a table's rows as lines of JSON, oldest arrival first. Raises ``KeyError`` for an unknown table."""
        table = self.tables[name]
        cursor = self.cursor(None, None)
        try:
            fetched = cursor.execute(
                f'SELECT * FROM logs."{table.name}" ORDER BY "{RECEIVED}", rowid'  # noqa: S608 - a declared name
            )
            names = [item[0] for item in fetched.description or ()]
            for row in fetched.fetchall():
                yield json.dumps(self._as_json(table, dict(zip(names, row, strict=True))), ensure_ascii=False)
        finally:
            cursor.close()

    def _as_json(self, table: DeclaredTable, row: dict[str, Any]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, datetime):
                plain[name] = value.isoformat() + "Z"
            elif table.columns.get(name) == "dynamic" and value is not None:
                plain[name] = json.loads(value)
            else:
                plain[name] = value
        return plain
