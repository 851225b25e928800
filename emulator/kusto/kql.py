"""Run KQL on DuckDB, and say in one shape what was wrong with a query that does not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import duckdb
import duckdb_kql
from duckdb_kql.params import as_datetime
from duckdb_kql.translate import CLOCK_SLOT as _CLOCK
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
    connection = duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": "false"})
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
    known = tuple((name, tuple(columns)) for name, columns in schema.items())
    try:
        sql, parameters = _translated(query, known, tuple(functions))
        if _CLOCK in parameters:
            parameters = {**parameters, _CLOCK: as_datetime(now, _CLOCK)}
        cursor = connection.execute(sql, dict(parameters)) if parameters else connection.execute(sql)
        columns = tuple(Column(name=item[0], type=kusto_type(item[1])) for item in cursor.description or ())
        return Table(columns=columns, rows=cursor.fetchall())
    except duckdb_kql.KqlSyntaxError as error:
        place = error.diagnostics[0].span if error.diagnostics else None
        line, position = (None, None) if place is None else (place.line, place.column + 1)
        raise QueryError(str(error), line=line, position=position) from error
    except (duckdb_kql.KqlError, duckdb.Error) as error:
        raise QueryError(str(error)) from error


@lru_cache(maxsize=512)
def _translated(
    query: str, schema: tuple[tuple[str, tuple[str, ...]], ...], functions: tuple[str, ...]
) -> tuple[str, Mapping[str, Any]]:
    """Translate a query once: parsing takes longer than most answers, and the time is a parameter of the SQL."""
    sql = duckdb_kql.to_sql(
        kql_text.for_translator(query),
        schema={name: list(columns) for name, columns in schema},
        allow_write=False,
        query_now=datetime(2000, 1, 1, tzinfo=UTC),
        functions=[kql_text.for_translator(function) for function in functions],
    )
    return str(sql), sql.parameters
