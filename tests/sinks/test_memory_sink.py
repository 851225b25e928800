"""The sink that keeps rows in memory."""

from collections.abc import Sequence
from typing import Any

import pytest

from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.ports.event import Table
from tests.sinks.sink_contract import SinkContract, rows_of


class TestMemorySink(SinkContract):
    @pytest.fixture
    def sink(self) -> MemorySink:
        """Answer an empty sink."""
        self.made = MemorySink()
        return self.made

    def received(self, table: Table) -> Sequence[dict[str, Any]]:
        """Answer the kept rows."""
        return [dict(row) for row in self.made.rows[table]]


def test_rows_are_refused_as_the_caller_says() -> None:
    """A test or the demo can have any row refused, for a reason of its own."""
    sink = MemorySink(lambda table, row: f"{table} is full" if row["EventId"] == "e1" else None)
    refusals = sink.accept(Table.SCANS, rows_of(3))
    assert [(refusal.index, refusal.error) for refusal in refusals] == [(1, "VmssPostureScans_CL is full")]
    assert [row["EventId"] for row in sink.rows[Table.SCANS]] == ["e0", "e2"]
    sink.close()
