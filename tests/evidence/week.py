"""The demo's week with a snapshot every evening, played once: what evidence is made of in these tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.story import FIRST_SCAN, STORY, prepare
from emulator.client.local import LocalAzure
from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.world import EVENTS, SCANS, SNAPSHOT, World, identity_of

DEPLOYMENT = "k3n5q2w7x4y6z"
FILES = {"events.jsonl": EVENTS, "scans.jsonl": SCANS, "snapshot.jsonl": SNAPSHOT}


@dataclass(frozen=True, slots=True)
class Week:
    """What is left of it: a workspace that still answers, and its rows in files."""

    azure: LocalAzure
    exported: Path
    """Folder of JSON Lines."""


@contextmanager
def play_week(folder: Path) -> Iterator[Week]:
    """Play the week: Monday 9 to Sunday 15 November 2026, a scan after each step, a snapshot at the end of each day."""
    with LocalAzure() as azure, identity_of(azure):
        azure.control.set_clock(FIRST_SCAN, frozen=False)
        prepare(azure.control, 6, 7)
        store = SqliteStore(folder / "state.sqlite")
        world = World(azure, store)
        world.deployment = DEPLOYMENT
        world.clock = FIRST_SCAN - timedelta(hours=1)
        world.scan()
        day = FIRST_SCAN.date()
        for step in STORY:
            while step.at.date() > day:
                _snapshot(world)
                day += timedelta(days=1)
            if step.is_snapshot:
                continue
            step.happens(world.control)
            world.clock = step.at - timedelta(hours=1)
            world.scan()
        world.clock += timedelta(hours=12)
        _snapshot(world)
        exported = folder / "exported"
        exported.mkdir()
        for name, table in FILES.items():
            (exported / name).write_text(azure.control.export(table), encoding="utf-8")
        world.connection.close()
        store.close()
        yield Week(azure, exported)


def _snapshot(world: World) -> None:
    world.clock = world.clock.replace(hour=20, minute=0)
    world.control.set_clock(world.clock, frozen=False)
    world.snapshot()
