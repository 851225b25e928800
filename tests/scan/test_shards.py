"""Shards: how a fleet is divided, and what holds when one of them fails, runs twice, or comes too late."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.errors import (
    LeaseLostError,
    MonitorError,
    ReadFailedError,
    SettingsError,
    StateConflictError,
    UnreadableError,
)
from scanner.events.scan_record import Status
from scanner.ports.event import Table
from scanner.ports.fleet import QUERIES
from scanner.scan.conclude import conclude
from scanner.scan.left_figures import leave_report, take_report
from scanner.scan.plan import make_plan
from scanner.scan.request import LEASE
from scanner.scan.run import run_scan
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, ShardReport
from scanner.scan.travel import plan_from, plan_to_json, report_from, report_to_json
from scanner.state.coverage import RECORD, read_coverage
from scanner.state.images_seen import RECORD as IMAGES
from scanner.state.images_seen import read_images_seen
from tests.fakes.azure import FakeAzure, FakeFleet
from tests.fakes.world import FakeWorld
from tests.scale_sets import document, scale_set_id

A, B, C = (f"5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a0{number}" for number in (1, 2, 3))
SIZES: Mapping[str, int] = {A: 3, B: 2, C: 1}


@pytest.fixture
def fleet() -> FakeWorld:
    """Make a service that knows three subscriptions, with three, two and one scale sets."""
    world = FakeWorld()
    for subscription, count in SIZES.items():
        world.azure.put_subscription(subscription, subscription[-2:])
        for number in range(count):
            world.azure.put_scale_set(document(f"web-{number}", subscription))
    world.scan()
    world.news()
    world.request = {"shard_size": 3}
    return world


def begin(fleet: FakeWorld) -> Plan:
    """Plan the next scan, an hour later."""
    fleet.clock += timedelta(hours=1)
    fleet.scans += 1
    return make_plan(fleet.ports, fleet.next_request())


def delete(fleet: FakeWorld, subscription: str) -> None:
    """Delete a scale set of a subscription."""
    fleet.azure.delete_scale_set(scale_set_id("web-0", subscription))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (7, [()]),
        (6, [()]),  # all of them fit into one
        (5, [(A, B), (C,)]),
        (3, [(A,), (B, C)]),
        (1, [(A,), (B,), (C,)]),
    ],
)
def test_a_fleet_is_divided_by_what_the_last_scan_counted(
    fleet: FakeWorld, size: int, expected: list[tuple[str, ...]]
) -> None:
    """A small one stays whole; no shard is larger than it shall be, unless one subscription is."""
    fleet.request = {"shard_size": size}
    assert [shard.subscriptions for shard in begin(fleet).shards] == expected


@pytest.mark.parametrize(("size", "expected"), [(7, [()]), (3, [(A,), (B, C)])])
def test_a_fleet_that_nobody_has_counted_is_divided_by_what_azure_counts(
    fleet: FakeWorld, size: int, expected: list[tuple[str, ...]]
) -> None:
    """The first scan of a large fleet needs no more memory than any other."""
    fleet.request = {"shard_size": size}
    fleet.store.put_records({RECORD: None})
    assert [shard.subscriptions for shard in begin(fleet).shards] == expected


def test_a_small_fleet_is_read_with_the_requests_that_it_always_was(fleet: FakeWorld) -> None:
    """Planning asks nothing then; a fleet in three parts needs two queries for the plan, and each part what the whole needs."""
    fleet.request = {}
    assert begin(fleet).calls.graph_queries == 0
    whole = fleet.scan(after=timedelta(days=1)).record.graph_queries
    fleet.request = {"shard_size": 1}
    assert fleet.scan(after=timedelta(days=1)).record.graph_queries == 2 + 3 * whole


def test_what_was_read_least_recently_is_read_first(fleet: FakeWorld) -> None:
    """A subscription whose shard failed is in the first shard of the next scan."""
    fleet.request = {"shard_size": 1}
    fleet.azure.faults.fails_in = {C}
    assert fleet.scan().record.status is Status.PARTIAL
    assert [shard.subscriptions for shard in begin(fleet).shards] == [(C,), (A,), (B,)]


def test_shards_that_run_side_by_side_share_the_quota(fleet: FakeWorld) -> None:
    """Together they stay below 15 queries in each window, also with what planning has just sent."""
    fleet.request = {"shard_size": 1, "shards_at_once": 2}
    shards = begin(fleet).shards
    assert [shard.queries for shard in shards] == [6, 6, 6]


def test_a_subscription_that_the_list_leaves_out_is_still_read(fleet: FakeWorld) -> None:
    """Its scale sets are counted and read, nothing is missed, and the scan says that it is not listed."""
    fleet.azure.put_scale_set(document("new", C))
    fleet.azure.faults.without_coverage_of = {C}
    record = fleet.scan().record
    assert (record.scale_sets_read, record.status) == (7, "partial")
    assert C in record.subscriptions_not_read
    assert ("scale_set.discovered", "new", "") in fleet.news()


def test_a_subscription_out_of_sight_is_told_and_kept(fleet: FakeWorld) -> None:
    """Neither listed nor counted: what is known of it stays, every scan says so, until it is retired."""
    del fleet.azure.subscriptions[C]
    for _ in range(2):
        record = fleet.scan().record
        assert (record.status, record.subscriptions_not_read, record.scale_sets_not_seen) == ("partial", (C,), 1)
    assert read_coverage(fleet.store.get_record(RECORD)).scale_sets == SIZES
    fleet.request["retired"] = frozenset({C})
    assert fleet.scan().record.status == "complete"
    assert ("scale_set.retired", "web-0", "") in fleet.news()


def test_a_shard_that_failed_concludes_nothing(fleet: FakeWorld) -> None:
    """What is gone in the others is told; nothing of its own is missed; the scan is partial and says what it lost."""
    for subscription in (A, B):
        delete(fleet, subscription)
    fleet.request = {"shard_size": 1}
    fleet.azure.faults.fails_in = {B}
    before = read_coverage(fleet.store.get_record(RECORD))
    for _ in range(3):
        result = fleet.scan()
        assert isinstance(result.failure, ReadFailedError)
        record = result.record
        assert (record.status, record.subscriptions_not_read, record.subscriptions_read) == ("partial", (B,), 2)
    assert ("scale_set.removed", "web-0", "") in fleet.news()
    assert {state.missed_scans for state in fleet.store_view().current.values()} == {0}
    coverage = read_coverage(fleet.store.get_record(RECORD))
    assert (coverage.read_at[B], coverage.scale_sets[B]) == (before.read_at[B], 2)
    assert coverage.last_scan == {A, B, C}
    fleet.azure.faults.fails_in = set()
    assert [fleet.scan().record.status for _ in range(2)] == ["complete", "complete"]


def test_a_shard_without_a_report_is_one_that_failed(fleet: FakeWorld) -> None:
    """A driver that lost a shard may conclude all the same."""
    plan = begin(fleet)
    report = scan_shard(fleet.ports, plan, plan.shards[0])
    result = conclude(fleet.ports, plan, [report])
    assert result.record.status == "partial"
    assert result.record.subscriptions_not_read == (B, C)
    assert fleet.scan().record.status == "complete"


def test_a_plan_that_failed_is_concluded(fleet: FakeWorld) -> None:
    """The row about the scan says why, and the lease is free."""
    fleet.azure.subscriptions.clear()
    plan = begin(fleet)
    assert plan.shards == ()
    result = conclude(fleet.ports, plan, [])
    assert result.record.status == "failed"
    assert "NoAccess" in result.record.error
    assert fleet.store.lease_holder(fleet.clock) is None


def test_concluding_twice_leaves_one_row(fleet: FakeWorld) -> None:
    """The row about the scan has the same id."""
    plan = begin(fleet)
    reports = [scan_shard(fleet.ports, plan, shard) for shard in plan.shards]
    before = len(fleet.received.rows[Table.SCANS])
    for _ in range(2):
        conclude(fleet.ports, plan, reports)
    assert len({row["EventId"] for row in fleet.received.rows[Table.SCANS][before:]}) == 1


def test_a_shard_that_comes_too_late_changes_nothing(fleet: FakeWorld) -> None:
    """Its lease has ended and another scan began: what it would commit is refused, and it leaves no record."""
    plan = begin(fleet)
    fleet.azure.scale_set(scale_set_id("web-0", A))["sku"]["capacity"] = 77
    fleet.clock += LEASE * 2
    other = fleet.scan(after=timedelta(minutes=1)).record
    assert other.status == "complete"
    states = fleet.store_view().known
    report = scan_shard(fleet.ports, plan, plan.shards[0])
    result = conclude(fleet.ports, plan, [report])
    assert isinstance(result.failure, LeaseLostError)
    assert fleet.store_view().known == states
    assert json.loads(fleet.store.get_record("scan.last") or "")["scan_id"] == other.scan_id


@pytest.mark.parametrize(
    "failure",
    [None, LeaseLostError("lost"), StateConflictError("conflict"), ReadFailedError("unread"), ValueError("odd")],
    ids=lambda each: type(each).__name__,
)
def test_a_report_travels(fleet: FakeWorld, failure: Exception | None) -> None:
    """It is the same after it was written down; a failure keeps its kind as far as a caller decides upon it."""
    plan = begin(fleet)
    report = replace(scan_shard(fleet.ports, plan, plan.shards[0]), failure=failure)
    there = report_from(json.loads(json.dumps(report_to_json(report))))
    assert replace(there, failure=None) == replace(report, failure=None)
    assert (type(there.failure), str(there.failure)) == (
        (MonitorError, "ValueError: odd") if isinstance(failure, ValueError) else (type(failure), str(failure))
    )


def test_a_plan_travels_to_a_process_that_judges_alike(fleet: FakeWorld) -> None:
    """It is the same there; with another policy or release it is refused."""
    plan = begin(fleet)
    body = json.loads(json.dumps(plan_to_json(plan)))
    there = plan_from(body, fleet.criteria)
    assert plan_to_json(there) == plan_to_json(plan)
    assert there.shards == list(plan.shards)
    with pytest.raises(SettingsError):
        plan_from(body, replace(fleet.criteria, version="another"))


def test_progress_goes_on_over_the_shards(fleet: FakeWorld) -> None:
    """What is shown of the scale sets that were read never falls back."""
    told: list[int] = []
    fleet.request = {"shard_size": 1, "on_progress": told.append}
    run_scan(fleet.ports, replace(fleet.next_request(), scan_id="progress"))
    assert told == [3, 5, 6]


def test_reports_hold_no_rows(fleet: FakeWorld) -> None:
    """What travels does not grow with the scale sets of a shard, nor with their applications; and it arrives whole."""
    plan = begin(fleet)

    def report() -> tuple[ShardReport, str]:
        made = scan_shard(fleet.ports, plan, plan.shards[0])
        return made, json.dumps(leave_report(fleet.store, plan.request.scan_id, made))

    _, small = report()
    for number in range(100):
        made = document(f"more-{number}", A)
        made["tags"]["application"] = f"application {number}"
        fleet.azure.put_scale_set(made)
    whole, text = report()
    assert whole.scale_sets_read == 103
    assert len(text) < len(small) + 200
    assert take_report(fleet.store, plan.request.scan_id, json.loads(text)) == whole
    assert len([name for name in whole.numbers.places if name.startswith("application scale_sets application ")]) == 100


@pytest.mark.parametrize("text", [None, "", "[]", '["another scan", {}]'])
def test_figures_that_are_lost_are_no_zeros(fleet: FakeWorld, text: str | None) -> None:
    """A scan whose shard left figures that are not there cannot say its numbers."""
    plan = begin(fleet)
    body = leave_report(fleet.store, plan.request.scan_id, scan_shard(fleet.ports, plan, plan.shards[0]))
    fleet.store.put_records({str(body["figures_of"]): text})
    with pytest.raises(UnreadableError):
        take_report(fleet.store, plan.request.scan_id, body)


def test_a_shard_that_lost_the_lease_leaves_nothing(fleet: FakeWorld) -> None:
    """Its report says so."""
    plan = begin(fleet)
    report = scan_shard(fleet.ports, plan, plan.shards[0])
    fleet.store.release_lease(plan.request.scan_id)
    there = take_report(fleet.store, plan.request.scan_id, leave_report(fleet.store, plan.request.scan_id, report))
    assert isinstance(there.failure, LeaseLostError)


def test_a_shard_that_runs_twice_at_once_commits_once(tmp_path: Path) -> None:
    """Two runs side by side, each with a connection of its own: the events are those of one, each once, and none is lost."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as other:
        world = FakeWorld(store)
        for subscription, count in SIZES.items():
            world.azure.put_subscription(subscription, subscription[-2:])
            for number in range(40 * count):
                world.azure.put_scale_set(document(f"web-{number}", subscription))
        world.azure.page_size = 20
        plan = make_plan(world.ports, world.next_request())
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(scan_shard, replace(world.ports, store=each), plan, plan.shards[0])
                for each in (store, other)
            ]
            reports = [run.result() for run in runs]
        whole = [report for report in reports if report.failure is None]
        assert whole, [report.failure for report in reports]
        assert all(isinstance(report.failure, StateConflictError | None) for report in reports)
        assert conclude(world.ports, plan, whole[:1]).record.status == "complete"
        told = [(row["EventType"], row["ScaleSetId"], row.get("RuleId")) for row in world.received.rows[Table.EVENTS]]
        assert len(told) == len(set(told))
        assert len([each for each in told if each[0] == "scale_set.discovered"]) == 40 * sum(SIZES.values())
        assert {row.row.revision for row in store.load()} == {1}


