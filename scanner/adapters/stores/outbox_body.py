"""How an outbox entry's events are written down, the same in every store."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cache
from typing import Any

from scanner.ports.event import Event, Table
from scanner.state.compact import read_compact


def encode_events(events: Sequence[Event]) -> str:
    """Write events as one line of ASCII JSON. Raises ``ValueError`` or ``TypeError`` for columns that are not plain JSON."""
    return _encoder().encode(
        [{"id": event.event_id, "table": event.table, "columns": event.columns} for event in events]
    )


def decode_events(text: str) -> tuple[Event, ...]:
    """Read what ``encode_events`` wrote.

    Raises ``ValueError``, ``KeyError``, ``TypeError`` or ``RecursionError`` for anything else.
    """
    items = read_compact(text)
    if not isinstance(items, list):
        raise TypeError(f"{type(items).__name__} in place of a list of events")
    return tuple(_event(item) for item in items)


def _event(item: Mapping[str, Any]) -> Event:
    identifier, columns = item["id"], item["columns"]
    if not isinstance(identifier, str) or not isinstance(columns, dict):
        raise TypeError(f"an event of {type(identifier).__name__} and {type(columns).__name__}")
    return Event(identifier, Table(item["table"]), columns)


def encode_ids(ids: Iterable[str]) -> str:
    """Write event ids as a sorted JSON list, so that the same set always reads the same."""
    return json.dumps(sorted(ids), separators=(",", ":"))


def decode_ids(text: str) -> frozenset[str]:
    """Read what ``encode_ids`` wrote."""
    ids = json.loads(text)
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise TypeError("not a list of ids")
    return frozenset(ids)


def not_in(accepted: AbstractSet[str], events: Sequence[Event]) -> tuple[Event, ...]:
    """Leave the events that were not accepted, in their order."""
    if not accepted:
        return tuple(events)
    return tuple(event for event in events if event.event_id not in accepted)


def fingerprint(text: str) -> str:
    """Hash any text, even half a surrogate pair out of hostile JSON, to 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def name_of(events: Sequence[Event]) -> str:
    """Name a set of events by what is in it: the same events put twice are one entry."""
    return fingerprint(encode_ids(event.event_id for event in events))


def utc_text(moment: datetime) -> str:
    """Write a moment in UTC with a fixed width, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def start_of_day(moment: datetime) -> datetime:
    """Find midnight, in UTC, of the day of a moment: sent entries are kept by whole days."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@cache
def _encoder() -> json.JSONEncoder:
    """Make the encoder once: ``json.dumps`` makes one for every call whose options are not its own."""
    return json.JSONEncoder(allow_nan=False, default=_plain_mapping, separators=(",", ":"))


def _plain_mapping(value: object) -> dict[str, object]:
    """Let read-only mappings through, which ``json`` does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"an event column holds {type(value).__name__}, which is not plain JSON")
