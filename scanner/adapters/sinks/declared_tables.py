"""The Log Analytics tables as ``data/tables.json`` declares them: one place for the sink, the Bicep and the docs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from scanner.ports.event import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its name, its type in the collection rule, and what it says."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTable:
    """A table, the collection-rule stream that feeds it, and its columns in order."""

    table: Table
    stream: str
    description: str
    columns: tuple[Column, ...]


@cache
def declared_tables() -> Mapping[Table, DeclaredTable]:
    """Read the declaration, once. Raises ``KeyError`` or ``ValueError`` when it is not whole: a fault of the build."""
    declared = json.loads(files("scanner").joinpath("data", "tables.json").read_text("utf-8"))
    return {
        Table(entry["name"]): DeclaredTable(
            table=Table(entry["name"]),
            stream=entry["stream"],
            description=entry["description"],
            columns=tuple(Column(**column) for column in entry["columns"]),
        )
        for entry in declared["tables"]
    }


def streams() -> Mapping[Table, str]:
    """Answer the name of each table's stream."""
    return {table: declared.stream for table, declared in declared_tables().items()}
