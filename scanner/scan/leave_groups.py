"""Leave the groups of the fleet for the next scan: the sums of all cards, bucket by bucket."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import batched

from scanner.errors import UnreadableError
from scanner.facts.card import Card, read_card
from scanner.facts.group import Group
from scanner.facts.groups import Place, group_of, places_of
from scanner.ports.store import Damage, StateStore
from scanner.scan.group_buckets import (
    FEWEST,
    PREFIX,
    TOO_LARGE,
    Buckets,
    bucket_of,
    bucket_text,
    count_for,
    digest_of,
    is_digest,
    write_bucket,
)
from scanner.scan.group_head import RECORD, Head, read_head
from scanner.scan.shard_view import ShardView
from scanner.state.compact import compact, read_compact
from scanner.state.tally import CARD, Tally, read_tally

WRITTEN = "groups.written"
"""The digests of the buckets that may be in the store: noted before they are written, so that none is left behind."""
AT_ONCE = 200_000
"""Scale sets whose cards are held at once; those of a larger fleet are read several times."""
_IN_ONE = 50
"""Buckets that are dropped in one transaction."""

type _Cards = dict[Place, list[tuple[str, str, str]]]
"""Key, name and card as JSON text, of the scale sets of each group: text takes a quarter of the memory of objects."""


def leave_groups(  # noqa: PLR0913 - what is summed up, and how much of it at a time
    store: StateStore,
    scan_id: str,
    scale_sets: int,
    keep: Callable[[], None],
    *,
    is_large: bool,
    at_once: int = AT_ONCE,
) -> dict[str, str]:
    """Write the sums of all cards; answer the record that names them, to be written with the scan's own.

    A scan that dies before that, and is repeated, compares with the same. While the card of a damaged state is not known
    the groups stay as they are: a scale set that cannot be read is not gone. ``keep`` is called before a bucket is written;
    of a large fleet one subscription is read at a time, and no more than the cards of ``at_once`` scale sets are held. Raises
    ``LeaseLostError``.
    """
    found = read_head(store)
    head = found if isinstance(found, Head) else None
    named: frozenset[str] = frozenset() if head is None else head.named
    count = count_for(scale_sets, FEWEST if head is None else len(head.digests))
    parts = max(1, -(-scale_sets // at_once))
    digests = [TOO_LARGE] * count
    for part in range(parts):
        try:
            texts = _texts(store, count, range(part, count, parts), is_large=is_large)
        except UnreadableError:
            return {}
        missing = {digest_of(text): text for text in texts.values()}
        missing = {digest: text for digest, text in missing.items() if not _is_there(store, digest, named)}
        _note(store, scan_id, {*named, *missing} - {TOO_LARGE})
        too_large = set()
        for digest, text in missing.items():
            keep()
            if not write_bucket(store, scan_id, digest, text):
                too_large.add(digest)
        for number, text in texts.items():
            digest = digest_of(text)
            digests[number] = TOO_LARGE if digest in too_large else digest
    before = None if head is None else head.found_by(scan_id)
    return {RECORD: Head(scan_id=scan_id, digests=tuple(digests), before=before).to_json()}


def drop_old_groups(store: StateStore, scan_id: str) -> None:
    """Delete the buckets that no record names any more. Raises ``LeaseLostError``."""
    head, written = read_head(store), _written(store)
    if not isinstance(head, Head):
        return
    left = set(written)
    for batch in batched(sorted(left - head.named), _IN_ONE, strict=False):
        left.difference_update(batch)
        unwanted = dict.fromkeys([PREFIX + digest for digest in batch])
        store.put_records({**unwanted, WRITTEN: json.dumps(sorted(left))}, holder=scan_id)


def _texts(store: StateStore, count: int, wanted: range, *, is_large: bool) -> dict[int, str]:
    """Sum up some buckets. Raises ``UnreadableError`` where a card cannot be known."""
    found: dict[int, _Cards] = {number: defaultdict(list) for number in wanted}
    for card in _cards(store, is_large=is_large):
        for place in places_of(card):
            cards = found.get(bucket_of(place, count))
            if cards is not None:
                cards[place].append((card.key, card.name, compact(card.to_json())))
    return {number: bucket_text(_summed(cards)) for number, cards in found.items()}


def _summed(cards: _Cards) -> dict[Place, Group]:
    return {
        place: group_of(read_card(key, name, read_compact(text)) for key, name, text in some)
        for place, some in cards.items()
    }


def _cards(store: StateStore, *, is_large: bool) -> Iterator[Card]:
    """Yield all cards. Raises ``UnreadableError`` where one cannot be known."""
    for part in [[each] for each in store.subscriptions()] if is_large else [[]]:
        view = ShardView(store)
        view.load(part)
        if view.damage:
            raise UnreadableError("a state cannot be read")
        for key in view.current():
            header = view.headers[key]
            tally = read_tally(header.tally, header.subscription_id)
            if tally is None:
                raise UnreadableError("a tally cannot be read")
            if tally.card is not None:
                yield _card(view, key, tally)


def _card(view: ShardView, key: str, tally: Tally) -> Card:
    """Read a card; where the header's is damaged, that of the state, which says whether it is as it was written."""
    try:
        return read_card(key, tally.name, tally.card)
    except (ValueError, LookupError, TypeError, AttributeError):
        view.fetch([key])
        known = view.state_of(key)
        if known is None:
            raise UnreadableError("a state cannot be read") from None
        return read_card(key, known.identity.name, known.beside[CARD])


def _is_there(store: StateStore, digest: str, named: frozenset[str]) -> bool:
    """Tell whether a bucket is there and whole; one that is damaged is written again."""
    return digest in named and not isinstance(Buckets(store).read(digest), Damage)


def _note(store: StateStore, scan_id: str, digests: set[str]) -> None:
    written = _written(store)
    if not digests <= written:
        store.put_records({WRITTEN: json.dumps(sorted(digests | written))}, holder=scan_id)


def _written(store: StateStore) -> set[str]:
    """Read which buckets may be in the store. Where that is damaged, those that are not in use stay."""
    try:
        return {each for each in json.loads(store.get_record(WRITTEN) or "[]") if each and is_digest(each)}
    except (ValueError, TypeError, RecursionError):
        return set()