def test_a_forced_scan_judges_what_stands(fleet: FakeWorld) -> None:
    """A scan that a person asked for judges everything, in shards too; one of the timer nothing, where nothing changed."""
    judged: list[object] = []
    fleet.request = {"shard_size": 1, "on_judged": judged.append}
    fleet.scan()
    judged.clear()
    fleet.scan()
    assert judged == []
    fleet.request["is_full"] = True
    fleet.scan()
    assert len(judged) == sum(SIZES.values())


def test_what_compute_contradicts_is_judged_again(fleet: FakeWorld) -> None:
    """An old answer leaves the state as it is, and its subscription without a stamp: the next scan judges it again."""
    key = scale_set_id("web-0", A).lower()
    good = copy.deepcopy(fleet.azure.documents[key])
    fleet.azure.documents[key]["properties"]["upgradePolicy"]["rollingUpgradePolicy"]["maxBatchInstancePercent"] = 100
    fleet.scan()
    fleet.news()
    before = fleet.store_view().current[key]
    fleet.azure.faults.stale = {key: good}
    assert fleet.scan().record.status == "complete"
    assert fleet.news() == []
    assert fleet.store_view().current[key] == before
    coverage = read_coverage(fleet.store.get_record(RECORD))
    assert A not in coverage.stamped
    assert {B, C} <= coverage.stamped


