"""The rows that a bundle rests on, as its files hold them: one line for each, in the form that is hashed."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scanner.errors import UnreadableError
from scanner.events.snapshot_chain import canonical

type Row = Mapping[str, Any]
type Lines = Iterator[bytes]

SNAPSHOT_FILE = "rows/snapshot.jsonl"
EVENTS_FILE = "rows/events.jsonl"
SCANS_FILE = "rows/scans.jsonl"
COMPLETED = "snapshot.completed"
ROW_HASH = "RowHash"
"""In a row that is shown with a pseudonym: the hash of the row as it was written."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a bundle. Each call reads its file anew, so that no file has to be held."""

    lines: Callable[[str], Lines]
    """Yields the lines of a file by its name. Raises ``UnreadableError`` when it is not there."""

    def snapshot(self) -> Iterator[Row]:
        """Yield the rows of the snapshots, by moment and scale set."""
        return map(read_line, self.lines(SNAPSHOT_FILE))

    def events(self) -> Iterator[Row]:
        """Yield the events, oldest first."""
        return map(read_line, self.lines(EVENTS_FILE))

    def scans(self) -> Iterator[Row]:
        """Yield a row for each scan, oldest first."""
        return map(read_line, self.lines(SCANS_FILE))

    def completed(self) -> list[Row]:
        """List the events that end a snapshot, oldest first."""
        return [event for event in self.events() if event.get("EventType") == COMPLETED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a bundle is about: days in UTC, first and last included."""

    first: datetime
    """Midnight that begins the first day."""
    end: datetime
    """Midnight that ends the last day, or the moment at which the bundle was made where that day was not over."""

    def days(self) -> Iterator[str]:
        """Yield each day as YYYY-MM-DD."""
        day = self.first
        while day < self.end:
            yield f"{day:%Y-%m-%d}"
            day += timedelta(days=1)

    def holds(self, moment: str) -> bool:
        """Say whether a moment, as the rows write it, is in the period."""
        return f"{self.first:%Y-%m-%dT%H:%M:%S.%fZ}" <= moment < f"{self.end:%Y-%m-%dT%H:%M:%S.%fZ}"

    def __str__(self) -> str:
        days = list(self.days())
        return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def line_of(row: Row, columns: frozenset[str]) -> bytes:
    """Write a row as a bundle holds it: its declared columns, in the form that is hashed."""
    return canonical({name: value for name, value in row.items() if name in columns})


def read_line(line: bytes) -> Row:
    """Read a line. Raises ``UnreadableError`` for one that is no row."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"A line is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise UnreadableError("A line is not a JSON object.")
    return row
