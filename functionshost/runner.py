"""Keeps an app going by itself: timers by their schedules, with retries, and queues as messages come."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from functionshost.bindings import Function, QueueTrigger, TimerTrigger
from functionshost.host import FunctionsHost, utc_now
from functionshost.worker import Outcome

logger = logging.getLogger("functionshost")

POLL = timedelta(seconds=1)
"""How long an empty queue is left alone. Azure waits up to a minute, longer each time."""
LATE = timedelta(seconds=10)
"""A timer that fires later than this is past due: the host was asleep."""


class Runner:
    """Context manager: threads of its own run timers and queues until it is left."""

    def __init__(self, host: FunctionsHost, now: Callable[[], datetime] = utc_now, *, timers: bool = True) -> None:
        self._host = host
        self._now = now
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=loop, args=(function,), name=f"run-{function.name}", daemon=True)
            for function in host.functions.values()
            if (loop := self._loop_for(function, timers=timers)) is not None
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _loop_for(self, function: Function, *, timers: bool) -> Callable[[Function], None] | None:
        match function.trigger:
            case TimerTrigger() if timers:
                return self._keep_time
            case QueueTrigger():
                return self._keep_pumping
            case _:
                return None

    def _keep_time(self, function: Function) -> None:
        trigger = function.trigger
        assert isinstance(trigger, TimerTrigger)  # noqa: S101 - chosen by it
        due = self._now() if trigger.run_on_startup else trigger.schedule.next_after(self._now())
        while not self._wait_until(due):
            run_timer(self._host, function, is_past_due=self._now() - due > LATE, wait=self._ended.wait)
            due = trigger.schedule.next_after(max(due, self._now()))  # several missed runs become one

    def _wait_until(self, due: datetime) -> bool:
        """Wait; answer whether the end came first. In short steps: a laptop that sleeps stops the clock of a wait."""
        while (left := (due - self._now()).total_seconds()) > 0:
            if self._ended.wait(min(left, 30.0)):
                return True
        return self._ended.is_set()

    def _keep_pumping(self, function: Function) -> None:
        while not self._ended.is_set():
            try:
                pumped = self._host.pump(function.name)
            except Exception:  # the queue, not the function: whatever it is, the next try may find it well
                logger.exception("The queue of %s could not be read.", function.name)
                pumped = None
            if pumped is None:
                self._ended.wait(POLL.total_seconds())


def run_timer(host: FunctionsHost, function: Function, *, is_past_due: bool, wait: Callable[[float], bool]) -> Outcome:
    """Run a timer's function, and again after a failure as its retry policy says.

    ``wait`` waits that many seconds and answers whether the host ends. Answers the last outcome.
    """
    attempt = 0
    while True:
        outcome = host.timer(function.name, is_past_due=is_past_due, retry_count=attempt)
        if outcome.succeeded or function.retry is None or attempt >= function.retry.count:
            return outcome
        attempt += 1
        if wait(function.retry.delay.total_seconds()):
            return outcome
