"""Coverage over time: which subscriptions were really read, and when each was read last."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scanner.errors import UnreadableError

RECORD = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRecord:
    """When each subscription was read last (ISO 8601, UTC), and which ones the last scan read."""

    read_at: Mapping[str, str] = field(default_factory=dict)
    last_scan: frozenset[str] = frozenset()
    stamp: str = ""
    """What the states of ``stamped`` were judged by (``scanner.state.basis``); empty: not known."""
    stamped: frozenset[str] = frozenset()
    """Subscriptions of whose states each that has a basis was judged under the stamp, at ``read_at`` or before."""
    scale_sets: Mapping[str, int] = field(default_factory=dict)
    """Scale sets that are remembered, by subscription, as the last scan counted them."""

    def is_judged(self, subscription_id: str, stamp: str, moment: str) -> bool:
        """Tell whether the states of a subscription were judged under a stamp, and not later than ``moment``."""
        if self.stamp != stamp or subscription_id not in self.stamped:
            return False
        return self.read_at[subscription_id] <= moment

    def only_under(self, stamp: str) -> "CoverageRecord":
        """Drop another stamp: states are about to be judged under this one, and a scan may end half-way."""
        return self if self.stamp == stamp else replace(self, stamp="", stamped=frozenset())

    def judged_under(self, stamp: str, subscriptions: Iterable[str], left_as_known: Iterable[str]) -> "CoverageRecord":
        """Say of which subscriptions all states were judged under a stamp; not where one was left as it was known."""
        stamped = self.only_under(stamp).stamped.union(subscriptions).difference(left_as_known)
        return replace(self, stamp=stamp, stamped=stamped.intersection(self.read_at))

    def after(
        self,
        subscriptions: Iterable[str],
        moment: str,
        keep: Iterable[str],
        *,
        scale_sets: Mapping[str, int] | None = None,
        not_told: Iterable[str] = (),
    ) -> "CoverageRecord":
        """Add a scan's reading; forget subscriptions that were not read and of which nothing needs keeping.

        Of the subscriptions ``not_told`` the scan does not say whether they can be read.
        """
        read = frozenset(subscriptions)
        kept = frozenset(keep)
        earlier = {name: at for name, at in self.read_at.items() if name in kept}
        read_at = {**earlier, **dict.fromkeys(sorted(read), moment)}
        return replace(
            self,
            read_at=read_at,
            last_scan=read | self.last_scan.intersection(not_told),
            stamped=self.stamped.intersection(read_at),
            scale_sets={} if scale_sets is None else dict(sorted(scale_sets.items())),
        )

    def without(self, subscription_id: str) -> "CoverageRecord":
        """Forget a subscription that is not watched any more."""
        read_at = {name: at for name, at in self.read_at.items() if name != subscription_id}
        counts = {name: count for name, count in self.scale_sets.items() if name != subscription_id}
        gone = {subscription_id}
        return replace(
            self, read_at=read_at, last_scan=self.last_scan - gone, stamped=self.stamped - gone, scale_sets=counts
        )

    def to_json(self) -> str:
        """Write the record for the store."""
        return json.dumps(
            {
                "read_at": dict(self.read_at),
                "last_scan": sorted(self.last_scan),
                "stamp": self.stamp,
                "unstamped": sorted(self.read_at.keys() - self.stamped),
                "scale_sets": dict(self.scale_sets),
            }
        )


def read_coverage(text: str | None) -> CoverageRecord:
    """Read the record that a scan left; without one, nothing was read yet. Raises ``UnreadableError``."""
    if text is None:
        return CoverageRecord()
    try:
        return _record(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"it is not a record of coverage ({type(error).__name__}: {error})") from error


def _record(body: Any) -> CoverageRecord:
    read_at, last_scan, stamp = body["read_at"], body["last_scan"], body.get("stamp", "")
    unstamped = body.get("unstamped", [])
    if not isinstance(read_at, dict) or not isinstance(last_scan, list) or not isinstance(unstamped, list):
        raise TypeError("no times, or no list")
    if not all(isinstance(each, str) for each in (*read_at, *read_at.values(), *last_scan, stamp, *unstamped)):
        raise TypeError("something else in place of text")
    scale_sets = body.get("scale_sets", {})
    if not isinstance(scale_sets, dict) or not all(type(count) is int for count in scale_sets.values()):
        raise TypeError("no counts")
    stamped = frozenset(read_at).difference(unstamped) if stamp else frozenset()
    return CoverageRecord(
        read_at=read_at, last_scan=frozenset(last_scan), stamp=stamp, stamped=stamped, scale_sets=scale_sets
    )


def not_read(
    read: Iterable[str], *, asked_for: Sequence[str], last_scan: Iterable[str], with_scale_sets: Iterable[str]
) -> tuple[str, ...]:
    """List the subscriptions that ought to have been read and were not.

    Those are the ones asked for, or, when everything readable was asked for, the ones that the last scan read; and the
    ones that known scale sets live in, until an operator retires them.
    """
    expected = {*(asked_for or last_scan), *with_scale_sets}
    return tuple(sorted(expected.difference(read)))
