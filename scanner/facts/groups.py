"""The groups of a fleet: sums of its cards, as a scan leaves them for the next one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scanner.facts.card import Card
from scanner.facts.group import Group, Member

APPLICATION = "application"
CLUSTER = "cluster"

type Place = tuple[str, str]
"""Kind of a group, which is ``APPLICATION`` or ``CLUSTER``, and its name."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a fleet, or of those scale sets that are being worked on."""

    by_place: Mapping[Place, Group | None]
    """``None``: it cannot be read."""
    is_whole: bool = True
    """Whether it has all groups of the fleet; else one that is not here was not read."""

    def member(self, card: Card) -> Member:
        """Put a card beside its groups. One that is new has a group of its own: nothing else is known of it."""
        unknown = Group() if self.is_whole else None
        found = {kind: self.by_place.get((kind, name), unknown) for kind, name in places_of(card)}
        return Member(card=card, application=found.get(APPLICATION), cluster=found.get(CLUSTER))


def groups_of(cards: Iterable[Card]) -> Groups:
    """Sum up cards, in any order."""
    by_place: dict[Place, Group] = {}
    for card in cards:
        for place in places_of(card):
            by_place.setdefault(place, Group()).add(card)
    return Groups(by_place)


def group_of(cards: Iterable[Card]) -> Group:
    """Sum up the cards of one group, in any order."""
    group = Group()
    for card in cards:
        group.add(card)
    return group


def places_of(card: Card) -> Iterator[Place]:
    """Name the groups that a card belongs to."""
    return placed(card.application, card.cluster)


def placed(application: str | None, cluster: str | None) -> Iterator[Place]:
    """Name the groups that a scale set belongs to, by its application and its cluster; both may be empty."""
    if application:
        yield APPLICATION, application
    if cluster:
        yield CLUSTER, cluster
