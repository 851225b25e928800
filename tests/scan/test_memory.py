"""Bounded: what a scan holds follows its largest page, not its fleet. Objects are counted, and no clock or gauge is read."""

import gc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.ports.sink import Refusal
from scanner.snapshot import BATCH, write_snapshot
from scanner.state.state import ScaleSetState
from scanner.times import iso
from tests.fakes.azure import FakeFleet
from tests.fakes.world import FakeWorld
from tests.scale_sets import document

PER_SUBSCRIPTION = 6


def states_alive() -> int:
    """Count the states that live."""
    return sum(isinstance(each, ScaleSetState) for each in gc.get_objects())


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


def world_of(subscriptions: int) -> FakeWorld:
    """Make a fleet of equal subscriptions."""
    world = FakeWorld()
    for number in range(subscriptions):
        subscription = f"5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7{number:03d}"
        world.azure.put_subscription(subscription, f"s{number}")
        for name in range(PER_SUBSCRIPTION):
            world.azure.put_scale_set(document(f"web-{name}", subscription))
    return world


@pytest.mark.parametrize("shard_size", [10_000, 12], ids=["whole", "in shards"])
@pytest.mark.parametrize("days", [0, 1], ids=["nothing changed", "all are judged"])
def test_states_do_not_add_up(days: int, shard_size: int) -> None:
    """In a first scan, and in one that judges nothing or all: 50 equal subscriptions hold no more states than 10."""
    most: list[list[int]] = []
    for subscriptions in (10, 50):
        world = world_of(subscriptions)
        world.request = {"shard_size": shard_size}
        most.append([most_in(world, 0), most_in(world, days)])
    assert most[0] == most[1]
    assert max(most[1]) <= 3 * PER_SUBSCRIPTION


def test_a_snapshot_holds_a_batch() -> None:
    """Its rows go out in batches, and one subscription's states live at a time."""
    world = world_of(12)
    world.scan()
    sizes: list[int] = []
    alive: list[int] = []
    taken = world.received.accept

    class Sink:
        """Notes how much it is given."""

        def accept(self, table: Table, rows: Sequence[Any]) -> Sequence[Refusal]:
            if table is Table.SNAPSHOT:
                sizes.append(len(rows))
                alive.append(states_alive())
            return taken(table, rows)

        def close(self) -> None:
            """Do nothing."""

    moment = iso(world.clock)
    stamp = ScanStamp(scan_id="snapshot", detected_at=moment, service_version="test")
    assert write_snapshot(world.store, Sink(), world.now, stamp) == 12 * PER_SUBSCRIPTION
    assert sum(sizes) == 12 * PER_SUBSCRIPTION
    assert max(sizes) <= BATCH
