"""What states were compared with: the groups under which every scale set of a group was judged last.

They are one record, and no part of a state's basis: where a group has changed, its scale sets are judged again, and only
those are written of which something else comes out. The record names buckets of groups, and the few groups in them that it
says nothing of: so it is small however large the fleet is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanner.facts.groups import Place
from scanner.ports.store import Damage, StateStore
from scanner.scan.group_buckets import Buckets, bucket_of, is_digest

if TYPE_CHECKING:
    from scanner.scan.underway import Scan

RECORD = "groups.compared"
_MOST_EXCEPT = 64
"""Groups of one bucket that differ; where more do, nothing is said of the bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket whose groups all their scale sets were compared with, but for some groups."""

    digest: str
    excepted: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Compared:
    """What all scale sets were compared with, by bucket."""

    buckets: Sequence[Bucket | None] = ()
    """``None``: nothing is known."""
    is_whole: bool = field(init=False)
    """Whether all of them were compared with all groups as they are."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_whole", all(each is not None and not each.excepted for each in self.buckets))

    def stands(self, place: Place) -> bool:
        """Tell whether all scale sets of a group were compared with it as it is now."""
        bucket = self.buckets[bucket_of(place, len(self.buckets))]
        return bucket is not None and place not in bucket.excepted

    def to_json(self) -> str:
        """Write the record."""
        written = [None if each is None else [each.digest, sorted(each.excepted)] for each in self.buckets]
        return json.dumps(written, separators=(",", ":"))


def read_compared(store: StateStore) -> Compared:
    """Read the record. Without one, or where it is damaged, nothing was compared: all are judged."""
    try:
        return Compared([_read_bucket(each) for each in json.loads(store.get_record(RECORD) or "[]")])
    except (ValueError, TypeError, RecursionError):
        return Compared()


def _read_bucket(written: Any) -> Bucket | None:
    if written is None:
        return None
    digest, excepted = written
    if not is_digest(digest):
        raise TypeError("the name of a bucket is a digest")
    return Bucket(digest=digest, excepted=frozenset((str(kind), str(name)) for kind, name in excepted))


def begin_to_compare(scan: "Scan", digests: Sequence[str] | None, buckets: Buckets) -> Compared:
    """Answer which groups all their scale sets were compared with, as they are now.

    Of other groups the record says nothing from here on: a scan may end half-way, and the next one may find the group as
    it was before.
    """
    before, there = read_compared(scan.ports.store), digests or ()
    known = before.buckets if len(before.buckets) == len(there) else [None] * len(there)
    standing = Compared([_standing(*each, buckets) for each in zip(known, there, strict=True)])
    if standing != before:
        scan.ports.store.put_records({RECORD: standing.to_json()}, holder=scan.request.scan_id)
    scan.compares_anew = not standing.is_whole
    return standing


def _standing(before: Bucket | None, digest: str, buckets: Buckets) -> Bucket | None:
    """Take out the groups of a bucket that are other than before."""
    if before is None or before.digest == digest or not (digest and before.digest):
        return before if before is None or before.digest == digest else None
    old, new = buckets.read(before.digest), buckets.read(digest)
    if isinstance(old, Damage) or isinstance(new, Damage):
        return None
    differing = {place for place in {*old, *new} if old.get(place) != new.get(place)}
    excepted = before.excepted | differing
    return Bucket(digest=digest, excepted=excepted) if len(excepted) <= _MOST_EXCEPT else None


def compared_with(digests: Sequence[str]) -> Compared:
    """Answer the record of a scan that compared all scale sets with all groups that it found."""
    return Compared([Bucket(digest=digest) for digest in digests])
