"""CSV as RFC 4180 has it, which no spreadsheet takes for formulas.

https://www.rfc-editor.org/rfc/rfc4180, https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from scanner.formats.known_rows import Cell
from scanner.plain_text import no_formula


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
    """Mark a text that a spreadsheet would run."""
    return no_formula(cell) if isinstance(cell, str) else cell


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
