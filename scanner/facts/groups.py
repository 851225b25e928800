"""All groups of a fleet: the sum of its cards, as a scan leaves it for the next one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from scanner.facts.card import Card
from scanner.facts.group import Group, Member

APPLICATION = "application"
CLUSTER = "cluster"

type Place = tuple[str, str]
"""Kind of a group, which is ``APPLICATION`` or ``CLUSTER``, and its name."""


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a fleet, each with the digest of what is known of it."""

    by_place: Mapping[Place, Group]
    digests: Mapping[Place, str]

    @staticmethod
    def of(by_place: Mapping[Place, Group]) -> "Groups":
        """Digest each group once."""
        return Groups(by_place, {place: _digest(group) for place, group in by_place.items()})

    def member(self, card: Card) -> Member:
        """Put a card beside its groups. One that is new has a group of its own: nothing else is known of it."""
        found = {kind: self.by_place.get((kind, name), Group()) for kind, name in places_of(card)}
        return Member(card=card, application=found.get(APPLICATION), cluster=found.get(CLUSTER))


def groups_of(cards: Iterable[Card]) -> Groups:
    """Sum up cards, in any order."""
    by_place: dict[Place, Group] = {}
    for card in cards:
        for place in places_of(card):
            by_place.setdefault(place, Group()).add(card)
    return Groups.of(by_place)


def places_of(card: Card) -> Iterator[Place]:
    """Name the groups that a card belongs to."""
    if card.application:
        yield APPLICATION, card.application
    if card.cluster:
        yield CLUSTER, card.cluster


def _digest(group: Group) -> str:
    text = json.dumps(group.to_json())
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
