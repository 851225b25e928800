"""Rows kept in memory, for the demo and the tests."""

from collections.abc import Callable, Mapping, Sequence

from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.ports.sink import Refusal

type Row = Mapping[str, JsonValue]


class MemorySink:
    """The ``EventSink`` port on lists. ``refuses`` answers why a row is not taken, or ``None`` when it is."""

    def __init__(self, refuses: Callable[[Table, Row], str | None] | None = None) -> None:
        self.refuses = refuses
        self.rows: dict[Table, list[Row]] = {table: [] for table in Table}

    def accept(self, table: Table, rows: Sequence[Row]) -> Sequence[Refusal]:
        """Keep the rows; answer those that ``refuses`` names a reason for."""
        refusals: list[Refusal] = []
        for index, row in enumerate(rows):
            reason = self.refuses(table, row) if self.refuses is not None else None
            if reason is None:
                self.rows[table].append(row)
            else:
                refusals.append(Refusal(index=index, error=reason, is_about_row=True))
        return refusals

    def close(self) -> None:
        """Do nothing: there is no connection."""
