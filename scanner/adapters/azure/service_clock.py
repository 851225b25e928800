"""What time it is for a deployed service: the machine's clock, put right by the answers of Azure Storage."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TOLERATED = timedelta(minutes=5)
"""How far the machine's clock may be off before the service's answers go before it."""

logger = logging.getLogger("scanner.clock")


def machine_clock() -> datetime:
    """Tell the time of this machine, in UTC."""
    return datetime.now(UTC)


class ServiceClock:
    """A clock that a wrong machine cannot set: alerts look for what happened lately, by the clock of Log Analytics.

    Until an answer was heard, and where the machine is right within ``TOLERATED``, it is the machine's own.
    """

    def __init__(self, machine: Callable[[], datetime] = machine_clock) -> None:
        self._machine = machine
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Tell the time, in UTC."""
        return self._machine() - self._ahead

    def heard(self, answered_at: datetime | None) -> None:
        """Learn the ``Date`` of an answer that has just come; ``None``: it had none."""
        if answered_at is None:
            return
        ahead = self._machine() - answered_at
        believed = ahead if abs(ahead) > TOLERATED else timedelta()
        if bool(believed) != bool(self._ahead):
            logger.warning('clock.wrong {"seconds_ahead": %d}', round(ahead.total_seconds()))
        self._ahead = believed
