"""Coverage over time: which subscriptions were really read, and when each was read last."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.errors import UnreadableError

RECORD = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRecord:
    """When each subscription was read last (ISO 8601, UTC), and which ones the last scan read."""

    read_at: Mapping[str, str] = field(default_factory=dict)
    last_scan: frozenset[str] = frozenset()

    def after(self, subscriptions: Iterable[str], moment: str, keep: Iterable[str]) -> "CoverageRecord":
        """Add a scan's reading; forget subscriptions that were not read and of which nothing needs keeping."""
        read = frozenset(subscriptions)
        kept = frozenset(keep)
        earlier = {name: at for name, at in self.read_at.items() if name in kept}
        return CoverageRecord(read_at={**earlier, **dict.fromkeys(sorted(read), moment)}, last_scan=read)

    def without(self, subscription_id: str) -> "CoverageRecord":
        """Forget a subscription that is not watched any more."""
        read_at = {name: at for name, at in self.read_at.items() if name != subscription_id}
        return CoverageRecord(read_at=read_at, last_scan=self.last_scan - {subscription_id})

    def to_json(self) -> str:
        """Write the record for the store."""
        return json.dumps({"read_at": dict(self.read_at), "last_scan": sorted(self.last_scan)})


def read_coverage(text: str | None) -> CoverageRecord:
    """Read the record that a scan left; without one, nothing was read yet. Raises ``UnreadableError``."""
    if text is None:
        return CoverageRecord()
    try:
        return _record(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"it is not a record of coverage ({type(error).__name__}: {error})") from error


def _record(body: Any) -> CoverageRecord:
    read_at, last_scan = body["read_at"], body["last_scan"]
    if not isinstance(read_at, dict) or not isinstance(last_scan, list):
        raise TypeError("no times, or no list")
    if not all(isinstance(each, str) for each in (*read_at, *read_at.values(), *last_scan)):
        raise TypeError("something else in place of text")
    return CoverageRecord(read_at=read_at, last_scan=frozenset(last_scan))


def not_read(
    read: Iterable[str], *, asked_for: Sequence[str], last_scan: Iterable[str], with_scale_sets: Iterable[str]
) -> tuple[str, ...]:
    """List the subscriptions that ought to have been read and were not.

    Those are the ones asked for, or, when everything readable was asked for, the ones that the last scan read; and the
    ones that known scale sets live in, until an operator retires them.
    """
    expected = {*(asked_for or last_scan), *with_scale_sets}
    return tuple(sorted(expected.difference(read)))
