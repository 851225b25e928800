"""Scans in shards on a real engine: killed, repeated and run twice, they leave what a scan in place leaves."""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

import pytest

from bench.in_memory import InMemoryEngine
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.errors import MonitorError
from scanner.events.scan_record import Status
from scanner.facts.evidence import JsonValue
from scanner.ports.store import StateWrite
from scanner.scan.conclude import ScanResult, conclude
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD
from scanner.scan.plan import make_plan
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.requested import concluded
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, ShardReport
from scanner.scan.travel import plan_from, plan_to_json, report_from, report_to_json
from tests.fakes.world import FakeWorld
from tests.generated.timeline import Played, Step, new_world, play, timeline


class KilledError(Exception):
    """The process of an activity ended."""


class MortalStore(SqliteStore):
    """A store whose process is killed at its nth write: before it, or after it was done and before it was answered."""

    def __init__(self, path: Path, lives: int, *, is_after: bool) -> None:
        super().__init__(path)
        self._lives = lives
        self._is_after = is_after

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Commit, or die."""
        return self._live(lambda: super(MortalStore, self).commit(writes))

    def renew_lease(self, *arguments: Any) -> None:
        """Renew the lease, or die."""
        return self._live(lambda: super(MortalStore, self).renew_lease(*arguments))

    def _live[T](self, write: Callable[[], T]) -> T:
        self._lives -= 1
        if self._lives == 0 and not self._is_after:
            raise KilledError("killed")
        done = write()
        if self._lives == 0:
            raise KilledError("killed")
        return done


@dataclass
class Engine:
    """Runs the scans of a world on an in-memory engine, each activity on connections of its own, as the app does."""

    path: Path
    chance: random.Random
    happened: Counter[str] = field(default_factory=Counter)
    never: frozenset[int] = frozenset()
    """Shards whose every attempt is killed."""
    _lock: Lock = field(default_factory=Lock)
    _running: InMemoryEngine | None = None
    _scan: "_Scan | None" = None

    def __enter__(self) -> Self:
        activities = {name: self._activity(name) for name in (PLAN, SHARD, CONCLUDE, GIVE_UP)}
        self._running = InMemoryEngine(activities, at_once=1).__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._running is not None
        self._running.__exit__(None, None, None)

    def scan(self, ports: Ports, request: ScanRequest) -> ScanResult:
        """Scan on the engine."""
        assert self._running is not None
        self._scan = _Scan(self, ports, request)
        self._running.start({"scan_id": request.scan_id})
        ended = self._running.wait()
        assert self._scan.result is not None, ended
        return self._scan.result

    def _activity(self, name: str) -> Callable[[dict[str, Any]], JsonValue]:
        def run(argument: dict[str, Any]) -> JsonValue:
            assert self._scan is not None
            return self._scan.run(name, argument)

        return run

    def draws(self, what: str, one_in: int) -> bool:
        """Let chance decide whether something happens; count it."""
        with self._lock:
            happens = self.chance.randrange(one_in) == 0
            self.happened[what] += happens
        return happens


class _Scan:
    def __init__(self, engine: Engine, ports: Ports, request: ScanRequest) -> None:
        self._engine = engine
        self._ports = ports
        self._request = request
        self._plan = ""
        self._tried: Counter[str] = Counter()
        self.result: ScanResult | None = None

    def run(self, name: str, argument: dict[str, Any]) -> JsonValue:
        """Run an activity. What it left when it was killed stays, and the engine tries again."""
        what = f"{name} {argument.get('shard', '')}"
        self._tried[what] += 1
        if self._tried[what] <= 2 and self._engine.draws("killed before", 6):
            raise KilledError("killed")
        done: JsonValue = {PLAN: self._planned, SHARD: self._shard, CONCLUDE: self._concluded}[name](argument)
        if self._tried[what] <= 2 and self._engine.draws("repeated", 6):
            raise KilledError("killed")  # all was done, and the engine was not told
        return done

    def _planned(self, _argument: dict[str, Any]) -> JsonValue:
        with self._store() as store:
            self._plan = self._plan or json.dumps(
                plan_to_json(make_plan(replace(self._ports, store=store), self._request))
            )
        numbers: list[JsonValue] = [shard.number for shard in self._read_plan().shards]
        return {"shards": numbers, "at_once": self._request.shards_at_once}

    def _shard(self, argument: dict[str, Any]) -> JsonValue:
        number = argument["shard"]
        if number in self._engine.never:
            raise KilledError("killed")
        if self._engine.draws("run twice", 4):
            with ThreadPoolExecutor(2) as pool:
                runs = [pool.submit(self._one_shard, number, 0) for _ in range(2)]
            return report_to_json(max([run.result() for run in runs], key=lambda report: report.failure is None))
        lives = self._engine.chance.randrange(1, 4) if self._engine.draws("killed within", 3) else 0
        report = self._one_shard(number, lives if self._tried[f"{SHARD} {number}"] <= 2 else 0)
        if report.failure is not None:
            raise report.failure
        return report_to_json(report)

    def _one_shard(self, number: int, lives: int) -> ShardReport:
        plan = self._read_plan()
        with self._store(lives) as store:
            shard = next(shard for shard in plan.shards if shard.number == number)
            return scan_shard(replace(self._ports, store=store), plan, shard)

    def _concluded(self, argument: dict[str, Any]) -> JsonValue:
        plan = self._read_plan()
        reports = [
            ShardReport(shard=plan.shards[body["shard"]], failure=MonitorError(body["error"]))
            if "error" in body
            else report_from(body)
            for body in argument["reports"]
        ]
        with self._store() as store:
            if concluded(store, self._request.scan_id) is None:
                self.result = conclude(replace(self._ports, store=store), plan, reports)
        assert self.result is not None
        return {"status": self.result.record.status.value}

    def _read_plan(self) -> Plan:
        return plan_from(json.loads(self._plan), self._request.criteria)

    def _store(self, lives: int = 0) -> "closing[SqliteStore]":
        return closing(MortalStore(self._engine.path, lives, is_after=self._engine.chance.random() < 0.5))


def _steps(seed: int) -> list[Step]:
    """Make a timeline of which a shard sees what the whole sees."""
    calm = [replace(step, faults=replace(step.faults, fails_after=None, unreadable=set())) for step in timeline(seed)]
    return calm[:8]


def _told(played: Played) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in played.rows)


@pytest.mark.parametrize("seed", range(4))
def test_shards_on_an_engine_leave_what_a_scan_in_place_leaves(seed: int, tmp_path: Path) -> None:
    """Events, states and the status of each scan are equal, though activities are killed, repeated and run twice at once."""
    with closing(SqliteStore(tmp_path / "plain.sqlite")) as store:
        whole = play(_steps(seed), new_world(FakeWorld(store)))
    path = tmp_path / "shards.sqlite"
    with closing(SqliteStore(path)) as store, Engine(path, random.Random(seed)) as engine:  # noqa: S311 - repeatable, no secret
        world = new_world(FakeWorld(store))
        world.request = {"shard_size": 1, "shards_at_once": 3}
        world.drive = engine.scan
        parts = play(_steps(seed), world)
    assert _told(whole) == _told(parts)
    assert whole.view.current == parts.view.current
    assert [record.status for record in whole.records] == [record.status for record in parts.records]
    assert [record.scale_sets_read for record in whole.records] == [record.scale_sets_read for record in parts.records]
    assert min(engine.happened[what] for what in ("killed before", "killed within", "repeated", "run twice")) > 0


def test_a_shard_that_is_always_killed_leaves_the_scan_partial(tmp_path: Path) -> None:
    """Nothing is concluded of its subscriptions, the others are read, and the next scan that goes well is complete."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store, Engine(path, random.Random(1)) as engine:  # noqa: S311 - as above
        world = new_world(FakeWorld(store))
        assert world.scan().record.status is Status.COMPLETE
        world.request = {"shard_size": 1, "shards_at_once": 3}
        world.drive = engine.scan
        engine.never = frozenset({0})
        (lost,) = sorted(world.azure.subscriptions)[:1]
        for key in [key for key in world.azure.documents if lost in key]:
            world.azure.delete_scale_set(key)
        for _ in range(3):
            record = world.scan().record
            assert (record.status, record.subscriptions_not_read) == (Status.PARTIAL, (lost,))
        assert {state.missed_scans for state in world.store_view().current.values()} == {0}
        engine.never = frozenset()
        assert world.scan().record.status is Status.COMPLETE
