"""Long waits for Azure: they say what they wait for."""

import time
from collections.abc import Callable

from scanner.adapters.azure.connection import CallCounter
from scanner.cli.progress import Progress
from scanner.cli.report import say_problem

LONG_WAIT = 5.0
"""Seconds of waiting that are told also where no progress is shown."""


def telling_sleep(counter: CallCounter, shown: Progress, *, is_quiet: bool) -> Callable[[float], None]:
    """Make a sleep that says what it waits for, and how long."""
    throttles = 0

    def sleep(seconds: float) -> None:
        nonlocal throttles
        why = "throttled by Azure" if counter.throttles > throttles else "no answer from Azure, or its quota is used up"
        throttles = counter.throttles
        words = f"{why}, retrying in {max(1, round(seconds))} s"
        shown.waits(words)
        if seconds >= LONG_WAIT and not shown.is_shown and not is_quiet:
            say_problem(words)
        time.sleep(seconds)
        shown.waits("")

    return sleep
