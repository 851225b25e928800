"""Coverage over time: which subscriptions were really read, and when each was read last."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.errors import StoreError

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

    def to_json(self) -> str:
        """Write the record for the store."""
        return json.dumps({"read_at": dict(self.read_at), "last_scan": sorted(self.last_scan)})


def read_coverage(text: str | None) -> CoverageRecord:
    """Read the record that a scan left; without one, nothing was read yet. Raises ``StoreError``."""
    if text is None:
        return CoverageRecord()
    try:
        body = json.loads(text)
        return CoverageRecord(read_at=dict(body["read_at"]), last_scan=frozenset(body["last_scan"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The control record {RECORD!r} cannot be read ({error!r}). Delete it; the next scan writes it anew."
        ) from error


def not_read(
    read: Iterable[str], *, asked_for: Sequence[str], last_scan: Iterable[str], with_scale_sets: Iterable[str]
) -> tuple[str, ...]:
    """List the subscriptions that ought to have been read and were not.

    Those are the ones asked for; or, when everything readable was asked for, the ones that the last scan read and the
    ones that known scale sets live in.
    """
    expected = set(asked_for) or {*last_scan, *with_scale_sets}
    return tuple(sorted(expected.difference(read)))
