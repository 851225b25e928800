"""The groups of the fleet between two scans: read before the first page, and written again when a card has changed.

A scan compares each scale set with what the scan before left of the others: so all scale sets of one page are judged
alike, whatever the order of the pages, and news that rests on two scale sets comes one scan after the later of them.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

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
"""Says whether the groups, each bucket of them a record ``groups.N``, are those of all cards, or of all but some changes."""
CURRENT = "current"
STALE = "stale"
BUCKETS = 8
CLUSTERED = "cluster"
"""Where it keeps the endpoint of a Service Fabric cluster."""


class FleetSource:
    """What the last scan left of the other scale sets, as a source of depth."""

    name = "fleet"

    def __init__(self, groups: Groups | None, application_tag: str) -> None:
        self._groups = groups
        self._tag = application_tag

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer the digests of its groups: a change of another scale set of the application judges it again."""
        digests = {} if self._groups is None else self._groups.digests
        cluster = "" if known is None else str(known.kept.get(CLUSTERED, ""))
        return [digests.get((APPLICATION, self._application(row)), ""), digests.get((CLUSTER, cluster), "")]

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:  # noqa: ARG002 - as every source
        """Hand over all groups: the card says which ones are its own."""
        return replace(depth, groups=self._groups)

    def _application(self, row: Mapping[str, object]) -> str:
        tags = row.get("tags")
        if not isinstance(tags, Mapping):
            return ""
        texts = {str(name): value for name, value in tags.items() if isinstance(value, str)}
        return Tags(texts).get(self._tag, "").lower()


def read_groups(store: StateStore) -> tuple[Groups | Damage | None, bool]:
    """Read what the last scan left, ``None``: nothing yet; and whether this scan has to write it anew."""
    head = store.get_record(RECORD)
    if head is None:
        return None, True
    by_place: dict[Place, Group] = {}
    try:
        for number in range(BUCKETS):
            text = store.get_record(f"{RECORD}.{number}")
            for kind, name, body in json.loads("[]" if text is None else text):
                by_place[str(kind), str(name)] = read_group(body)
    except (UnreadableError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = f"it is not a record of groups ({type(error).__name__})"
        return Damage(kind="record", name=f"{RECORD}.{number}", why=why), True
    return Groups.of(by_place), head != CURRENT


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
        scan.ports.store.put_records({RECORD: STALE}, holder=scan.request.scan_id)


def _has_another_card(scan: "Scan", state: ScaleSetState) -> bool:
    before = scan.view.state_of(state.identity.key)
    old = None if before is None else before.beside.get(CARD)
    return old != (None if state.removed_at is not None else state.beside.get(CARD))


def groups_record(store: StateStore, *, is_large: bool) -> dict[str, str]:
    """Sum up all cards for the next scan, of a large fleet one subscription at a time.

    The records are written with the scan's own: a scan that dies before, and is repeated, compares with the same.
    """
    parts: list[list[str]] = [[each] for each in store.subscriptions()] if is_large else [[]]
    found = groups_of(card for part in parts for card in _cards_in(store, part))
    buckets: list[list[JsonValue]] = [[] for _ in range(BUCKETS)]
    for (kind, name), group in sorted(found.by_place.items()):
        buckets[_bucket(kind, name)].append([kind, name, group.to_json()])
    texts = {f"{RECORD}.{number}": json.dumps(bucket, separators=(",", ":")) for number, bucket in enumerate(buckets)}
    return {RECORD: CURRENT, **texts}


def _cards_in(store: StateStore, subscriptions: Collection[str]) -> Iterator[Card]:
    view = ShardView(store)
    view.load(subscriptions)
    for key in view.current():
        header = view.headers[key]
        tally = read_tally(header.tally, header.subscription_id)
        if tally is not None and tally.card is not None:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                yield read_card(key, tally.name, tally.card)


def _bucket(kind: str, name: str) -> int:
    digest = blake2b(f"{kind}\n{name}".encode("utf-8", "surrogatepass"), digest_size=2).digest()
    return int.from_bytes(digest) % BUCKETS
