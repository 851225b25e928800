"""What will happen by itself, and when: rolling upgrades go on and images arrive as the domain clock moves."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

from emulator.estate.clock import DomainClock


class Schedule:
    """Actions in the order of their moments; callers hold the estate's lock."""

    def __init__(self, clock: DomainClock) -> None:
        self._clock = clock
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Do something at a moment; one that is past comes with the next advance."""
        heapq.heappush(self._due, (moment, next(self._numbers), action))

    def is_due(self) -> bool:
        """Whether something is to happen now; a look without the lock, so that it costs a request nothing."""
        due = self._due
        return bool(due) and due[0][0] <= self._clock.now()

    def advance(self) -> int:
        """Do what is due, each thing with the clock at its own moment; answer how much that was."""
        now = self._clock.now()
        done = 0
        while self._due and self._due[0][0] <= now:
            moment, _, action = heapq.heappop(self._due)
            with self._clock.acting_at(moment):
                action()
            done += 1
        return done

    def reset(self) -> None:
        """Forget all of it."""
        self._due.clear()
