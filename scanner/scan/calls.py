"""What a part of a scan has spent of Azure's budgets, so that the parts add up."""

from dataclasses import dataclass

from scanner.ports.calls import CallCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Requests of one part of a scan, retries included."""

    graph_queries: int = 0
    arm_calls: int = 0
    throttles: int = 0

    def __add__(self, other: "Calls") -> "Calls":
        """Add what another part has spent."""
        return Calls(
            graph_queries=self.graph_queries + other.graph_queries,
            arm_calls=self.arm_calls + other.arm_calls,
            throttles=self.throttles + other.throttles,
        )

    def __sub__(self, other: "Calls") -> "Calls":
        """Take away what was spent before."""
        return Calls(
            graph_queries=self.graph_queries - other.graph_queries,
            arm_calls=self.arm_calls - other.arm_calls,
            throttles=self.throttles - other.throttles,
        )


def counted(counts: CallCounts) -> Calls:
    """Read what a connection has counted so far."""
    return Calls(graph_queries=counts.graph_queries, arm_calls=counts.arm_calls, throttles=counts.throttles)
