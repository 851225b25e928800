"""Every dependency, every fault, in several shapes: what a scan makes of it, and what the scans after it tell."""

import itertools
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from tests.attack.cycle import COMPUTE_STEPS, Cycle
from tests.attack.faults import ENDPOINTS, FAULTS, LIES, MANY_REQUESTS, SHAPES
from tests.attack.proxy import Asked, Plan, Proxy, Treatment

LIMIT_MINUTES = 2.0
"""A scan's time limit in the matrix. With less, no time is left to ask Compute, and nothing is ever removed."""
WRAP_UP_SECONDS = 240
"""What the service keeps after the reading for telling."""
LAST_WORD_SECONDS = 45
"""What a scan that failed may take after its time is up, to say so."""
GIVE_UP = LIMIT_MINUTES * 60 + WRAP_UP_SECONDS + LAST_WORD_SECONDS + 20


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One dependency, fault and shape."""

    endpoint: str
    fault: str
    shape: str

    def __str__(self) -> str:
        return f"{self.endpoint}, {self.fault}, {self.shape}"


def cells(seed: int, share: float, only: str = "") -> list[Cell]:
    """Choose a share of the cells whose name holds ``only``, in an order of the seed."""
    chance = random.Random(f"{seed}/cells")  # noqa: S311 - repeatable, no secret
    every = [
        cell
        for cell in itertools.starmap(Cell, itertools.product(ENDPOINTS, FAULTS, SHAPES))
        if (cell.endpoint, cell.fault) not in LIES and (cell.shape != "the ninth" or cell.endpoint in MANY_REQUESTS)
    ]
    chance.shuffle(every)
    every = [cell for cell in every if only in str(cell)]
    return every[: max(1, round(len(every) * share))]


def play(cycle: Cycle, proxy: Proxy, todo: Sequence[Cell]) -> None:
    """Play one cell in each step of the cycle."""
    for cell in todo:
        cycle.step(lambda where, cell=cell: _disturb(cycle, proxy, cell, where))  # type: ignore[misc]


def _disturb(cycle: Cycle, proxy: Proxy, cell: Cell, where: str) -> None:
    if where == COMPUTE_STEPS[0][0]:
        cycle.settle(where, scans=1)  # the second scan that misses a scale set is the one that asks Compute
    strikes = itertools.count()
    proxy.begin(_plan(cell, strikes))
    run = cycle.victim.start()
    code = run.wait(GIVE_UP)
    proxy.begin()
    struck = next(strikes)
    place = f"{cell} ({where})"
    cycle.verdict.figures["cells that struck" if struck else "cells that did not strike"] += 1
    cycle.verdict.figures["scans"] += 1
    if code is None:
        cycle.verdict.found("over the limit", place, f"still ran after {run.seconds:.0f} s")
    elif code not in (0, 3):
        cycle.verdict.found("crash", place, f"exit {code}: {run.said.strip()[-300:]}")
    elif (cell.endpoint, cell.shape) != ("identity", "all"):  # without any token there is no way to tell
        cycle.check_row(run, place)
    if run.seconds > 60:
        cycle.verdict.figures["scans over a minute"] += 1
        cycle.verdict.notes.append(f"{place}: {run.seconds:.0f} s")


def _plan(cell: Cell, strikes: "itertools.count[int]") -> Plan:
    numbers, lock = itertools.count(1), threading.Lock()

    def plan(asked: Asked) -> Treatment | None:
        if asked.endpoint != cell.endpoint:
            return None
        with lock:
            number = next(numbers)
            if not SHAPES[cell.shape](number):
                return None
            next(strikes)
        return FAULTS[cell.fault]

    return plan
