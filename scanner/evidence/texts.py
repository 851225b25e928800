"""How a table is written: CSV that no spreadsheet runs as a formula, and JSON with one object a line."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from scanner.evidence.table_rows import Line
from scanner.evidence.tables import Table
from scanner.facts.evidence import JsonValue
from scanner.plain_text import no_formula


def csv_lines(table: Table, rows: Iterable[Line]) -> Iterator[bytes]:
    """Write the table as CSV, line by line, in UTF-8. A text that begins as a formula does has an apostrophe in front."""
    yield _csv(table.columns)
    for row in rows:
        yield _csv([_cell(row.get(name)) for name in table.columns])


def json_lines(table: Table, rows: Iterable[Line]) -> Iterator[bytes]:
    """Write the table as a JSON list with one object a line; null for what is not known."""
    separator = b"["
    for row in rows:
        yield separator + b"\n" + _json({name: _plain(row.get(name)) for name in table.columns})
        separator = b","
    yield b"[]\n" if separator == b"[" else b"\n]\n"


def _csv(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _json(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def _plain(value: JsonValue) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


def _cell(value: JsonValue) -> str:
    """Write a cell; a number, which may begin with a minus, is no formula."""
    is_number = isinstance(value, int | float)
    return _text(value) if is_number else no_formula(_text(value))


def _text(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Mapping():
            return json.dumps(value, ensure_ascii=True, sort_keys=True)
        case Sequence():
            return "; ".join(_text(item) for item in value)
