"""Groups of the fleet as control records: many small ones, each named by the digest of what it says.

A record that has not changed is not written again, and one that was written and is not in use yet harms nobody. So they are
written one by one, before the record that names them all; and only those are read that a page needs.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from scanner.errors import RecordTooLargeError
from scanner.facts.group import Group, read_group
from scanner.facts.groups import Place
from scanner.ports.store import Damage, StateStore
from scanner.state.compact import compact, read_compact

PREFIX = "groups."
TOO_LARGE = ""
"""The digest of a bucket that does not fit into the store: what it would hold is not known."""
SCALE_SETS = 1_000
"""Scale sets whose groups share a bucket: 1 MB of text at most, where each has an application of its own."""
FEWEST = 8
_ROOM = 64_000_000
"""Characters of text that are kept to be used again."""
_DIGEST = re.compile("[0-9a-f]{32}")


def is_digest(text: object) -> bool:
    """Tell whether a text may be the digest of a bucket."""
    return isinstance(text, str) and (text == TOO_LARGE or _DIGEST.fullmatch(text) is not None)


def bucket_of(place: Place, count: int) -> int:
    """Choose the bucket of a group."""
    return int.from_bytes(bytes.fromhex(digest_of("\n".join(place))[:8])) % count


def count_for(scale_sets: int, before: int) -> int:
    """Choose how many buckets there are: as many as before, unless those are far too large or far too many."""
    wanted = FEWEST
    while wanted * SCALE_SETS < scale_sets:
        wanted *= 2
    return before if before <= wanted * 4 and wanted <= before * 2 else wanted


def digest_of(text: str) -> str:
    """Digest a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def bucket_text(groups: Mapping[Place, Group]) -> str:
    """Write a bucket, always in the same order. Each group is text in it: most are never read."""
    return compact([[*place, compact(group.to_json())] for place, group in sorted(groups.items())])


def write_bucket(store: StateStore, holder: str, digest: str, text: str) -> str:
    """Write a bucket; answer its digest, or ``TOO_LARGE``. Raises ``LeaseLostError``."""
    try:
        store.put_records({PREFIX + digest: text}, holder=holder)
    except RecordTooLargeError:
        return TOO_LARGE
    return digest


class Buckets:
    """The buckets of a store, read when they are asked for."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._kept: OrderedDict[str, tuple[int, Mapping[Place, str]]] = OrderedDict()
        self._size = 0

    def read(self, digest: str) -> Mapping[Place, str] | Damage:
        """Answer the groups of a bucket as text; or why it cannot be read."""
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest][1]
        name = PREFIX + digest
        text = self._store.get_record(name)
        if text is None:
            return Damage(kind="record", name=name, why="it is missing")
        if digest_of(text) != digest:
            return Damage(kind="record", name=name, why="it says something else than it did")
        try:
            found = {(str(kind), str(group)): str(body) for kind, group, body in read_compact(text)}
        except (ValueError, TypeError, RecursionError) as error:  # of another release's form
            return Damage(kind="record", name=name, why=f"it is not a record of groups ({type(error).__name__})")
        self._kept[digest] = len(text), found
        self._size += len(text)
        while self._size > _ROOM and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1][0]
        return found

    def groups(self, digests: Sequence[str], places: Iterable[Place]) -> tuple[dict[Place, Group | None], list[Damage]]:
        """Read some groups; and say what cannot be read: of what lies there nothing is known."""
        wanted: dict[int, list[Place]] = {}
        for place in places:
            wanted.setdefault(bucket_of(place, len(digests)), []).append(place)
        found: dict[Place, Group | None] = {}
        damage: list[Damage] = []
        for number, some in sorted(wanted.items()):
            bucket = None if digests[number] == TOO_LARGE else self.read(digests[number])
            if isinstance(bucket, Damage):
                damage.append(bucket)
                bucket = None
            for place in some:
                found[place] = None if bucket is None else _group_in(bucket, place)
        return found, damage


def _group_in(bucket: Mapping[Place, str], place: Place) -> Group:
    """Read a group; one that is not in its bucket has no scale set."""
    return read_group(read_compact(bucket[place])) if place in bucket else Group()
