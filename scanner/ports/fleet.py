"""Azure Resource Graph, as a scan needs it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scanner.facts.evidence import JsonValue

QUERIES = 15
"""Queries that an identity may send in each window of Resource Graph's quota, which is 5 seconds long.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the identity can read right now."""

    subscriptions: Mapping[str, str]
    """Name by subscription id (lower case)."""
    managed_groups: Mapping[str, str]
    """``managedBy`` of the resource groups that have one, by resource group id (lower case)."""


class Fleet(Protocol):
    """Azure Resource Graph, as the scan needs it. Every method raises ``ReadFailedError`` when its answer is incomplete."""

    def coverage(self) -> Coverage:
        """Read the subscriptions that can be read, and the resource groups that another service manages."""

    def pages(self) -> Iterator[Sequence[Mapping[str, JsonValue]]]:
        """Yield pages of raw scale sets, each scale set once, ordered by id.

        Raises when a page cannot be had: pages that were yielded before stay true, what follows was not seen.
        """

    def counts(self, coverage: Coverage) -> Mapping[str, int]:
        """Count the scale sets by subscription (lower case), also of those that the coverage may have left out."""

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "Fleet":
        """Answer the same fleet, but for some subscriptions alone, within a part of the quota."""

    def changes(self, since: datetime) -> Iterator[Sequence[Mapping[str, JsonValue]]]:
        """Yield pages of raw records of what was changed in scale sets after ``since``, each once, in any order.

        Changes of the capacity alone, which autoscale makes, are left out. Raises when a page cannot be had.
        """
