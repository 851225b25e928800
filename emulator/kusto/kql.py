"""Run KQL on DuckDB, and say in one shape what was wrong with a query that does not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import duckdb_kql
from duckdb_kql.types import kusto_type

from emulator.kusto import kql_text


class QueryError(Exception):
    """The query does not parse, names what is not there, or uses what the translator cannot do.

    ``line`` and ``position`` (from 1) are set where the parser knows them.
    """

    def __init__(self, message: str, *, line: int | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a result, with its Kusto type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A result: columns and rows as DuckDB has them; dynamic values are JSON text or lists."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]


def open_database() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory that can reach no file and no network."""
    connection = duckdb.connect(":memory:", config={"threads": 2, "enable_external_access": "false"})
    connection.execute("SET TimeZone='UTC'")
    return connection


def run(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    schema: Mapping[str, Sequence[str]],
    now: datetime,
    functions: Sequence[str] = (),
) -> Table:
    """Run a query against the tables and views that the connection sees. Raises ``QueryError``."""
    try:
        sql = duckdb_kql.to_sql(
            kql_text.for_translator(query),
            schema={name: list(columns) for name, columns in schema.items()},
            allow_write=False,
            query_now=now,
            functions=[kql_text.for_translator(function) for function in functions],
        )
        cursor = connection.execute(str(sql), sql.parameters) if sql.parameters else connection.execute(str(sql))
        columns = tuple(Column(name=item[0], type=kusto_type(item[1])) for item in cursor.description or ())
        return Table(columns=columns, rows=cursor.fetchall())
    except duckdb_kql.KqlSyntaxError as error:
        place = error.diagnostics[0].span if error.diagnostics else None
        line, position = (None, None) if place is None else (place.line, place.column + 1)
        raise QueryError(str(error), line=line, position=position) from error
    except (duckdb_kql.KqlError, duckdb.Error) as error:
        raise QueryError(str(error)) from error
