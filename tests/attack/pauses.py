"""Two scanners: one stops in the middle and sleeps while another does the whole scan; then it wakes."""

import json
import os
import random
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from scanner.events.scan_record import LAST
from tests.attack.cycle import PATIENCE, Cycle
from tests.attack.proxy import Asked, Exchange, Plan, Proxy, Treatment
from tests.attack.victims import Run


def play(cycle: Cycle, proxy: Proxy, chance: random.Random, cases: int) -> None:
    """Stop a scan at a request, let another scan run, and let the first one go on."""
    proxy.begin()
    cycle.settle("to count the requests", scans=1)
    requests = len(proxy.asked)
    for _ in range(cases):
        at, served = chance.randint(1, requests), chance.random() < 0.5
        cycle.step(lambda where, at=at, served=served: _case(cycle, proxy, at, where, served=served))  # type: ignore[misc]


def _case(cycle: Cycle, proxy: Proxy, at: int, where: str, *, served: bool) -> None:
    started, stopped, awake = threading.Event(), threading.Event(), threading.Event()
    running = list[Run]()

    def stop() -> None:
        started.wait()
        os.kill(running[0].process.pid or 0, signal.SIGSTOP)
        stopped.set()
        awake.wait(PATIENCE)

    proxy.begin(_plan(at, stop, served=served))
    sleeper = cycle.victim.start()
    running.append(sleeper)
    started.set()
    while not stopped.wait(0.05) and sleeper.process.is_alive():
        pass
    place = f"{where}, asleep at request {at}, {'served' if served else 'asked'}"
    held = _holder(cycle)
    winner = cycle.victim.start()
    code = winner.wait(PATIENCE)
    before = _last(cycle)
    if stopped.is_set():
        os.kill(sleeper.process.pid or 0, signal.SIGCONT)
    awake.set()
    late = sleeper.wait(PATIENCE)
    proxy.begin()
    cycle.verdict.figures["pauses"] += 1
    if code not in (0, 75, 2):
        cycle.verdict.found("the other scan failed", place, f"exit {code}: {winner.said[-300:]}")
    if late not in (0, 2, 3, 75):
        cycle.verdict.found("crash", place, f"exit {late}: {sleeper.said[-300:]}")
    if code == 0 and stopped.is_set() and held and _last(cycle) != before:
        cycle.verdict.found("records of the other scan overwritten", place, f"{before} by {_last(cycle)}")


def _holder(cycle: Cycle) -> str | None:
    """Ask who holds the lease: a scan that stopped before it had one may take it when it wakes, and be the last."""
    with closing(cycle.victim.store()) as store:
        return store.lease_holder(datetime.min.replace(tzinfo=UTC))


def _last(cycle: Cycle) -> str | None:
    """Read which scan left the last record."""
    with closing(cycle.victim.store()) as store:
        text = store.get_record(LAST)
    return None if text is None else str(json.loads(text)["scan_id"])


def _plan(at: int, stop: Callable[[], None], *, served: bool) -> Plan:
    def treat(exchange: Exchange) -> None:
        if not served:
            stop()
        answer = exchange.forward()
        if served:
            stop()
        exchange.send(answer)

    def plan(asked: Asked) -> Treatment | None:
        return treat if asked.number == at else None

    return plan
