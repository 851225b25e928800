"""Azure Compute, as a scan needs it."""

from typing import Protocol


class Compute(Protocol):
    """Azure Compute, as the scan needs it."""

    def is_gone(self, scale_set_id: str) -> bool | None:
        """Ask the resource provider itself: gone (404 ResourceNotFound or ResourceGroupNotFound), there, or not known."""
