"""The sink that writes JSON Lines."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.sinks.json_lines import JsonLinesSink
from scanner.ports.event import Table
from tests.sinks.sink_contract import WritingSinkContract, rows_of


class TestJsonLines(WritingSinkContract):
    @pytest.fixture
    def sink(self) -> JsonLinesSink:
        """Answer a sink on a stream of text."""
        self.stream = io.StringIO()
        return JsonLinesSink(self.stream)

    def received(self, table: Table) -> Sequence[dict[str, Any]]:
        """Answer the rows of the lines that name the table."""
        rows = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [row for row in rows if row.pop("Type") == table]


def test_lines_hold_nothing_that_acts_on_a_terminal() -> None:
    """Control characters, text-direction marks and everything else beyond ASCII are escaped."""
    stream = io.StringIO()
    JsonLinesSink(stream).accept(Table.EVENTS, [{"Summary": "a\x1b[2J\u202e\u009b\u2028b"}])
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line.isascii()
    assert line[:-1].isprintable()


@pytest.mark.parametrize("way", ["full", "closed"])
def test_a_stream_that_fails_refuses_every_row(way: str, tmp_path: Path) -> None:
    """Nobody knows how much of a failed write arrived: all rows come again."""
    path = Path("/dev/full") if way == "full" else tmp_path / "events.jsonl"
    stream = path.open("w", encoding="utf-8")
    sink = JsonLinesSink(stream)
    if way == "closed":
        stream.close()
    refusals = sink.accept(Table.EVENTS, rows_of(2))
    assert [refusal.index for refusal in refusals] == [0, 1]
    assert "not written" in refusals[0].error
    if way == "full":
        with pytest.raises(OSError, match="No space"):
            stream.close()
    sink.close()


def test_a_closed_sink_leaves_its_stream_open(tmp_path: Path) -> None:
    """Standard output is not ours to close."""
    with (tmp_path / "events.jsonl").open("w", encoding="utf-8") as stream:
        sink = JsonLinesSink(stream)
        sink.accept(Table.EVENTS, rows_of(1))
        sink.close()
        assert not stream.closed
    assert len((tmp_path / "events.jsonl").read_text("utf-8").splitlines()) == 1
