"""Rows as JSON Lines (https://jsonlines.org): one JSON object per line, for a file, a pipe or a terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import TextIO

from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.ports.sink import Refusal


class JsonLinesSink:
    """The ``EventSink`` port on a text stream, which stays its owner's to close.

    Each line names its table as ``Type``, as Log Analytics does in its own column of that name. What is not ASCII
    is escaped, so nothing in a tag or a name can act on a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def accept(self, table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        """Write the rows and flush; a row that is not JSON is refused alone, and all are when the stream fails."""
        lines: list[str] = []
        refusals: list[Refusal] = []
        for index, row in enumerate(rows):
            try:
                lines.append(json.dumps({"Type": table, **row}, allow_nan=False) + "\n")
            except (TypeError, ValueError, RecursionError) as error:
                refusals.append(Refusal(index=index, error=f"The row is not JSON: {error}", is_about_row=True))
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            return [Refusal(index=index, error=f"The rows were not written: {error}") for index in range(len(rows))]
        return refusals

    def close(self) -> None:
        """Write out what a buffer still holds."""
        if not self._stream.closed:
            self._stream.flush()
