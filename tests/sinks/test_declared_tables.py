"""The one declaration of the Log Analytics tables."""

import re

import pytest

from scanner.adapters.sinks.declared_tables import declared_tables, streams
from scanner.ports.event import Table


def test_every_table_is_declared_once() -> None:
    """Each table has a stream of its own, of the form that a collection rule wants."""
    assert set(streams()) == set(Table)
    assert len(set(streams().values())) == len(Table)
    assert all(re.fullmatch(r"Custom-[A-Za-z0-9_]+", stream) for stream in streams().values())


@pytest.mark.parametrize("table", list(Table))
def test_columns_are_what_log_analytics_takes(table: Table) -> None:
    """``TimeGenerated`` first, names and types within the limits, each name once and each explained."""
    columns = declared_tables()[table].columns
    names = [column.name for column in columns]
    assert (columns[0].name, columns[0].type) == ("TimeGenerated", "datetime")
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,44}", name) for name in names)
    assert not {"_ResourceId", "id", "_SubscriptionId", "TenantId", "Type", "UniqueId", "Title"} & set(names)
    assert {column.type for column in columns} <= {"string", "int", "long", "real", "boolean", "dynamic", "datetime"}
    assert all(column.description.endswith(".") for column in columns)
