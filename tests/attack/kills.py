"""Kill -9 while a scan runs: at random times, and at every request, before, within and after its answer."""

import random
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from tests.attack.cycle import PATIENCE, Cycle
from tests.attack.proxy import Asked, Exchange, Plan, Proxy, Treatment
from tests.attack.victims import Run


class Moment(StrEnum):
    """When a kill strikes."""

    TIME = "at a time"
    ASKED = "before a request is served"
    SERVED = "after a request was served, before its answer"
    HALF = "within an answer"
    ANSWERED = "after an answer"
    LATER = "some milliseconds after an answer"


def kill_for_ever(cycle: Cycle, proxy: Proxy, chance: random.Random, kills: int, each: int) -> None:
    """Kill so many scans, up to ``each`` in a step of the cycle, every moment in turn."""
    requests, whole = _measure(cycle, proxy)
    # Where a scan asks little, as with SQLite, most of its work is between two requests.
    moments = [*Moment, *([Moment.TIME, Moment.LATER] * (1 if requests > 10 else 3))]

    def disturb(where: str) -> None:
        for _ in range(each):
            moment = chance.choice(moments)
            at = chance.randint(1, requests)
            seconds = chance.uniform(0.0, whole if moment is Moment.TIME else 0.06)
            if kill_one(cycle, proxy, moment, at, seconds, where):
                cycle.verdict.figures["kills"] += 1
                cycle.verdict.figures[f"kills {moment}"] += 1

    while cycle.verdict.figures["kills"] < kills:
        cycle.step(disturb)


def kill_one(cycle: Cycle, proxy: Proxy, moment: Moment, at: int, seconds: float, where: str) -> bool:  # noqa: PLR0917
    """Kill one scan; answer whether it was still alive to be killed."""
    started, running = threading.Event(), list[Run]()

    def kill() -> None:
        started.wait()
        running[0].kill()
        running[0].ended.wait(5)

    proxy.begin(_plan(moment, at, seconds, kill))
    run = cycle.victim.start()
    running.append(run)
    started.set()
    code = run.wait(seconds if moment is Moment.TIME else PATIENCE)
    proxy.begin()
    if code is None or code < 0:
        return True
    cycle.check_row(run, where)
    cycle.verdict.figures["scans that were faster"] += 1
    if code:
        cycle.verdict.found("undisturbed scan failed", where, f"{code}: {run.said[-200:]}")
    return False


def _measure(cycle: Cycle, proxy: Proxy) -> tuple[int, float]:
    """Answer how many requests a scan makes that sees nothing new, and how many seconds it takes."""
    proxy.begin()
    begun = time.monotonic()
    cycle.settle("to measure a scan", scans=1)
    return len(proxy.asked), time.monotonic() - begun


def _plan(moment: Moment, at: int, seconds: float, kill: Callable[[], None]) -> Plan:
    def treat(exchange: Exchange) -> None:
        if moment is Moment.ASKED:
            kill()
        answer = exchange.forward()
        if moment is Moment.SERVED:
            kill()
        if moment is Moment.HALF:
            exchange.send(answer, part=0.5)
            kill()
        exchange.send(answer)
        if moment is Moment.ANSWERED:
            kill()
        if moment is Moment.LATER:
            exchange.ended.wait(seconds)
            kill()

    def plan(asked: Asked) -> Treatment | None:
        return treat if asked.number == at and moment is not Moment.TIME else None

    return plan
