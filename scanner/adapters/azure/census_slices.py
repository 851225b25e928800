"""How a census is cut, so that no answer is cut off: Resource Graph answers one page of what is summed up.

A slice is some subscriptions, or a part of one: those scale sets whose id has a hash of this remainder. What turns out
too large is cut again. https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

SUBSCRIPTIONS_PER_SLICE = 300
"""Subscriptions that one query is asked of."""
UNKNOWN = 10
"""Scale sets that a subscription is taken to have while none is known there."""
DEEPEST = 8
"""Cuts of one slice after which it is given up: with each, a quarter is left."""
_CUT_IN = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """One remainder of a hash."""

    parts: int
    part: int
    by_instance: bool = False
    """Of the instance's id in the place of the scale set's: one scale set alone was too much."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the census."""

    subscriptions: tuple[str, ...]
    """Lower case."""
    cuts: tuple[Cut, ...] = ()
    """All of them hold."""

    def within(self, query: str) -> str:
        """Write the query for this slice: conditions, made of numbers alone, stand where the query has its mark."""
        lines = [_condition(depth, cut) for depth, cut in enumerate(self.cuts)]
        return query.replace("// slice\n", "".join(lines))

    def halves(self, *, is_one_scale_set: bool) -> list["Slice"]:
        """Cut what was too large; empty where it cannot be cut any more."""
        if len(self.subscriptions) > 1:
            middle = len(self.subscriptions) // 2
            return [
                replace(self, subscriptions=half) for half in (self.subscriptions[:middle], self.subscriptions[middle:])
            ]
        if len(self.cuts) >= DEEPEST:
            return []
        return [
            replace(self, cuts=(*self.cuts, Cut(_CUT_IN, part, by_instance=is_one_scale_set)))
            for part in range(_CUT_IN)
        ]


def plan_slices(expected: Mapping[str, int], most: int) -> list[Slice]:
    """Cut the census of some subscriptions, each with the scale sets expected there, into slices of at most so many.

    Large subscriptions are cut in equal parts, small ones share a slice.
    """
    slices: list[Slice] = []
    together: list[str] = []
    room = 0
    for subscription, count in sorted((name, known or UNKNOWN) for name, known in expected.items()):
        if count > most:
            parts = ceil(count / most)
            slices += [Slice((subscription,), (Cut(parts, part),)) for part in range(parts)]
            continue
        if together and (count > room or len(together) == SUBSCRIPTIONS_PER_SLICE):
            slices.append(Slice(tuple(together)))
            together = []
        room = (room if together else most) - count
        together.append(subscription)
    return [*slices, Slice(tuple(together))] if together else slices


def _condition(depth: int, cut: Cut) -> str:
    # Another text for each depth: a remainder that was cut once would all have the same one the second time.
    column = "tolower(id)" if cut.by_instance else "scaleSet"
    told = column if depth == 0 else f"strcat({column}, '#{depth}')"
    return f"| where hash({told}, {cut.parts}) == {cut.part}\n"
