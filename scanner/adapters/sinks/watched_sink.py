"""A sink that remembers whether a scan has said how it went."""

from collections.abc import Mapping, Sequence

from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.ports.sink import EventSink, Refusal


class WatchedSink:
    """Hands rows on, and remembers whether a row about a scan was accepted: then the scan has said how it went."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self.has_told = False

    def accept(self, table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        """Hand rows on."""
        refusals = self._sink.accept(table, rows)
        self.has_told = self.has_told or (table is Table.SCANS and len(refusals) < len(rows))
        return refusals

    def close(self) -> None:
        """Close the connections."""
        self._sink.close()
