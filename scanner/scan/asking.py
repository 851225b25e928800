"""Questions about what lies beside the rows: within the time for reading, and no more once Azure stays silent."""

from collections.abc import Callable
from datetime import datetime

from scanner.errors import CallFailure, ReadFailedError
from scanner.scan.underway import Scan

KEPT_SECONDS = 60.0
"""What is kept of the time for reading: no question is begun later than that before its end."""
SILENCES = 5
"""Questions in a row that had no answer, after which this scan asks no more of this kind."""
REFUSALS = frozenset({403, 404})
"""Answers that say something of what was asked about, and nothing of the service."""


class Asking:
    """Asks one service while there is time, and while it answers."""

    def __init__(self, now: Callable[[], datetime], ends_at: datetime, keep_lease: Callable[[], None]) -> None:
        self._now = now
        self._ends_at = ends_at
        self._keep_lease = keep_lease
        self._silences = 0
        self.failures: list[str] = []
        """What was answered in place of what was asked for, as far as it is told."""

    def ask[T](self, question: Callable[[], T]) -> T | CallFailure | None:
        """Ask; a refusal is answered as it was said, and ``None`` means: not asked, or no answer.

        Raises ``LeaseLostError``.
        """
        if self._silences >= SILENCES or (self._ends_at - self._now()).total_seconds() <= KEPT_SECONDS:
            return None
        self._keep_lease()
        try:
            answer = question()
        except ReadFailedError as error:
            if error.failure is not None and error.failure.status in REFUSALS:
                self._silences = 0
                return error.failure
            self._silences += 1
            self.failures.append(str(error))
            return None
        self._silences = 0
        return answer


def asking_of(scan: Scan) -> Asking:
    """Make questions that keep to the scan's time for reading."""
    return Asking(scan.ports.now, scan.request.moment + scan.request.time_limit, scan.lease.keep)
