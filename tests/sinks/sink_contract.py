"""What every ``EventSink`` does. A sink's test class inherits the contract and says how to make one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.ports.event import Table
from scanner.ports.sink import EventSink


def rows_of(count: int, size: int = 0) -> list[dict[str, Any]]:
    """Make rows whose ``EventId`` is their number, each of at least ``size`` bytes."""
    return [{"EventId": f"e{number}", "Summary": "s" * size, "Evidence": [{"path": "a"}]} for number in range(count)]


class SinkContract(ABC):
    """The contract."""

    @pytest.fixture
    @abstractmethod
    def sink(self) -> EventSink:
        """Answer an empty sink."""

    @abstractmethod
    def received(self, table: Table) -> Sequence[dict[str, Any]]:
        """Answer the rows that arrived in a table, without what the sink itself adds."""

    def test_rows_arrive_as_they_are(self, sink: EventSink) -> None:
        """Every row, once, unchanged, in its table."""
        rows = rows_of(3)
        assert list(sink.accept(Table.EVENTS, rows)) == []
        assert list(sink.accept(Table.SCANS, rows[:1])) == []
        assert self._by_id(Table.EVENTS) == rows
        assert self._by_id(Table.SCANS) == rows[:1]
        assert self._by_id(Table.SNAPSHOT) == []

    def test_no_rows_are_no_trouble(self, sink: EventSink) -> None:
        """An empty batch is accepted."""
        assert list(sink.accept(Table.EVENTS, [])) == []
        assert self._by_id(Table.EVENTS) == []

    def test_a_row_that_arrives_again_is_taken_again(self, sink: EventSink) -> None:
        """Repeats are dropped by those who read, by ``EventId``."""
        rows = rows_of(1)
        sink.accept(Table.EVENTS, rows)
        assert list(sink.accept(Table.EVENTS, rows)) == []
        assert self._by_id(Table.EVENTS) == rows * 2

    @pytest.mark.parametrize(
        "text",
        ["", "naïve ☃ 😀", "line\nend\r\n", '"quoted" \\ \x00\x1b[31m', "\u2028\u202e", "x" * 50_000],
        ids=["empty", "unicode", "line ends", "controls", "separators", "long"],
    )
    def test_text_arrives_unharmed(self, sink: EventSink, text: str) -> None:
        """Whatever a name or tag holds comes back as it was."""
        rows = [{"EventId": "e0", "Summary": text}]
        assert list(sink.accept(Table.EVENTS, rows)) == []
        assert self._by_id(Table.EVENTS) == rows

    def test_rows_are_not_changed(self, sink: EventSink) -> None:
        """What was handed over is the caller's still."""
        rows = rows_of(2)
        sink.accept(Table.EVENTS, rows)
        assert rows == rows_of(2)

    def _by_id(self, table: Table) -> list[dict[str, Any]]:
        return sorted(self.received(table), key=lambda row: str(row["EventId"]))


class WritingSinkContract(SinkContract):
    """The contract of a sink that encodes rows as JSON."""

    @pytest.mark.parametrize("value", [datetime.now(UTC), float("nan"), float("inf"), {1, 2}, b"bytes"])
    def test_a_row_that_is_no_json_is_refused_alone(self, sink: EventSink, value: Any) -> None:
        """The others are accepted, and the refusal names the row's place."""
        rows = [*rows_of(1), {"EventId": "bad", "Summary": value}, {"EventId": "e2"}]
        refusals = sink.accept(Table.EVENTS, rows)
        assert [refusal.index for refusal in refusals] == [1]
        assert "not JSON" in refusals[0].error
        assert refusals[0].is_about_row
        assert [row["EventId"] for row in self._by_id(Table.EVENTS)] == ["e0", "e2"]
