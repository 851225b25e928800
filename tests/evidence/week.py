"""A week with a snapshot every evening, played once for all processes of the tests: what evidence is made of in them."""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.client.client import Control
from emulator.client.estate import PIPELINE, PORTAL_USER, Who
from emulator.client.local import LocalAzure
from emulator.endpoint.faults import FaultKind
from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.scale_sets import IMAGE, OS_UPGRADE, OTHER, SUBSCRIPTION, document, scale_set_id
from tests.world import EVENTS, SCANS, SNAPSHOT, World, identity_of

DEPLOYMENT = "k3n5q2w7x4y6z"
FILES = {"events.jsonl": EVENTS, "scans.jsonl": SCANS, "snapshot.jsonl": SNAPSHOT}


NAMES = ("shop-web", "shop-orders", "shop-billing", "shop-search", "shop-payments")
FIRST_SCAN = datetime(2026, 11, 9, 6, tzinfo=UTC)
type Happens = Callable[[Control], object]


def _set(name: str, paths: Mapping[str, Any], by: Who = PORTAL_USER) -> Happens:
    return lambda control: control.change(scale_set_id(name), paths, by=by)


def _nothing(_control: Control) -> None:
    """Let the scan find what the last ones left."""


JAMMY = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
OLD, NEW = "22.04.202610200", "22.04.202611100"


def _publish(version: str) -> Happens:
    return lambda control: control.publish_image(location="westeurope", version=version, **JAMMY)


def _runs(name: str, version: str, count: int) -> Happens:
    """Let so many of a scale set's four instances run a version, and the rest the old one."""
    runs = [{"count": count, "exact_version": version}, {"count": 4 - count, "exact_version": OLD}]
    return lambda control: control.set_instances(scale_set_id(name), *[run for run in runs if run["count"]])


def _all(*happen: Happens) -> Happens:
    def happens(control: Control) -> None:
        for each in happen:
            each(control)

    return happens


_EXEMPT = {"upgrade-posture-exempt": "rules=VMSS-001; until=2026-11-12; reason=load test; owner=team-shop"}
STEPS: tuple[tuple[int, int, Happens], ...] = (
    (9, 10, _set("shop-web", {"properties.upgradePolicy.mode": "Manual"})),
    (9, 16, _set("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False}, by=PIPELINE)),
    (10, 8, _publish(NEW)),
    (10, 9, _set("shop-billing", {f"{IMAGE}.version": "22.04.202610200"})),
    (10, 15, _set("shop-search", {"properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": 100})),
    (11, 9, lambda control: control.edit_tags(scale_set_id("shop-orders"), _EXEMPT)),
    (12, 9, lambda control: control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)),
    (13, 9, _all(lambda control: control.clear_faults(), _runs("shop-web", NEW, 2))),
    (13, 14, _set("shop-payments", {f"{OS_UPGRADE}.disableAutomaticRollback": True})),
    (13, 15, _nothing),
    (14, 9, lambda control: control.delete_scale_set(scale_set_id("shop-billing"))),
    (14, 10, _runs("shop-web", NEW, 4)),
)
"""Day, hour, and what happens before the scan of then."""


@dataclass(frozen=True, slots=True)
class Week:
    """What is left of it: a workspace that still answers, and its rows in files."""

    azure: LocalAzure
    exported: Path
    """Folder of JSON Lines."""


@contextmanager
def shared_week(folder: Path) -> Iterator[Week]:
    """Answer the week. The first process that asks plays it; others find its rows in the folder, and load them."""
    folder.mkdir(exist_ok=True)
    exported = folder / "exported"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not exported.exists():
            with play_week(folder) as played:
                fcntl.flock(lock, fcntl.LOCK_UN)
                yield played
            return
    with LocalAzure() as azure, identity_of(azure):
        for name, table in FILES.items():
            azure.control.load(table, (exported / name).read_text(encoding="utf-8"))
        yield Week(azure, exported)


@contextmanager
def play_week(folder: Path) -> Iterator[Week]:
    """Play the week: Monday 9 to Sunday 15 November 2026, a scan after each step, a snapshot at the end of each day."""
    with LocalAzure() as azure, identity_of(azure):
        azure.control.set_clock(FIRST_SCAN, frozen=False)
        _lay_out(azure.control)
        store = SqliteStore(folder / "state.sqlite")
        world = World(azure, store)
        world.deployment = DEPLOYMENT
        world.clock = FIRST_SCAN - timedelta(hours=1)
        world.scan()
        day = FIRST_SCAN.date()
        for date, hour, happens in STEPS:
            at = datetime(2026, 11, date, hour, tzinfo=UTC)
            while at.date() > day:
                _snapshot(world)
                day += timedelta(days=1)
            happens(world.control)
            world.clock = at - timedelta(hours=1)
            world.scan()
        _snapshot(world)
        world.clock += timedelta(hours=12)
        _snapshot(world)
        made = folder / "made"
        made.mkdir()
        for name, table in FILES.items():
            (made / name).write_text(azure.control.export(table), encoding="utf-8")
        world.connection.close()
        store.close()
        yield Week(azure, made.rename(folder / "exported"))


def _lay_out(control: Control) -> None:
    control.put_subscription(SUBSCRIPTION, "shop-production")
    control.put_subscription(OTHER, "shop-staging")
    for name in NAMES:
        control.put_scale_set(document(name))
    control.put_scale_set(document("shop-staging", OTHER))
    _publish(OLD)(control)
    _runs("shop-web", OLD, 4)(control)


def _snapshot(world: World) -> None:
    world.clock = world.clock.replace(hour=20, minute=0)
    world.control.set_clock(world.clock, frozen=False)
    world.snapshot()
