"""Azure Compute, as a scan needs it."""

from collections.abc import Mapping
from typing import Protocol

from scanner.facts.evidence import JsonValue


class Compute(Protocol):
    """Azure Compute, as the scan needs it. Each answer takes some seconds at most, and none raises."""

    def is_gone(self, scale_set_id: str) -> bool | None:
        """Ask the resource provider itself: gone (404 ResourceNotFound or ResourceGroupNotFound), there, or not known."""

    def document(self, scale_set_id: str) -> Mapping[str, JsonValue] | None:
        """Ask the resource provider for the scale set as it is now; ``None``: it did not answer with one."""
