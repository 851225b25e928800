"""The hash of a snapshot: over its rows in a form that survives Log Analytics, and over the snapshot before.

The form of a row: its columns without ``TimeGenerated``; null and empty text are left out, as Log Analytics knows no
null text; moments in UTC to the microsecond; JSON text of a list or object is read, as a query answers dynamic columns
so; whole numbers are written without a fraction. Keys are sorted. Rows are in the order of their scale sets' ids.

A snapshot's hash is over the hashes of its rows, so that a row can be shown without a name in it, and its place in the
snapshot still be proved. It covers the hash of the one before: with the last hash known from elsewhere, no earlier row can be
changed, and all hashes computed anew, without it showing.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scanner.facts.evidence import JsonValue

CHAIN = "snapshot.chain"
"""The record of the last snapshot's hash, written in one transaction with its ``snapshot.completed``."""
_FORM = "vmss-posture snapshot 1"
"""Names the form; another form is another name, so that no hash means two things."""
_NOT_HASHED = frozenset({"TimeGenerated"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LONG = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A snapshot in the chain. Times are ISO 8601 text in UTC."""

    at: str
    """The moment that the snapshot speaks of."""
    hash: str
    previous: str
    """Hash of the snapshot before; empty: the chain starts here."""

    def text(self) -> str:
        """Write it for the store's record."""
        return json.dumps({"at": self.at, "hash": self.hash, "previous": self.previous})


def read_link(text: str | None) -> Link | None:
    """Read the store's record; ``None``: there is none, or it cannot be read, and the chain starts anew."""
    try:
        record = json.loads(text or "")
        return Link(at=str(record["at"]), hash=str(record["hash"]), previous=str(record["previous"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def previous_hash(last: Link | None, at: str) -> str:
    """Say which hash a snapshot of the moment ``at`` follows: one that is repeated follows what it followed before."""
    if last is None:
        return ""
    return last.previous if last.at == at else last.hash


class SnapshotHash:
    """Hashes a snapshot row by row, so that its rows need not be held together."""

    __slots__ = ("_digest", "_last", "rows")

    def __init__(self) -> None:
        self._digest = hashlib.sha256(_FORM.encode())
        self._last = ""
        self.rows = 0
        """Rows that were added."""

    def add(self, row: Mapping[str, object]) -> None:
        """Add the next row. Raises ``ValueError`` when its scale set does not come after that of the row before."""
        key = str(row.get("ScaleSetId") or "")
        self.add_hash(key, row_hash(row))

    def add_hash(self, key: str, hashed: str) -> None:
        """Add the next row by its hash, where the row itself is not at hand. Raises ``ValueError`` as ``add`` does."""
        if self.rows and key <= self._last:
            raise ValueError(f"{key} does not come after {self._last}.")
        self._last = key
        self.rows += 1
        self._digest.update(b"\n" + hashed.encode())

    def link(self, *, at: str, deployment: str, previous: str) -> Link:
        """End the snapshot: answer its place in the chain."""
        ended = self._digest.copy()
        ended.update(b"\n" + _encode([_FORM, self.rows, _value(at), deployment, previous]))
        return Link(at=at, hash=ended.hexdigest(), previous=previous)


def row_hash(row: Mapping[str, object]) -> str:
    """Hash a row in its form."""
    return hashlib.sha256(canonical(row)).hexdigest()


def canonical(row: Mapping[str, object]) -> bytes:
    """Write a row in the form that is hashed: the same for the row that was sent, and as a query or export answers it."""
    values = {name: _value(value) for name, value in row.items() if name not in _NOT_HASHED}
    return _encode({name: value for name, value in values.items() if value is not None and value != ""})


def _encode(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _value(value: object) -> JsonValue:
    """Bring a column's value to one form, whichever way it came."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, str):
        if _MOMENT.fullmatch(value):
            return _moment(datetime.fromisoformat(value))
        return _read(value) if value[:1] in ("[", "{") else value
    return _plain(value)


def _read(text: str) -> JsonValue:
    try:
        return _plain(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _moment(moment: datetime) -> str:
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: object) -> JsonValue:
    """Bring the inside of a dynamic value to one form: numbers as Log Analytics keeps them, everything else as it is."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return value if -_LONG <= value < _LONG else int(float(value))
        case float():
            return int(value) if value.is_integer() else value
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
        case _:
            return str(value)
