"""Resource Graph's quota: so many queries in a window of seconds, for each principal, by a clock that runs.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_SECONDS = 5.0
DEFAULT_QUERIES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left after one query."""

    allowed: bool
    remaining: int
    resets_after_seconds: float

    def headers(self) -> dict[str, str]:
        """Write the headers that every answer of Resource Graph carries."""
        seconds = math.ceil(self.resets_after_seconds)
        return {
            "x-ms-user-quota-remaining": str(self.remaining),
            "x-ms-user-quota-resets-after": f"00:00:{seconds:02d}",
        }


class Quota:
    """Counts queries in windows that begin with a principal's first query."""

    def __init__(self, queries: int = DEFAULT_QUERIES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.queries = queries
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, principal: str) -> Allowance:
        """Count one query; a quota of 0 queries is none at all."""
        now = self._monotonic()
        with self._lock:
            start, used = self._windows.get(principal, (now, 0))
            if not 0 <= now - start < WINDOW_SECONDS:
                start, used = now, 0
            allowed = self.queries == 0 or used < self.queries
            used += allowed
            self._windows[principal] = (start, used)
            left = WINDOW_SECONDS - (now - start)
            remaining = max(0, self.queries - used) if self.queries else DEFAULT_QUERIES
            return Allowance(allowed=allowed, remaining=remaining, resets_after_seconds=left)

    def reset(self) -> None:
        """Forget what was used."""
        with self._lock:
            self._windows.clear()
