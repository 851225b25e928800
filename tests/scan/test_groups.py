"""What is compared between scale sets: told one scan after the later of them, and by what was read of all of them."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.errors import RecordTooLargeError
from scanner.facts.evidence import JsonValue
from scanner.facts.groups import APPLICATION
from scanner.ports.event import Event
from scanner.ports.store import OutboxEntry
from scanner.scan.damage import drop, find_damage
from scanner.scan.group_buckets import PREFIX, SCALE_SETS, bucket_of, count_for, is_digest
from scanner.scan.group_head import RECORD, Head, read_head
from scanner.scan.groups import TOO_MANY
from scanner.scan.leave_groups import WRITTEN, leave_groups
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


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "null", "5", '"x"', "[[", "[5]", "[1, 5, [], null, true]"])
@pytest.mark.parametrize("is_head", [True, False], ids=["the record that names them", "those of the application"])
def test_a_record_that_is_damaged_or_gone_ends_no_finding(tmp_path: Path, text: str | None, *, is_head: bool) -> None:
    """It is not known what it held: findings stay; the scan that needs it tells, and writes it anew."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = application(store)
        raise_batch(world, 10)
        world.scan()
        world.scan()
        assert DIFFERS in world.news()
        name = RECORD if is_head else bucket_of_the_application(store)
        is_none = is_head and text in (
            None,
            "[1, 5, [], null, true]",
        )  # a fleet without groups, or those of another release
        store.put_records({name: text})
        assert [each.key for each in find_damage(store)] == ([] if is_none else [f"record:{name}"])
        world.request = {"is_full": True}
        result = world.scan()
        assert (result.failure, result.record.status) == (None, "complete" if is_none else "partial")
        assert (name in result.record.error) is not is_none
        assert list(find_damage(store)) == []
        world.request = {}
        assert world.scan().record.status == "complete"
        world.scan()
        assert world.news() == []
        raise_batch(world, 20)
        world.scan()
        world.scan()
        assert of_fleet(world) == [AGREES]


def bucket_of_the_application(store: MemoryStore | SqliteStore) -> str:
    """Name the record that holds the groups of the application."""
    head = read_head(store)
    assert isinstance(head, Head)
    return PREFIX + head.digests[bucket_of((APPLICATION, "shop"), len(head.digests))]


def test_one_bucket_damaged_at_rest_is_no_news() -> None:
    """A scan that needs no group reads none, so it tells nothing; the one that reads all tells, whatever it was."""
    store = MemoryStore()
    world = application(store)
    store.put_records({bucket_of_the_application(store): "5"})
    assert world.scan().record.status == "complete"
    raise_batch(world, 10)
    assert world.scan().record.status == "partial"
    for _ in range(3):
        assert world.scan().record.status == "complete"
    assert of_fleet(world) == [DIFFERS]


def test_what_a_damaged_bucket_hid_is_told_by_the_next_scan() -> None:
    """The scan that finds it judges without it; what it judged is judged again as soon as the bucket is written anew."""
    store = MemoryStore()
    world = application(store)
    raise_batch(world, 10)
    world.scan()
    store.put_records({bucket_of_the_application(store): "5"})
    assert world.scan().record.status == "partial"
    assert of_fleet(world) == []
    assert world.scan().record.status == "complete"
    assert of_fleet(world) == [DIFFERS]


class Small(MemoryStore):
    """A store in which no record of an application with a difference fits."""

    room = 10**9

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        if any(is_digest(name.removeprefix(PREFIX)) and len(text or "") > self.room for name, text in records.items()):
            raise RecordTooLargeError("Told to be too small.")
        return super().put_records(records, events, holder=holder)


def test_groups_that_do_not_fit_into_the_store_are_told_and_end_no_finding() -> None:
    """Every other record of the scan is left as ever; a release, or a store, in which they fit compares again."""
    store = Small()
    world = application(store)
    raise_batch(world, 10)
    world.scan()
    world.scan()
    assert of_fleet(world) == [DIFFERS]
    store.room = 100
    raise_batch(world, 30)
    assert world.scan().record.status == "complete"
    result = world.scan()
    assert (result.failure, result.record.status, result.record.error) == (None, "complete", TOO_MANY)
    assert world.scan().record.error == ""  # nothing was judged, so nothing was to be compared
    assert of_fleet(world) == []
    store.room = 10**9
    raise_batch(world, 20)
    for _ in range(3):
        world.scan()
    assert of_fleet(world) == [AGREES]


@pytest.mark.parametrize("shard_size", [1, 100], ids=["shards", "whole"])
def test_buckets_that_nobody_names_are_dropped(shard_size: int) -> None:
    """Also those of a scan that died after it had written them: what is in the store is what two scans name."""
    store = MemoryStore()
    world = application(store)
    world.request = {"shard_size": shard_size}
    for percent in (10, 11, 12, 13):
        raise_batch(world, percent)
        world.scan()
        head = read_head(store)
        assert isinstance(head, Head)
        names = {name.removeprefix(PREFIX) for name in store._records if is_digest(name.removeprefix(PREFIX))}
        assert names == head.named
        store.put_records({PREFIX + "0" * 32: "[]", WRITTEN: json.dumps(["0" * 32, *head.named])})


@pytest.mark.parametrize("before", [8, 64, 1024])
@pytest.mark.parametrize("scale_sets", [0, 1, 9_000, 16_000, 17_000, 100_000, 1_000_000])
def test_the_number_of_buckets_follows_the_fleet_and_does_not_swing(scale_sets: int, before: int) -> None:
    """A fleet that grows and shrinks by a half keeps its buckets: others would compare everything anew."""
    count = count_for(scale_sets, before)
    assert scale_sets / count <= 2 * SCALE_SETS
    assert count <= 8 or scale_sets / count >= SCALE_SETS / 8
    for later in (scale_sets, scale_sets // 2 + scale_sets // 8, scale_sets * 3 // 2):
        if count != before:
            assert count_for(later, count) == count


def test_a_fleet_whose_cards_are_read_in_parts_leaves_the_same_groups() -> None:
    """However many scale sets are held at once."""
    store = MemoryStore()
    application(store)
    store.acquire_lease("again", datetime(2026, 12, 1, tzinfo=UTC), timedelta(hours=1))
    heads = [leave_groups(store, "again", 2, lambda: None, is_large=True, at_once=each) for each in (100_000, 1)]
    assert heads[0] == heads[1]
    assert len(set(json.loads(heads[0][RECORD])[2])) > 1  # what has no scale set is all alike


@pytest.mark.parametrize("card", [5, {}, {"labels": [], "cluster": ""}], ids=str)
def test_a_card_that_is_damaged_in_its_header_is_taken_from_the_state(card: JsonValue) -> None:
    """So groups go on: a difference that comes later is told."""
    store = MemoryStore()
    world = application(store)
    key = (SUBSCRIPTION, scale_set_id(*PRODUCTION).lower())
    row = store._rows[key]
    store._rows[key] = replace(row, tally=json.dumps(json.loads(row.tally) | {"c": card}))
    raise_batch(world, 10)
    world.scan()
    world.scan()
    assert of_fleet(world) == [DIFFERS]


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