NAME = "canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
PLACES = {A: "westeurope", B: "northeurope", C: "uksouth"}


class InterruptedFleet(FakeFleet):
    """Before it answers its pages, other shards run to their end: they have read and written what this one read before."""

    def __init__(
        self, azure: FakeAzure, subscriptions: Sequence[str] = (), meanwhile: Callable[[], object] = list
    ) -> None:
        super().__init__(azure, subscriptions)
        self._meanwhile = meanwhile

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "InterruptedFleet":  # noqa: ARG002 - no quota here
        return InterruptedFleet(self._azure, subscriptions, self._meanwhile)

    def pages(self) -> Iterator[Sequence[Any]]:
        self._meanwhile()
        yield from super().pages()


def test_shards_at_once_lose_none_of_what_the_others_saw(fleet: FakeWorld) -> None:
    """Each has read the record of images before the others wrote it; a version has one moment at which it was first seen."""
    fleet.request = {"shard_size": 1}
    for subscription, place in PLACES.items():
        fleet.images.put_platform_version(place, NAME, "22.04.202611050")
        for key in [key for key in fleet.azure.documents if subscription in key]:
            fleet.azure.documents[key]["location"] = place
    fleet.clock += timedelta(days=1)
    plan = begin(fleet)
    first, second, third = plan.shards
    ports = fleet.ports
    inner = replace(ports, fleet=InterruptedFleet(fleet.azure, meanwhile=lambda: scan_shard(ports, plan, third)))
    outer = replace(ports, fleet=InterruptedFleet(fleet.azure, meanwhile=lambda: scan_shard(inner, plan, second)))
    assert scan_shard(outer, plan, first).failure is None
    seen = read_images_seen(fleet.store.get_record(IMAGES)).images
    assert {key.partition("|")[0] for key in seen} == set(PLACES.values())
    assert {each.since for image in seen.values() for each in image.offered} == {fleet.clock}


def test_a_plan_knows_what_no_scan_has_concluded_about(fleet: FakeWorld) -> None:
    """Where the record of coverage is lost, the states tell which subscriptions are known: none is forgotten."""
    assert fleet.store.drop("record", RECORD)
    del fleet.azure.subscriptions[C]
    fleet.request = {"shard_size": 3, "shards_at_once": 2}
    assert begin(fleet).shards[0].out_of_sight == (C,)
    record = fleet.scan().record
    assert (record.status, record.subscriptions_not_read, record.scale_sets_not_seen) == ("partial", (C,), 1)
