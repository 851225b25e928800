"""Clients of Compute for questions about single scale sets: one for each subscription, and one budget for all of them.

Whoever asks about scale sets shares it: Resource Manager's own reads are counted by subscription, whatever is read.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.call_budget import CallBudget, Cost
from scanner.adapters.azure.compute_clients import ComputeClients
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient

PATIENCE = 30.0
"""Seconds for one call, retries included."""
SILENCES = 3
"""Questions in a row without an answer after which one kind of question leaves a subscription alone."""


class NotWholeError(Exception):
    """An answer that came, and of which something cannot be read."""


class BudgetedCompute:
    """Compute within Azure's budgets; safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        from scanner.adapters.azure.budget_policy import BudgetPolicy

        self.limits = connection.limits
        self.budget = CallBudget(connection.limits.clock)
        self._clients = ComputeClients(connection, [BudgetPolicy(self.budget, connection.arm_endpoint)])

    def client(self, subscription: str) -> "ComputeManagementClient":
        """Answer the client of a subscription."""
        return self._clients.of(subscription)

    def turn(self, subscription: str) -> Cost:
        """Wait for the turn of a question that only Resource Manager counts, and spend it; answer what it spends."""
        cost = Cost(place=f"{subscription.lower()}/", scale_set="", is_other=True)
        wait = self.budget.wait_for(cost)
        if 0 < wait < self.limits.seconds_left():
            self.limits.sleep(wait)
        self.budget.spend(cost)
        return cost

    def patience(self, cost: Cost, end: float) -> dict[str, Any]:
        """Answer the options of a call: what it spends, and how long it may take, at ``end`` (of the clock) at most."""
        limits = self.limits
        last = min(end, limits.clock() + PATIENCE)
        return {
            "seconds_left": lambda: min(limits.seconds_left(), last - limits.clock()),
            "read_timeout": PATIENCE / 2,
            "spending": cost,
        }

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()


class Silences:
    """Counts the questions in a row that a subscription did not answer."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()

    def has_given_up(self, subscription: str) -> bool:
        """Tell whether a subscription is left alone until the next scan."""
        return self._in_a_row[subscription] >= SILENCES

    def answered(self, subscription: str) -> None:
        """Begin to count anew."""
        self._in_a_row[subscription] = 0

    def failed(self, subscription: str, error: Exception) -> None:
        """Count a question, unless it was answered: with something unreadable, or that there is no such thing."""
        is_answered = isinstance(error, NotWholeError) or read_failure(error).status in (404, 409)
        self._in_a_row[subscription] += 0 if is_answered else 1
