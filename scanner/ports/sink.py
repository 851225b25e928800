"""Where rows go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.times import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that Log Analytics did not accept, and what it said."""

    index: int
    """Position in the rows that were handed over."""
    error: str
    is_access: bool = False
    """The sender's access was refused: no other row would be accepted now."""
    is_about_row: bool = False
    """It was refused alone and for what it holds: other rows are accepted, and this one will not be when it is sent again."""


def timed(columns: Mapping[str, JsonValue], sent_at: datetime) -> dict[str, JsonValue]:
    """Make the row that is sent of an event's columns: ``TimeGenerated`` is the time of sending."""
    return {"TimeGenerated": iso(sent_at), **columns}


class EventSink(Protocol):
    """Where rows go."""

    def accept(self, table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        """Hand over rows of plain JSON; answer the ones that were refused. An empty answer: all were accepted.

        A row that is not named in the answer was accepted (HTTP 204). Never raises for a refusal: an
        unreachable service refuses every row that it has not accepted.
        """

    def close(self) -> None:
        """Close the connections."""
