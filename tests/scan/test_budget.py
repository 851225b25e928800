"""Telling has its time: what reads and asks ends before the part of a scan's time that delivery, record and lease need."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.facts.evidence import JsonValue
from scanner.ports.compute import Answer
from scanner.ports.event import Table
from scanner.ports.sink import Refusal
from scanner.ports.store import OutboxEntry, without_end
from scanner.scan import delivery
from scanner.scan.run import run_scan
from tests.fakes.azure import FakeCompute
from tests.fakes.world import FakeWorld
from tests.scale_sets import document, scale_set_id

LIMIT = timedelta(minutes=25)


class SlowCompute(FakeCompute):
    """Compute that answers, each time after a while."""

    def __init__(self, world: FakeWorld, takes: timedelta) -> None:
        super().__init__(world.azure)
        self._world = world
        self._takes = takes

    def look_up(self, scale_set_id: str) -> Answer:
        self._world.clock += self._takes
        return super().look_up(scale_set_id)


def test_questions_end_with_the_time_for_reading(fleet: FakeWorld) -> None:
    """However many scale sets are gone: the rest is asked about in the next scans, and each scan says how it went."""
    names = [f"gone-{number}" for number in range(90)]
    for name in names:
        fleet.azure.put_scale_set(document(name))
    fleet.scan()
    for name in names:
        fleet.azure.delete_scale_set(scale_set_id(name))
    fleet.scan()
    fleet.news()
    fleet.request = {"time_limit": LIMIT}
    fleet.compute = SlowCompute(fleet, timedelta(seconds=30))
    removed: list[int] = []
    while sum(removed) < len(names):
        before = fleet.clock
        result = fleet.scan()
        assert result.failure is None
        assert fleet.clock - before - timedelta(hours=1) <= LIMIT
        assert fleet.received.rows[Table.SCANS][-1]["ScanId"] == result.record.scan_id
        removed.append(len([event for event in fleet.news() if event[0] == "scale_set.removed"]))
    assert len(removed) == 2


class SlowSink(MemorySink):
    """Log Analytics that takes its time for every batch."""

    def __init__(self, world: FakeWorld, takes: timedelta) -> None:
        super().__init__()
        self._world = world
        self._takes = takes

    def accept(self, table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        self._world.clock += self._takes
        return super().accept(table, rows)


def test_delivery_leaves_time_for_the_record(fleet: FakeWorld) -> None:
    """What is not sent in time waits for the next scan; the row about this scan is sent, and the lease given back."""
    for number in range(delivery.BATCH + 10):
        fleet.azure.put_scale_set(document(f"new-{number}"))
    slow = SlowSink(fleet, timedelta(minutes=4))
    fleet.sink = slow
    fleet.request = {"time_limit": LIMIT, "telling": timedelta(minutes=3), "lease": timedelta(hours=2)}
    fleet.clock += timedelta(hours=1)
    request = fleet.next_request()
    fleet.clock += LIMIT
    record = run_scan(fleet.ports, request).record
    assert (record.events_delivered, record.events_waiting) == (delivery.BATCH, 10)
    assert "no time left" in record.error
    assert slow.rows[Table.SCANS][-1]["EventsWaiting"] == 10
    assert fleet.store.lease_holder(fleet.clock) is None
    assert fleet.scan().record.events_waiting == 0


class SlowStore(MemoryStore):
    """A store that takes a second to read an entry of the outbox, and a minute to purge it."""

    def __init__(self, world: FakeWorld, damage: str | None) -> None:
        super().__init__()
        self._world = world
        self._damage = damage
        self.is_slow = False

    def unsent(self) -> Iterator[OutboxEntry]:
        for entry in super().unsent():
            self._world.clock += timedelta(seconds=self.is_slow)
            yield OutboxEntry(entry_id=entry.entry_id, events=(), damage=self._damage) if self._damage else entry

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool] = without_end) -> int:
        if self.is_slow and may_go_on():
            self._world.clock += timedelta(minutes=1)
        return super().purge_sent(before, may_go_on)


@pytest.mark.parametrize("damage", [None, "It cannot be read."])
def test_counting_what_waits_leaves_time_for_the_record(fleet: FakeWorld, damage: str | None) -> None:
    """An outbox that takes minutes to count, and to purge, takes seconds of the 45 that are kept for the scan's row."""
    fleet.store = store = SlowStore(fleet, damage)
    fleet.request = {"is_delivering": False}
    for number in range(200):
        fleet.azure.put_scale_set(document(f"new-{number}"))
    fleet.scan()
    store.is_slow = True
    telling = timedelta(minutes=3)
    fleet.request = {"time_limit": LIMIT, "telling": telling, "lease": timedelta(hours=2)}
    fleet.clock += timedelta(hours=1)
    request = fleet.next_request()
    fleet.clock += LIMIT + telling
    record = run_scan(fleet.ports, request).record
    assert fleet.clock - request.moment <= LIMIT + telling + delivery.COUNTING + timedelta(seconds=2)
    assert record.events_delivered == 0
    assert (record.events_waiting > 0) is (damage is None)
    assert f"At least {record.events_waiting} events wait" in record.error
    assert ("no time left" in record.error) is (damage is None)
    row = fleet.received.rows[Table.SCANS][-1]
    assert (row["ScanId"], row["EventsWaiting"]) == (request.scan_id, record.events_waiting)
