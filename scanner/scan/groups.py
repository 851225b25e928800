"""The groups of the fleet between two scans: read before the first page, and written again when a card has changed.

A scan compares each scale set with what the scan before left of the others: so all scale sets of one page are judged
alike, whatever the order of the pages, and news that rests on two scale sets comes one scan after the later of them.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from scanner.errors import UnreadableError
from scanner.facts.card import Card, read_card
from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.group import Group, read_group
from scanner.facts.groups import APPLICATION, CLUSTER, Groups, Place, groups_of
from scanner.facts.tags import Tags
from scanner.ports.store import Damage, StateStore
from scanner.scan.shard_view import ShardView
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState
from scanner.state.tally import CARD, read_tally

if TYPE_CHECKING:
    from scanner.scan.underway import Scan

RECORD = "groups"
"""Says which of the two sets of buckets, each a record ``groups.SET.N``, holds the groups, and what each has to hold."""
BUCKETS = 8
CLUSTERED = "cluster"
"""Where it keeps the endpoint of a Service Fabric cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The record that the buckets go by. A scan writes the other set: repeated, it compares with what it did before."""

    scan_id: str
    """The scan that wrote the set."""
    letter: Literal["a", "b"]
    digests: tuple[str, ...]
    """Of each bucket: one that is missing, or says something else, is damaged."""
    before: tuple[str, ...] | None
    """The same of the other set; ``None``: that scan had nothing to compare with."""
    is_current: bool = True
    """Whether the groups are those of all cards; else of all but some changes."""

    def found_by(self, scan_id: str) -> tuple[str, tuple[str, ...] | None]:
        """Answer the set, and its digests, that a scan found when it began."""
        return (_other(self.letter), self.before) if scan_id == self.scan_id else (self.letter, self.digests)

    def to_json(self) -> str:
        """Write the record."""
        before = None if self.before is None else list(self.before)
        return json.dumps([self.scan_id, self.letter, list(self.digests), before, self.is_current])


class FleetSource:
    """What the last scan left of the other scale sets, as a source of depth."""

    name = "fleet"

    def __init__(self, groups: Groups | None, application_tag: str, compared: Mapping[Place, str]) -> None:
        self._groups = groups
        self._tag = application_tag
        self._digests: Mapping[Place, str] = {} if groups is None else groups.digests
        self._compared = compared
        """The digests with which all scale sets of a group were compared."""

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:  # noqa: ARG002 - as every source
        """Answer nothing: one change would write all scale sets of an application (``scanner.scan.compared``)."""
        return None

    def differs(self, row: Mapping[str, object], known: Glance) -> bool:
        """Tell whether a group is other than what its scale sets were compared with: then they are judged again."""
        places = ((APPLICATION, self._application(row)), (CLUSTER, str(known.kept.get(CLUSTERED, ""))))
        return any(self._digests.get(place) != self._compared.get(place) for place in places)

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:  # noqa: ARG002 - as every source
        """Hand over all groups: the card says which ones are its own."""
        return replace(depth, groups=self._groups)

    def _application(self, row: Mapping[str, object]) -> str:
        tags = row.get("tags")
        if not isinstance(tags, Mapping):
            return ""
        texts = {str(name): value for name, value in tags.items() if isinstance(value, str)}
        return Tags(texts).get(self._tag, "").lower()


def read_groups(store: StateStore, scan_id: str = "") -> tuple[Groups | Damage | None, bool]:
    """Read what a scan found when it began, ``None``: nothing yet; and whether it has to write it anew."""
    head = _read_head(store)
    if not isinstance(head, Head):
        return head, True
    letter, digests = head.found_by(scan_id)
    if digests is None:
        return None, not head.is_current
    by_place: dict[Place, Group] = {}
    for number, digest in enumerate(digests):
        name = _bucket_name(letter, number)
        try:
            by_place |= _read_bucket(store.get_record(name) or "", digest)
        except (UnreadableError, ValueError, KeyError, TypeError) as error:
            why = f"it is not the record of groups that is looked for ({type(error).__name__})"
            return Damage(kind="record", name=name, why=why), True
    return Groups.of(by_place), not head.is_current


def _read_bucket(text: str, digest: str) -> dict[Place, Group]:
    """Read the groups of a bucket. What was written as it is may still be of another release's form."""
    if _digest(text) != digest:
        raise UnreadableError("it is another text")
    return {(str(kind), str(group)): read_group(body) for kind, group, body in json.loads(text)}


