"""Kill -9 while a scan runs: at random times, at every request, and at every step of the service's own.

Every killed scan has changes of its own to lose, see ``rounds``. Where the kills strike is measured first, in scans that
see such changes: one that sees nothing new makes fewer requests, and neither commits nor sends.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.attack.cycle import PATIENCE
from tests.attack.own_steps import COUNT, KILL, SCANNER
from tests.attack.proxy import Asked, Exchange, Plan, Proxy, Treatment
from tests.attack.rounds import Rounds
from tests.attack.victims import Run


class Moment(StrEnum):
    """When a kill strikes."""

    TIME = "at a time"
    ASKED = "before a request is served"
    SERVED = "after a request was served, before its answer"
    HALF = "within an answer"
    ANSWERED = "after an answer"
    LATER = "some milliseconds after an answer"
    STEP = "at a step of its own"


_AT_REQUESTS = (Moment.ASKED, Moment.SERVED, Moment.HALF, Moment.ANSWERED, Moment.LATER)


_TELLING = ("SQL", "/scan/commit.py", "/scan/delivery.py", "/sinks/", ".commit ", ".put_records ", ".mark_sent ")
"""In the name of a step that commits, sends or marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Where to kill a scan."""

    moment: Moment
    request: int = 0
    """The number of the request, from 1."""
    seconds: float = 0.0
    """After the start, or after the answer."""
    watch: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scan can be struck: a request by its number, or a step by its name and how often it is taken."""

    kind: str
    number: int
    is_telling: bool
    """About the commit and the sending: where something can be lost."""


@dataclass(slots=True)
class Course:
    """What scans that see changes do, as measured."""

    requests: list[Place] = field(default_factory=list)
    """Each request of each measured scan."""
    steps: dict[str, Place] = field(default_factory=dict)
    """By name; the kind is the file, or SQL."""
    seconds: float = 0.0

    def add(self, asked: Sequence[Asked], steps: Mapping[str, int], seconds: float) -> None:
        """Add a measured scan."""
        read = max((each.number for each in asked if each.endpoint in {"graph", "compute"}), default=0)
        sent = max((each.number for each in asked if each.endpoint == "ingestion"), default=0)
        self.requests += [
            Place(f"{each.endpoint} {each.method}", each.number, read < each.number <= sent) for each in asked
        ]
        for name, count in steps.items():
            known = self.steps[name].number if name in self.steps else 0
            self.steps[name] = Place(name.split(" ")[0], max(count, known), any(each in name for each in _TELLING))
        self.seconds = max(self.seconds, seconds)

    def choose(self, chance: random.Random) -> Strike:
        """Choose a moment and a place: two thirds of them about commit and publish, the others anywhere.

        What is done once in a scan is struck as often as what is done a hundred times.
        """
        is_remote = any(each.is_telling for each in self.requests)
        weights = {
            Moment.TIME: 2,
            Moment.STEP: 5 if is_remote else 12,
            **dict.fromkeys(_AT_REQUESTS, 2 if is_remote else 1),
        }
        moment = chance.choices(list(weights), list(weights.values()))[0]
        if moment is Moment.TIME:
            return Strike(moment=moment, seconds=chance.uniform(0.0, self.seconds))
        if moment is Moment.STEP:
            place = _choose(list(self.steps.values()), chance)
            names = sorted(name for name, each in self.steps.items() if each == place)
            return Strike(moment=moment, watch={KILL: f"{chance.randint(1, place.number)} {chance.choice(names)}"})
        number = _choose(self.requests, chance).number
        return Strike(moment=moment, request=number, seconds=chance.uniform(0.0, 0.06))


def _choose(places: Sequence[Place], chance: random.Random) -> Place:
    telling = [place for place in places if place.is_telling]
    if telling and chance.random() < 2 / 3:
        places = telling
    kind = chance.choice(sorted({place.kind for place in places}))
    return chance.choice([place for place in places if place.kind == kind])


def kill_for_ever(rounds: Rounds, proxy: Proxy, chance: random.Random, kills: int, folder: Path) -> None:
    """Play undisturbed rounds; then kill so many scans, one after each change; the half that has begun is played to its end."""
    course = _begin(rounds, proxy, folder)
    figures = rounds.cycle.verdict.figures

    def disturb(where: str) -> None:
        strike = course.choose(chance)
        if kill_one(rounds, proxy, strike, where):
            figures["kills"] += 1
            figures[f"kills {strike.moment}"] += 1

    while figures["kills"] < kills:
        rounds.play(disturb)


def kill_one(rounds: Rounds, proxy: Proxy, strike: Strike, where: str) -> bool:
    """Kill one scan; answer whether it was still alive to be killed."""
    cycle = rounds.cycle
    started, running = threading.Event(), list[Run]()

    def kill() -> None:
        started.wait()
        running[0].kill()
        running[0].ended.wait(5)

    proxy.begin(_plan(strike, kill))
    run = cycle.victim.start(strike.watch)
    running.append(run)
    started.set()
    code = run.wait(strike.seconds if strike.moment is Moment.TIME else PATIENCE)
    proxy.begin()
    if code is None or code < 0:
        return True
    cycle.check_row(run, where)
    cycle.verdict.figures["scans that were faster"] += 1
    if code:
        cycle.verdict.found("undisturbed scan failed", where, f"{code}: {run.said[-200:]}")
    return False


def _begin(rounds: Rounds, proxy: Proxy, folder: Path) -> Course:
    """Play the undisturbed rounds, and note the requests, the steps and the time of their scans."""
    course = Course()
    report = folder / "steps.json"

    def watch(where: str) -> None:
        begun = time.monotonic()
        proxy.begin()
        run = rounds.cycle.victim.start({COUNT: str(report)})
        code = run.wait(PATIENCE)
        assert code == 0, f"{where}: {code}: {run.said[-300:]}"
        rounds.cycle.check_row(run, where)
        steps = json.loads(report.read_text(encoding="utf-8"))
        assert any("delivery.py" in name for name in steps), f"it is not {SCANNER} that runs: no step of it was seen"
        course.add(proxy.asked, steps, time.monotonic() - begun)

    rounds.begin(watch)
    return course


def _plan(strike: Strike, kill: Callable[[], None]) -> Plan:
    moment = strike.moment

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
            exchange.ended.wait(strike.seconds)
            kill()

    def plan(asked: Asked) -> Treatment | None:
        return treat if asked.number == strike.request else None

    return plan
