"""A scan that began is a result: what it says of itself, whatever went wrong."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import LeaseHeldError, ReadFailedError, StoreError, TimeLimitReachedError
from scanner.events.scan_record import LAST
from scanner.ports.event import Table
from scanner.ports.store import OutboxEntry
from scanner.scan.commit import commit
from scanner.scan.decide import on_seen
from scanner.scan.gather import gather
from scanner.scan.request import LEASE
from scanner.scan.run import run_scan
from scanner.scan.shards import Shard
from scanner.scan.underway import new_scan
from scanner.times import iso
from tests.fakes.view import read_view
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

BATCH = "max_batch_instance_percent"


@pytest.fixture
def world() -> FakeWorld:
    """Make a service with one scale set and nothing remembered."""
    return make_world(MemoryStore())


def make_world(store: MemoryStore) -> FakeWorld:
    """Put one scale set into a fake Azure."""
    world = FakeWorld(store)
    world.azure.put_subscription(SUBSCRIPTION, "shop-production")
    world.azure.put_scale_set(document("web"))
    return world


def set_batch(world: FakeWorld, percent: int) -> None:
    """Change the batch size of the scale set."""
    upgrade_policy = world.azure.scale_set(scale_set_id("web"))["properties"]["upgradePolicy"]
    upgrade_policy["rollingUpgradePolicy"]["maxBatchInstancePercent"] = percent


def test_a_scan_that_failed_is_a_result(world: FakeWorld) -> None:
    """It carries its record and what ended it; the row about it has arrived, and the store remembers it."""
    world.azure.faults.fails_after = 0
    result = world.scan()
    assert isinstance(result.failure, ReadFailedError)
    assert result.record.status == "failed"
    assert [row["Status"] for row in world.received.rows[Table.SCANS]] == ["failed"]
    assert '"failed"' in (world.store.get_record(LAST) or "")


def test_only_a_scan_that_could_not_begin_raises(world: FakeWorld) -> None:
    """While another scan runs there is nothing to say; the error names that scan."""
    world.store.acquire_lease("other", START, LEASE)
    with pytest.raises(LeaseHeldError) as raised:
        world.scan(after=LEASE / 2)
    assert raised.value.holder == "other"
    assert world.received.rows.get(Table.SCANS, []) == []


def test_the_time_limit_is_told_with_its_facts_and_the_callers_advice(world: FakeWorld) -> None:
    """The core knows no setting: who started the scan says what a person can do."""
    world.request = {"time_limit": timedelta(seconds=-1)}
    failure = world.scan().failure
    assert isinstance(failure, TimeLimitReachedError)
    assert (failure.limit, failure.scale_sets_read) == (timedelta(seconds=-1), 1)
    assert "VMSS_" not in str(failure)
    world.request["time_limit_advice"] = "Raise VMSS_TIME_LIMIT_MINUTES."
    assert str(world.scan().failure).endswith("Raise VMSS_TIME_LIMIT_MINUTES.")


class SlowWorld(FakeWorld):
    """A world in which an hour passes whenever somebody looks at the clock."""

    def now(self) -> datetime:
        self.clock += timedelta(hours=1)
        return self.clock


def test_a_scan_has_one_moment() -> None:
    """Over midnight too, its findings are detected, and the scan began, at the moment of which its exemptions are."""
    world = SlowWorld()
    world.azure.put_subscription(SUBSCRIPTION, "shop-production")
    world.azure.put_scale_set(document("web"))
    request = replace(world.next_request(), time_limit=timedelta(days=9), lease=timedelta(days=9))
    record = run_scan(world.ports, request).record
    assert {row["DetectedAt"] for row in world.received.rows[Table.EVENTS]} == {iso(request.criteria.moment)}
    assert record.started_at == iso(request.criteria.moment)


class FailsToMark(MemoryStore):
    """A store that cannot mark what was sent."""

    fails = True

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        if self.fails:
            raise StoreError("the table cannot be reached")
        super().mark_sent(entries, accepted, now)


def test_a_delivery_that_fails_midway_says_how_far_it_came() -> None:
    """What was accepted counts as delivered, and waits all the same, as nothing says that it was sent."""
    store = FailsToMark()
    world = make_world(store)
    set_batch(world, 100)
    result = world.scan()
    assert isinstance(result.failure, StoreError)
    record = result.record
    assert (record.events_committed, record.events_delivered) == (3, 3)
    assert (record.events_refused, record.events_waiting) == (0, 3)
    store.fails = False
    record = world.scan().record
    assert (record.events_delivered, record.events_refused) == (4, 0)  # with the end of the first scan
    assert record.events_waiting == 0


class CountsReadings(MemoryStore):
    """A store that counts how often its outbox is read."""

    readings = 0

    def unsent(self) -> Iterator[OutboxEntry]:
        self.readings += 1
        return super().unsent()


def test_the_outbox_is_read_once_in_a_scan() -> None:
    """The end of the scan is at hand when it was put there: it is sent without looking for it."""
    store = CountsReadings()
    world = make_world(store)
    world.scan()
    assert store.readings == 1
    assert [row["Status"] for row in world.received.rows[Table.SCANS]] == ["complete"]
    assert list(MemoryStore.unsent(store)) == []


def test_a_scale_set_may_be_committed_twice_in_one_scan(world: FakeWorld) -> None:
    """The second commit replaces the first one, and does not conflict with it."""
    scan = new_scan(world.ports, world.next_request(), Shard(number=0))
    scan.lease.take()
    for percent in (30, 40, 50):
        set_batch(world, percent)
        scan.reading.seen.clear()
        for postures in gather(scan):
            commit(scan, on_seen(scan, postures))
    state = read_view(world.store).current[scale_set_id("web").lower()]
    assert (state.revision, state.facts[BATCH]) == (3, 50)
    assert {key: each.state for key, each in scan.view.states.items()} == read_view(world.store).current
