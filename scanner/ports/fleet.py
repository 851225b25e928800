"""Azure Resource Graph, as a scan needs it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scanner.facts.evidence import JsonValue


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

    def changes(self, since: datetime) -> Iterator[Sequence[Mapping[str, JsonValue]]]:
        """Yield pages of raw records of what was changed in scale sets after ``since``, each once, in any order.

        Changes of the capacity alone, which autoscale makes, are left out. Raises when a page cannot be had.
        """
