"""How long, and how much, a run may wait for and take from what it asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one run, with the clock that they go by."""

    seconds_left: Callable[[], float]
    """Seconds left of the whole run: no wait, retry or request is begun that would pass it."""
    answer_seconds: float = 120.0
    """Seconds for one answer, from the resolution of a name to the last byte."""
    answer_bytes: int = 64 * 1024 * 1024
    """Bytes of one answer, unpacked. A page of Resource Graph has at most 16 MB, one of Table Storage 1,000 rows."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def time_limit(seconds: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Answer a function that tells the seconds left of ``seconds`` from now on."""
    end = clock() + seconds
    return lambda: end - clock()
