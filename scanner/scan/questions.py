"""What Compute is asked in one scan: few questions, one at a time, and none in the time that is kept for telling."""

from collections import Counter
from collections.abc import Callable

from scanner.ports.compute import Answer, Compute

LONGEST = 30
"""Seconds that one question may take; none is asked later than that before the end of the time for reading."""
SILENCES = 3
"""Questions in a row without an answer after which a subscription is left alone until the next scan."""
SILENCES_IN_ALL = 6
"""The same for Compute as a whole: where it is out of order, the rest of the scan does not wait for it."""


class Questions:
    """Asks Compute while there is time, and while it answers.

    ``seconds_left`` tells what is left of the time for reading. Budgets: AZURE allows 1,200 reads a minute for each
    subscription and identity, so that a scan's few hundred are never near it.
    https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
    """

    def __init__(self, compute: Compute, seconds_left: Callable[[], float], keep_lease: Callable[[], None]) -> None:
        self._compute = compute
        self._seconds_left = seconds_left
        self._keep_lease = keep_lease
        self._silences: Counter[str] = Counter()
        self._silences_in_all = 0

    def may_ask(self, subscription_id: str) -> bool:
        """Whether a question about a scale set of this subscription still makes sense."""
        return (
            self._silences[subscription_id] < SILENCES
            and self._silences_in_all < SILENCES_IN_ALL
            and self._seconds_left() > LONGEST
        )

    def ask(self, scale_set_id: str, subscription_id: str) -> Answer:
        """Ask for a scale set; ``None``: there is no time, or no answer. Raises ``LeaseLostError``."""
        if not self.may_ask(subscription_id):
            return None
        self._keep_lease()
        answer = self._compute.look_up(scale_set_id)
        if answer is None:
            self._silences[subscription_id] += 1
            self._silences_in_all += 1
        else:
            self._silences[subscription_id] = self._silences_in_all = 0
        return answer
