"""CSV as RFC 4180 has it, which no spreadsheet takes for formulas.

https://www.rfc-editor.org/rfc/rfc4180, https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from scanner.formats.known_rows import Cell

_STARTS: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "'",
)  # also their full-width forms
"""What makes a spreadsheet read a cell as a formula; and the mark itself, so that it can be taken away again."""
MARK: Final = "'"
"""Stands before a text that would be one: spreadsheets show it as text."""


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Write a header and rows, a line at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, dialect="excel", lineterminator="\r\n")
    writer.writerow(columns)
    yield _taken(buffer)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield _taken(buffer)


def harmless(cell: Cell) -> Cell:
    """Mark a text that a spreadsheet would run; spaces before it do not hide it."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS):
        return MARK + cell
    return cell


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
