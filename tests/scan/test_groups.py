"""What is compared between scale sets: told one scan after the later of them, and by what was read of all of them."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.scan.damage import drop, find_damage
from scanner.scan.groups import BUCKETS, RECORD
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

PRODUCTION, TEST = ("web", SUBSCRIPTION), ("web-test", OTHER)
DIFFERS = ("finding.opened", "web", "VMSS-070")
AGREES = ("finding.resolved", "web", "VMSS-070")


def application(store: MemoryStore | SqliteStore | None = None) -> FakeWorld:
    """Make a service that knows an application in production and in test, in two subscriptions, and is at rest."""
    world = FakeWorld(store)
    for (name, subscription), environment, ring in ((PRODUCTION, "production", "broad"), (TEST, "test", "canary")):
        world.azure.put_subscription(subscription, name)
        made = document(name, subscription)
        made["tags"] |= {"application": "shop", "environment": environment, "ring": ring}
        world.azure.put_scale_set(made)
    for _ in range(3):
        world.scan()
    assert world.news() != []
    assert world.scan().record.status == "complete"
    assert world.news() == []
    return world


def raise_batch(world: FakeWorld, percent: int, scale_set: tuple[str, str] = TEST) -> None:
    """Change what environments are compared in."""
    policy = world.azure.scale_set(scale_set_id(*scale_set))["properties"]["upgradePolicy"]
    policy["rollingUpgradePolicy"]["maxBatchInstancePercent"] = percent


def of_fleet(world: FakeWorld) -> list[tuple[str, str, str]]:
    """Answer the news of rules that compare scale sets."""
    return [event for event in world.news() if event[2].startswith("VMSS-07")]


def test_a_difference_is_told_one_scan_after_it_was_seen() -> None:
    """The scan that sees the change compares with what the scan before left; the end of the difference likewise."""
    world = application()
    for percent, event in ((10, DIFFERS), (20, AGREES)):
        raise_batch(world, percent)
        world.scan()
        assert of_fleet(world) == []
        world.scan()
        assert of_fleet(world) == [event]
        world.scan()
        assert of_fleet(world) == []


@pytest.mark.parametrize("shard_size", [1, 100], ids=["shards", "whole"])
def test_a_scan_that_is_repeated_compares_with_the_same_again(shard_size: int) -> None:
    """Also when it had written the groups: its repetition tells nothing that the next scan would."""
    world = application()
    world.request = {"shard_size": shard_size}
    raise_batch(world, 10)
    world.scan()
    assert world.scan_again().record.events_committed == 0
    assert world.scan_again().record.events_committed == 0
    world.news()
    world.scan()
    assert of_fleet(world) == [DIFFERS]


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "null", "5", '"x"', "[[", "[5]"])
@pytest.mark.parametrize("bucket", [None, *range(BUCKETS)])
def test_a_record_that_is_damaged_or_gone_ends_no_finding(tmp_path: Path, bucket: int | None, text: str | None) -> None:
    """It is not known what it held: findings stay; it is told, and written anew by the same scan."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = application(store)
        raise_batch(world, 10)
        world.scan()
        world.scan()
        assert DIFFERS in world.news()
        letter = json.loads(store.get_record(RECORD) or "")[1]
        name = RECORD if bucket is None else f"{RECORD}.{letter}.{bucket}"
        is_whole = text == store.get_record(name) or (text is None and bucket is None)  # a fleet that has no groups yet
        if text is None:
            assert drop(store, "record", name, world.clock)
        else:
            store.put_records({name: text})
        assert [each.key for each in find_damage(store)] == ([] if is_whole else [f"record:{name}"])
        result = world.scan()
        assert (result.failure, result.record.status) == (None, "complete" if is_whole else "partial")
        assert (name in result.record.error) is not is_whole
        assert world.scan().record.status == "complete"
        world.scan()
        assert world.news() == []
        raise_batch(world, 20)
        world.scan()
        world.scan()
        assert of_fleet(world) == [AGREES]


def test_a_scale_set_that_cannot_be_read_is_not_gone() -> None:
    """The others are compared with what was known of it, until it can be read, or was dropped and is discovered anew."""
    store = MemoryStore()
    world = application(store)
    raise_batch(world, 10)
    world.scan()
    world.scan()
    assert of_fleet(world) == [DIFFERS]
    key = (OTHER, scale_set_id(*TEST).lower())
    store._rows[key] = replace(store._rows[key], body="{", glance="", tally="")
    raise_batch(world, 60, PRODUCTION)
    for _ in range(3):
        assert world.scan().record.status == "partial"
    assert of_fleet(world) == []
    drop(store, "state", key[1], world.clock)
    for _ in range(3):
        assert world.scan().record.status == "complete"
    assert [event for event in of_fleet(world) if event[1] == "web"] == []
    raise_batch(world, 20)
    raise_batch(world, 20, PRODUCTION)
    for _ in range(2):
        world.scan()
    assert of_fleet(world) == [AGREES]
