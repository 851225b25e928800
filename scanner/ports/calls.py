"""What a scan spends."""

from typing import Protocol


class CallCounts(Protocol):
    """What the connection counted, retries included."""

    @property
    def graph_queries(self) -> int:
        """Resource Graph requests."""

    @property
    def arm_calls(self) -> int:
        """Other Azure Resource Manager requests."""

    @property
    def throttles(self) -> int:
        """Answers with status 429."""
