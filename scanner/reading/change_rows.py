"""Rows of ``resourcechanges`` as changes. What cannot be read is no change: it is never a reason to fail.

https://learn.microsoft.com/azure/governance/resource-graph/changes/changes-resource-spec
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from scanner.facts.change import Attribution, Certainty, Change, value_at
from scanner.facts.people import People
from scanner.guids import is_guid
from scanner.plain_text import plain
from scanner.times import iso

_TEXT = 256
_UNSPECIFIED = frozenset({"", "unspecified", "unknown"})
_NO_CORRELATION = "00000000-0000-0000-0000-000000000000"
_HELD = 200
"""Paths that are kept of one change."""


def parse_change(row: object, clients: Mapping[str, str], people: People) -> tuple[str, Change] | None:
    """Read a row: the scale set's id in lower case, and the change. ``None``: it is none, or cannot be read.

    ``clients`` has the names of clients by application id, in lower case.
    """
    properties = _mapping(row, "properties")
    attributes, changes = _mapping(properties, "changeAttributes"), _mapping(properties, "changes")
    target, moment = _text(properties, "targetResourceId"), _moment(_text(attributes, "timestamp"))
    if not target or moment is None or not changes:
        return None
    values = {path: _value(item) for path, item in list(changes.items())[:_HELD] if isinstance(item, Mapping)}
    return target.lower(), Change(attribution=_attribution(attributes, moment, clients, people), values=values)


def with_current(change: Change, row: Mapping[str, object]) -> Change:
    """Mark the values of a change that the scale set's row still has."""
    current = frozenset(path for path, value in change.values.items() if _agree(value, value_at(row, path)))
    return replace(change, current=current)


def latest_first(changes: Iterable[Change]) -> list[Change]:
    """Order by time, latest first; changes of one moment by their correlation."""
    return sorted(changes, key=lambda it: (it.attribution.changed_at, it.attribution.correlation_id), reverse=True)


def _attribution(
    attributes: Mapping[str, object], moment: str, clients: Mapping[str, str], people: People
) -> Attribution:
    by, kind = _text(attributes, "changedBy"), _text(attributes, "changedByType")
    client, operation = _text(attributes, "clientType"), _text(attributes, "operation")
    correlation = _text(attributes, "correlationId")
    client = "" if client.lower() in _UNSPECIFIED else client
    ids = {name.lower(): client_id for client_id, name in clients.items()}
    client_id = client.lower() if is_guid(client) else ids.get(client.lower(), "")
    certainty = Certainty.KNOWN
    if "system" in (by.lower(), kind.lower()):
        certainty = Certainty.PLATFORM
    elif by.lower() in _UNSPECIFIED:
        certainty = Certainty.UNSPECIFIED
    named = certainty is Certainty.KNOWN
    return Attribution(
        certainty=certainty,
        changed_at=moment,
        changed_by=plain(people.shown(by), _TEXT) if named else "",
        changed_by_type="" if kind.lower() in _UNSPECIFIED else plain(kind, _TEXT),
        changed_with=plain(clients.get(client_id, client), _TEXT),
        client_id=client_id,
        operation="" if operation.lower() in _UNSPECIFIED else plain(operation, _TEXT),
        correlation_id="" if correlation == _NO_CORRELATION else plain(correlation, _TEXT),
    )


def _value(item: Mapping[str, object]) -> str | None:
    value = item.get("newValue")
    return None if value is None else _as_text(value)


def _agree(told: str | None, present: object) -> bool:
    """Compare a value of ``resourcechanges``, which is always text, with the row's."""
    if told is None or present is None:
        return told is None and present is None
    return told.strip().lower() == _as_text(present).strip().lower()


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


def _mapping(parent: object, name: str | None = None) -> Mapping[str, object]:
    value = parent.get(name) if isinstance(parent, Mapping) and name else parent
    return value if isinstance(value, Mapping) else {}


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    return value if isinstance(value, str) else ""


def _moment(text: str) -> str | None:
    """Read a time stamp of 3 or 7 decimals, with Z or an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
