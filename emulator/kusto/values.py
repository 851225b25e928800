"""Write result values as JSON text, fast: documents that are JSON text already are passed on, not read and rewritten."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from emulator.endpoint.messages import iso
from emulator.kusto.kql import Column

Encoder = Callable[[Any], str]
_text = partial(json.dumps, ensure_ascii=False)


def timespan(value: timedelta) -> str:
    """Write a timespan as Kusto does: ``[-][d.]hh:mm:ss[.fffffff]``."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one return for each type
    """Make a DuckDB value plain JSON; JSON inside lists stays the text that it is."""
    match value:
        case datetime():
            return iso(value if value.tzinfo else value.replace(tzinfo=UTC))
        case timedelta():
            return timespan(value)
        case Decimal():
            return float(value)
        case float() if not math.isfinite(value):
            return None
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _scalar(value: Any) -> str:
    return _text(_plain(value))


def _document(value: Any) -> str:
    """Write a dynamic value: JSON text goes through as it is."""
    return value if isinstance(value, str) else _scalar(value)


def _document_as_text(value: Any) -> str:
    return "null" if value is None else _text(_document(value))


def encoders(columns: Sequence[Column], *, dynamic_as_text: bool) -> list[Encoder]:
    """Choose how to write each column. Log Analytics writes dynamic values as text, Resource Graph as JSON."""
    dynamic = _document_as_text if dynamic_as_text else _document_or_null
    by_type: dict[str, Encoder] = {"dynamic": dynamic, "string": _text}
    return [by_type.get(column.type, _scalar) for column in columns]


def _document_or_null(value: Any) -> str:
    return "null" if value is None else _document(value)


def row_arrays(columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, dynamic_as_text: bool) -> list[str]:
    """Write each row as a JSON array."""
    writers = encoders(columns, dynamic_as_text=dynamic_as_text)
    return ["[" + ",".join(write(value) for write, value in zip(writers, row, strict=True)) + "]" for row in rows]


def row_objects(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Write each row as a JSON object, dynamic values as JSON."""
    writers = [
        (_text(column.name) + ":", write)
        for column, write in zip(columns, encoders(columns, dynamic_as_text=False), strict=True)
    ]
    return [
        "{" + ",".join(key + write(value) for (key, write), value in zip(writers, row, strict=True)) + "}"
        for row in rows
    ]
