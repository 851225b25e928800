"""Records on their way into a table: what of them fits the declared columns, and what does not.

Azure drops undeclared columns and makes values of the wrong type null without a word; the strict way says so.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.endpoint.messages import parse_time
from emulator.log_analytics.workspace import TIME, DeclaredTable

FIELD_BYTES = 64 * 1024
"""Longer values are cut off."""
OLDEST = timedelta(days=2)
NEWEST = timedelta(days=1)
_INT = 2**31
_LONG = 2**63


class RecordError(Exception):
    """A record does not fit its table. The message names row and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How records are read."""

    table: DeclaredTable
    received: datetime
    strict: bool

    def read(self, index: int, record: Any) -> dict[str, Any]:
        """Answer the values to store. Raises ``RecordError`` where it is strict and the record does not fit."""
        if not isinstance(record, Mapping):
            raise RecordError(f"Row {index}: a record must be an object, it is {_kind(record)}.")
        unknown = sorted(set(record) - set(self.table.columns))
        if unknown and self.strict:
            raise RecordError(f"Row {index}: column {unknown[0]!r} is not declared for {self.table.name}.")
        row = {name: self._value(index, name, kind, record.get(name)) for name, kind in self.table.columns.items()}
        row[TIME] = self._generated(index, row[TIME])
        return row

    def _value(self, index: int, name: str, kind: str, value: Any) -> Any:
        if value is None:
            return "" if kind == "string" else None  # Kusto knows no null text
        converted = _convert(kind, value)
        if converted is None and self.strict:
            raise RecordError(f"Row {index}: column {name!r} is declared {kind} and the value is {_kind(value)}.")
        if isinstance(converted, str) and len(converted.encode()) > FIELD_BYTES:
            if self.strict:
                raise RecordError(
                    f"Row {index}: column {name!r} is longer than {FIELD_BYTES} bytes and would be cut off."
                )
            cut = converted.encode()[:FIELD_BYTES].decode(errors="ignore")
            return json.dumps(cut) if kind == "dynamic" else cut
        return converted

    def _generated(self, index: int, value: datetime | None) -> datetime:
        """``TimeGenerated`` as it is kept: too old, too far ahead or missing becomes the time of arrival.

        https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time
        """
        received = self.received.replace(tzinfo=None)
        if value is None:
            if self.strict:
                raise RecordError(f"Row {index}: column {TIME!r} is missing.")
            return received
        return value if received - OLDEST <= value <= received + NEWEST else received


def _kind(value: Any) -> str:
    return f"{type(value).__name__} {json.dumps(value, default=str)[:80]}"


def _convert(kind: str, value: Any) -> Any:
    """Make the value one of a column's type; ``None`` where it is none."""
    match kind:
        case "string":
            return value if isinstance(value, str) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "int" | "long":
            bound = _INT if kind == "int" else _LONG
            whole = isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound
            return value if whole else None
        case "real":
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            return float(value) if number else None
        case "datetime":
            return _moment(value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_time(value).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None
