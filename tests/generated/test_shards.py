"""Shards change nothing: a fleet that is read in parts brings the same events and states as one that is read whole."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.events.scan_record import ScanRecord
from scanner.facts.evidence import JsonValue
from scanner.scan.conclude import ScanResult, conclude
from scanner.scan.plan import make_plan
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, Shard, ShardReport
from scanner.scan.travel import plan_from, plan_to_json, report_from, report_to_json
from scanner.state.tally import numbers_of, tally_of
from tests.fakes.world import FakeWorld
from tests.generated.seeds import GROUPS
from tests.generated.timeline import Played, Step, new_world, play, timeline

type Order = Callable[[Sequence[Shard]], Sequence[Shard]]
ORDERS: Mapping[str, Order] = {
    "one after another": lambda shards: shards,
    "the last one first": lambda shards: shards[::-1],
    "the first one twice": lambda shards: [*shards[:1], *shards],
}


class Driver:
    """Runs a scan as other processes would: all that they share went through JSON."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.shards = 0

    def scan(self, ports: Ports, request: ScanRequest) -> ScanResult:
        """Plan, run the shards in an order, conclude."""
        written = json.dumps(plan_to_json(make_plan(ports, request)))
        plan = plan_from(json.loads(written), request.criteria)
        reports: dict[int, ShardReport] = {}
        for shard in self._order(plan.shards):
            self.shards += len(plan.shards) > 1
            report = json.dumps(report_to_json(scan_shard(ports, plan, shard)))
            reports[shard.number] = report_from(json.loads(report))
        return conclude(ports, plan_from(json.loads(written), request.criteria), list(reports.values()))


def steps(seed: int) -> list[Step]:
    """Make a timeline of which a shard sees what the whole sees: without pages and rows that break off a whole scan."""
    return [replace(step, faults=replace(step.faults, fails_after=None, unreadable=set())) for step in timeline(seed)]


def played(seed: int, driver: Driver | None = None) -> Played:
    """Play a timeline, with shards where there is a driver."""
    world = new_world(FakeWorld())
    if driver is not None:
        world.request = {"shard_size": 1}
        world.drive = driver.scan
    return play(steps(seed), world)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("seeds", GROUPS)
def test_one_shard_and_many_bring_the_same(seeds: Sequence[int], order: Order) -> None:
    """Events, states and records are equal, in whatever order the shards ran, and also when one ran twice."""
    driver = Driver(order)
    for seed in seeds:
        whole, parts = played(seed), played(seed, driver)
        assert sorted(map(told, whole.rows)) == sorted(map(told, parts.rows)), f"seed {seed}"
        assert whole.view.current == parts.view.current, f"seed {seed}"
        is_told_once = order is not ORDERS["the first one twice"]  # then the second run has nothing to commit
        expected, found = ([result(each, is_told_once=is_told_once) for each in one.records] for one in (whole, parts))
        assert expected == found, f"seed {seed}"
    assert driver.shards > 100


class TwiceAtOnce:
    """Runs every shard twice at the same time, each run on a connection of its own, as an engine may that was not told."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def scan(self, ports: Ports, request: ScanRequest) -> ScanResult:
        """Plan, run the shards, conclude from the first report of each that did not fail."""
        plan = make_plan(ports, request)
        reports = [self._twice(ports, plan, shard) for shard in plan.shards]
        return conclude(ports, plan, [min(each, key=lambda report: report.failure is not None) for each in reports])

    def _twice(self, ports: Ports, plan: Plan, shard: Shard) -> list[ShardReport]:
        def run() -> ShardReport:
            with closing(SqliteStore(self._path)) as store:
                return scan_shard(replace(ports, store=store), plan, shard)

        with ThreadPoolExecutor(2) as pool:
            return [run.result() for run in [pool.submit(run) for _ in range(2)]]


@pytest.fixture
def _in_small_turns() -> Iterator[None]:
    """Let two threads take turns between any two steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_in_small_turns")
@pytest.mark.parametrize("seed", range(4))
def test_shards_that_run_twice_at_once_bring_the_same(seed: int, tmp_path: Path) -> None:
    """Nothing is lost and nothing is said twice, though one run reads what the other has just written."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = new_world(FakeWorld(store))
        world.request = {"shard_size": 1}
        world.drive = TwiceAtOnce(path).scan
        parts = play(steps(seed), world)
        whole = played(seed)
        assert sorted(map(told, whole.rows)) == sorted(map(told, parts.rows))
        assert whole.view.current == parts.view.current
        assert [record.status for record in whole.records] == [record.status for record in parts.records]


@pytest.mark.parametrize("seeds", GROUPS)
def test_numbers_are_those_of_the_states(seeds: Sequence[int]) -> None:
    """What the last record says is open is what the states say, counted one by one."""
    for seed in seeds:
        last = played(seed, Driver(ORDERS["one after another"]))
        counted = numbers_of(map(tally_of, last.view.current.values()))
        assert last.records[-1].open_findings == counted.open_findings
        assert last.records[-1].headlines == counted.headlines
        assert last.view.coverage.scale_sets == counted.scale_sets


def told(row: Mapping[str, JsonValue]) -> str:
    """Write an event so that two can be compared."""
    return json.dumps(row, sort_keys=True)


def result(record: ScanRecord, *, is_told_once: bool) -> ScanRecord:
    """Leave out what shards may spend: further queries, a census in each, and questions to Compute in a second run."""
    return replace(
        record,
        graph_queries=0,
        arm_calls=0,
        instances=None,
        events_committed=record.events_committed if is_told_once else 0,
    )
