"""What ``whatif`` found."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from scanner.facts.card import Card
from scanner.facts.depth import Depth, ScaleSet
from scanner.facts.groups import Groups, groups_of
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement, judge
from scanner.judging.what_if import Consequence, consequence_of
from scanner.rules.cards import card_of
from scanner.rules.criteria import Criteria

NOT_REPLAYED = (
    "Other days: the state keeps facts that drift and outcomes, too little to judge again. This is about today's scale sets.",
    "The rules of another release: run its own vmss-posture check, and compare.",
)
"""What no run of this command can say."""
PART_COMPARED = "Only a part of the fleet was read: rules that compare scale sets (VMSS-070 to -074) compare with what the last scan left."
NOT_COMPARED = (
    "Only a part of the fleet was read: rules that compare scale sets (VMSS-070 to -074) are unknown on both sides."
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A scale set that waits until all were seen, and the cards by which it is compared, of each criteria."""

    posture: Posture
    depth: Depth
    now: Card | None
    then: Card | None


@dataclass(slots=True, kw_only=True)
class WhatIf:
    """What was found. Rules that compare scale sets need all of them first: ``take`` each, then ``conclude``."""

    now: Criteria
    then: Criteria
    consequences: list[Consequence] = field(default_factory=list)
    """Of those about which something would change."""
    problems: list[str] = field(default_factory=list)
    """What could not be read."""
    not_replayed: list[str] = field(default_factory=lambda: list(NOT_REPLAYED))
    seen: list[_Seen] = field(default_factory=list, repr=False)

    @property
    def judged(self) -> int:
        """Count the scale sets."""
        return len(self.seen)

    def take(self, judgement: Judgement) -> None:
        """Keep what a scale set is judged by."""
        posture, depth = judgement.posture, judgement.depth
        then = None if posture.managed_by else card_of(ScaleSet(posture=posture, depth=depth), self.then)
        self.seen.append(_Seen(posture, depth, judgement.card, then))

    def conclude(self, *, is_whole: bool) -> None:
        """Judge each by both criteria, and keep what would change.

        Where the whole fleet was read its scale sets are compared with each other. Else the last scan's are taken, which
        the two criteria have to place by the same tags.
        """
        whole = self._whole() if is_whole else None
        is_alike = self.now.policy.tags == self.then.policy.tags
        if whole is None:
            are_left = is_alike and any(each.depth.groups is not None for each in self.seen)
            self.not_replayed.append(PART_COMPARED if are_left else NOT_COMPARED)
        for each in self.seen:
            left = each.depth.groups if is_alike else None
            now, then = whole or (left, left)
            before = judge(each.posture, self.now, replace(each.depth, groups=now))
            consequence = consequence_of(before, self.then, replace(each.depth, groups=then))
            if consequence:
                self.consequences.append(consequence)

    def _whole(self) -> tuple[Groups, Groups]:
        return _groups(each.now for each in self.seen), _groups(each.then for each in self.seen)


def _groups(cards: Iterable[Card | None]) -> Groups:
    return groups_of(card for card in cards if card is not None)
