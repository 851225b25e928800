"""The record that names the groups of the fleet: those that the last scan left, and those that it found itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.errors import UnreadableError
from scanner.ports.store import Damage, StateStore
from scanner.scan.group_buckets import Buckets, is_digest

RECORD = "groups"
_FORM = 2
"""Number of the form in which groups are written; those of another form are written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which buckets hold the groups. A scan that is repeated compares with what it found before."""

    scan_id: str
    """The scan that wrote it."""
    digests: tuple[str, ...]
    """Of the buckets, which name them."""
    before: tuple[str, ...] | None
    """The same as that scan found it; ``None``: it had nothing to compare with."""
    is_current: bool = True
    """Whether the groups are those of all cards; else of all but some changes."""

    def found_by(self, scan_id: str) -> tuple[str, ...] | None:
        """Answer the digests that a scan found when it began."""
        return self.before if scan_id == self.scan_id else self.digests

    @property
    def named(self) -> frozenset[str]:
        """The digests of all buckets that it names."""
        return frozenset((*self.digests, *(self.before or ())))

    def to_json(self) -> str:
        """Write the record."""
        before = None if self.before is None else list(self.before)
        return json.dumps([_FORM, self.scan_id, list(self.digests), before, self.is_current])


def read_head(store: StateStore) -> Head | Damage | None:
    """Read the record; ``None``: there are no groups yet, or none of this release's form."""
    text = store.get_record(RECORD)
    if text is None:
        return None
    try:
        form, *written = json.loads(text)
        is_first_form = isinstance(form, str) and len(written) == 4  # it had no number
        if is_first_form or (isinstance(form, int) and form != _FORM and written):
            return None
        scan_id, digests, before, is_current = written
        head = Head(
            scan_id=scan_id,
            digests=tuple(digests),
            before=None if before is None else tuple(before),
            is_current=is_current,
        )
        _require(head)
    except (UnreadableError, ValueError, TypeError, RecursionError) as error:
        return Damage(kind="record", name=RECORD, why=f"it is not a record of groups ({type(error).__name__})")
    return head


def find_damage(store: StateStore) -> Iterator[Damage]:
    """Look at all groups that the last scan left."""
    head = read_head(store)
    if isinstance(head, Damage):
        yield head
    elif head is not None:
        read = (Buckets(store).read(digest) for digest in head.digests if digest)
        yield from (each for each in read if isinstance(each, Damage))


def _require(head: Head) -> None:
    texts = (*head.digests, *(head.before or ()))
    is_head = isinstance(head.scan_id, str) and isinstance(head.is_current, bool) and bool(head.digests)
    if not is_head or head.before == () or not all(is_digest(each) for each in texts):
        raise UnreadableError("something else in its place")