def _read_head(store: StateStore) -> Head | Damage | None:
    text = store.get_record(RECORD)
    if text is None:
        return None
    try:
        scan_id, letter, digests, before, is_current = json.loads(text)
        head = Head(
            scan_id=scan_id,
            letter=letter,
            digests=tuple(digests),
            before=None if before is None else tuple(before),
            is_current=is_current,
        )
        _require_head(head)
    except (UnreadableError, ValueError, TypeError, RecursionError) as error:
        return Damage(kind="record", name=RECORD, why=f"it is not a record of groups ({type(error).__name__})")
    return head


def _require_head(head: Head) -> None:
    lengths = {len(head.digests), BUCKETS if head.before is None else len(head.before)}
    texts = {type(each) for each in (head.scan_id, *head.digests, *(head.before or ()))}
    if head.letter not in ("a", "b") or lengths != {BUCKETS} or texts != {str} or not isinstance(head.is_current, bool):
        raise UnreadableError("something else in its place")


def kept_card(card: Card | None) -> dict[str, JsonValue]:
    """Answer what a state keeps of its card, and of it what is asked before the state is read whole."""
    if card is None:
        return {}
    return {CARD: card.to_json()} | ({CLUSTERED: card.cluster} if card.cluster else {})


def known_card(known: ScaleSetState | None) -> dict[str, JsonValue]:
    """Answer the same of the last known state."""
    beside = {} if known is None else known.beside
    return {name: value for name, value in beside.items() if name in (CARD, CLUSTERED)}


def note_changes(scan: "Scan", states: Iterable[ScaleSetState]) -> None:
    """Say, before states with another card are committed, that the groups are to be written again."""
    if scan.groups_changed:
        return
    if any(_has_another_card(scan, state) for state in states):
        scan.groups_changed = True
        head = _read_head(scan.ports.store)
        if isinstance(head, Head):  # without one the groups are written again anyway
            records = {RECORD: replace(head, is_current=False).to_json()}
            scan.ports.store.put_records(records, holder=scan.request.scan_id)


def _has_another_card(scan: "Scan", state: ScaleSetState) -> bool:
    before = scan.view.state_of(state.identity.key)
    old = None if before is None else before.beside.get(CARD)
    return old != (None if state.removed_at is not None else state.beside.get(CARD))


def groups_record(store: StateStore, scan_id: str, *, is_large: bool) -> dict[str, str]:
    """Sum up all cards for the next scan, of a large fleet one subscription at a time.

    The records are written with the scan's own: a scan that dies before, and is repeated, compares with the same. While
    the card of a damaged state is not known the groups stay as they are: a scale set that cannot be read is not gone.
    """
    parts: list[list[str]] = [[each] for each in store.subscriptions()] if is_large else [[]]
    try:
        found = groups_of(card for part in parts for card in _cards_in(store, part))
    except UnreadableError:
        return {}
    buckets: list[list[JsonValue]] = [[] for _ in range(BUCKETS)]
    for (kind, name), group in sorted(found.by_place.items()):
        buckets[_bucket(kind, name)].append([kind, name, group.to_json()])
    texts = [json.dumps(bucket, separators=(",", ":")) for bucket in buckets]
    head = _read_head(store)
    letter, before = head.found_by(scan_id) if isinstance(head, Head) else ("b", None)
    written = Head(
        scan_id=scan_id, letter=_other(letter), digests=tuple([_digest(text) for text in texts]), before=before
    )
    return {
        RECORD: written.to_json(),
        **{_bucket_name(written.letter, number): text for number, text in enumerate(texts)},
    }


def _cards_in(store: StateStore, subscriptions: Collection[str]) -> Iterator[Card]:
    """Read all cards. Raises ``UnreadableError`` where one cannot be known."""
    view = ShardView(store)
    view.load(subscriptions)
    if view.damage:
        raise UnreadableError("a state cannot be read")
    for key in view.current():
        header = view.headers[key]
        tally = read_tally(header.tally, header.subscription_id)
        if tally is None:
            raise UnreadableError("a tally cannot be read")
        if tally.card is not None:
            try:
                yield read_card(key, tally.name, tally.card)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UnreadableError("a card cannot be read") from error


def _bucket(kind: str, name: str) -> int:
    return int.from_bytes(bytes.fromhex(_digest(f"{kind}\n{name}")[:4])) % BUCKETS


def _bucket_name(letter: str, number: int) -> str:
    return f"{RECORD}.{letter}.{number}"


def _other(letter: str) -> Literal["a", "b"]:
    return "b" if letter == "a" else "a"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
