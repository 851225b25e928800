"""Bounded: what a scan holds follows its largest page, not its fleet. Objects are counted, and no clock or gauge is read."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Event, Table
from scanner.ports.sink import Refusal
from scanner.ports.store import StateRow, StateWrite
from scanner.scan import delivery
from scanner.scan.delivery import deliver
from scanner.snapshot import BATCH, write_snapshot
from scanner.state.state import ScaleSetState
from scanner.times import iso
from tests.fakes.azure import FakeFleet
from tests.fakes.world import FakeWorld
from tests.scale_sets import document

PER_SUBSCRIPTION = 6


pytestmark = pytest.mark.usefixtures("only_what_is_new")


def alive(kind: type) -> int:
    """Count the objects of a kind that live."""
    return sum(isinstance(each, kind) for each in gc.get_objects())


def states_alive() -> int:
    """Count the states that live."""
    return alive(ScaleSetState)


class WatchedFleet(FakeFleet):
    """Looks, at every page, how many states live."""

    most = 0

    def part(self, subscriptions: Sequence[str], queries: int = 15) -> "WatchedFleet":  # noqa: ARG002 - no quota here
        return WatchedFleet(self._azure, subscriptions)

    def pages(self) -> Iterator[Sequence[Any]]:
        for page in super().pages():
            WatchedFleet.most = max(WatchedFleet.most, states_alive())
            yield page
        WatchedFleet.most = max(WatchedFleet.most, states_alive())


def most_in(world: FakeWorld, days: int) -> int:
    """Scan once more; answer how many states lived at most, more than before."""
    gc.collect()
    before, WatchedFleet.most = states_alive(), 0
    world.azure.page_size = PER_SUBSCRIPTION
    world.fleet = WatchedFleet(world.azure)
    world.clock = world.clock.replace(day=world.clock.day + days)
    assert world.scan().failure is None
    return WatchedFleet.most - before


def world_of(subscriptions: int, each: int = PER_SUBSCRIPTION) -> FakeWorld:
    """Make a fleet of equal subscriptions."""
    world = FakeWorld()
    for number in range(subscriptions):
        subscription = f"5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7{number:03d}"
        world.azure.put_subscription(subscription, f"s{number}")
        for name in range(each):
            world.azure.put_scale_set(document(f"web-{name}", subscription))
    return world


@pytest.mark.parametrize("shard_size", [10_000, 12], ids=["whole", "in shards"])
@pytest.mark.parametrize("days", [0, 1], ids=["nothing changed", "all are judged"])
def test_states_do_not_add_up(days: int, shard_size: int) -> None:
    """In a first scan, and in one that judges nothing or all: 12 equal subscriptions hold no more states than 4."""
    most: list[list[int]] = []
    for subscriptions in (4, 12):
        world = world_of(subscriptions)
        world.request = {"shard_size": shard_size}
        most.append([most_in(world, 0), most_in(world, days)])
    assert most[0] == most[1]
    assert max(most[1]) <= 3 * PER_SUBSCRIPTION


def test_a_snapshot_holds_a_batch() -> None:
    """Its rows go out in batches, and no other states live while one is sent."""
    world = world_of(5, each=BATCH // 4)
    world.scan()
    sizes: list[int] = []
    states: list[int] = []
    taken = world.received.accept

    class Sink:
        """Notes how much it is given."""

        def accept(self, table: Table, rows: Sequence[Any]) -> Sequence[Refusal]:
            if table is Table.SNAPSHOT:
                sizes.append(len(rows))
                states.append(states_alive())
            return taken(table, rows)

        def close(self) -> None:
            """Do nothing."""

    moment = iso(world.clock)
    stamp = ScanStamp(scan_id="snapshot", detected_at=moment, service_version="test")
    assert write_snapshot(world.store, Sink(), world.now, stamp) == 5 * BATCH // 4
    assert sum(sizes) == 5 * BATCH // 4
    assert max(sizes) == max(states) == BATCH


def test_a_delivery_holds_a_batch(tmp_path: Path) -> None:
    """The outbox is read as it is sent: of four batches no more events live at once than of two, and all arrive."""
    most: list[int] = []
    for batches in (2, 4):
        with closing(SqliteStore(tmp_path / f"{batches}.sqlite")) as store:
            store.commit([transition(number) for number in range(batches * delivery.BATCH // EVENTS_EACH)])
            sink = WatchingSink()
            world = FakeWorld(store, sink)
            assert deliver(store, sink, world.now, lambda: True).delivered == batches * delivery.BATCH
            assert list(store.unsent()) == []
        assert sink.rows == batches * delivery.BATCH
        most.append(sink.most)
    assert most[0] == most[1]
    assert delivery.BATCH <= most[1] < 1.1 * delivery.BATCH


EVENTS_EACH = 50


class WatchingSink:
    """Looks, at every batch, how many events live."""

    def __init__(self) -> None:
        self.most = self.rows = 0

    def accept(self, _table: Table, rows: Sequence[Any]) -> Sequence[Refusal]:
        """Take everything, and keep nothing."""
        self.rows += len(rows)
        self.most = max(self.most, alive(Event))
        return ()

    def close(self) -> None:
        """Do nothing."""


def transition(number: int) -> StateWrite:
    """Make a state with some events."""
    row = StateRow(subscription_id="s", key=f"/subscriptions/s/{number:05d}", revision=1, commit_id="c", body="{}")
    events = [
        Event(event_id=f"{number}-{each}", table=Table.EVENTS, columns={"ScaleSetId": row.key, "Revision": 1})
        for each in range(EVENTS_EACH)
    ]
    return StateWrite(row=row, replaces=None, events=events)
