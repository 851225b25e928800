"""Damage is local: what cannot be read is set aside and told, and can be dropped; everything else goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import LeaseHeldError, StateTooLargeError
from scanner.ports.event import Table
from scanner.ports.store import StateWrite
from scanner.scan.damage import drop, find_damage, parse_key
from scanner.scan.group_head import RECORD as GROUPS
from scanner.state.coverage import RECORD
from scanner.state.text import decode, encode
from tests.fakes.view import read_view
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, scale_set_id

WEB = scale_set_id("web").lower()
STAGING = scale_set_id("staging", OTHER).lower()


def damage_state(world: FakeWorld) -> None:
    """Spoil the state of one scale set."""
    store = world.store
    assert isinstance(store, MemoryStore)
    store._rows[SUBSCRIPTION, WEB] = replace(store._rows[SUBSCRIPTION, WEB], body='{"facts": [1]}')


def damage_record(world: FakeWorld) -> None:
    """Spoil the record of coverage."""
    world.store.put_records({RECORD: '{"read_at": {"a": 5}, "last_scan": 7}'})


def damage_groups(world: FakeWorld) -> None:
    """Spoil the record that names the groups of the fleet."""
    world.store.put_records({GROUPS: "[5]"})


def edit(world: FakeWorld, key: str) -> None:
    """Change a scale set for the worse."""
    policy = world.azure.scale_set(key)["properties"]["upgradePolicy"]
    policy["rollingUpgradePolicy"]["maxBatchInstancePercent"] = 100


@pytest.mark.parametrize(
    ("damage", "key"),
    [(damage_state, f"state:{WEB}"), (damage_record, f"record:{RECORD}"), (damage_groups, f"record:{GROUPS}")],
    ids=["state", "record", "groups"],
)
def test_the_rest_goes_on(fleet: FakeWorld, damage: Callable[[FakeWorld], None], key: str) -> None:
    """The scan is partial and names it; drift of other scale sets is told; the row about the scan arrives."""
    damage(fleet)
    assert [each.key for each in find_damage(fleet.store)] == [key]
    edit(fleet, STAGING)
    edit(fleet, WEB)
    result = fleet.scan()
    assert (result.failure, result.record.status) == (None, "partial")
    assert key.partition(":")[2] in result.record.error
    assert "state check" in result.record.error
    assert ("posture.drifted", "staging", "max_batch_instance_percent") in fleet.news()
    assert len(fleet.received.rows[Table.SCANS]) == 2


def test_a_damaged_state_that_stands_is_found_within_a_day(fleet: FakeWorld) -> None:
    """A scan that has no need of it does not read it; the first scan of a day reads all, and every one after that says so."""
    damage_state(fleet)
    assert fleet.scan().record.status == "complete"
    assert fleet.scan(after=timedelta(days=1)).record.status == "partial"
    assert fleet.scan().record.status == "partial"
    drop(fleet.store, "state", WEB, fleet.clock)
    assert fleet.scan().record.status == "complete"


@pytest.mark.parametrize("header", ["", "[1", "[0]", "{}", "[1,2,3]", '{"v":1}', "null"])
@pytest.mark.parametrize("part", ["glance", "tally"])
def test_a_damaged_header_is_made_anew(fleet: FakeWorld, part: str, header: str) -> None:
    """It is derived from the state: the numbers are the same, nothing is told, and the next judgement writes it again."""
    store = fleet.store
    assert isinstance(store, MemoryStore)
    whole = store._rows[SUBSCRIPTION, WEB]
    store._rows[SUBSCRIPTION, WEB] = replace(whole, **{part: header})  # type: ignore[arg-type]
    record = fleet.scan().record
    assert (record.status, record.open_findings, record.scale_sets_read) == ("complete", {"high": 2}, 2)
    fleet.scan(after=timedelta(days=1))
    assert fleet.news() == []
    row = store._rows[SUBSCRIPTION, WEB]
    assert getattr(row, part) == getattr(encode(decode(row), ""), part)


def test_a_damaged_record_is_written_anew(fleet: FakeWorld) -> None:
    """The next scan finds it as it should be."""
    damage_record(fleet)
    fleet.scan()
    assert list(find_damage(fleet.store)) == []
    assert fleet.scan().record.status == "complete"


def test_a_damaged_state_is_left_alone_until_it_is_dropped(fleet: FakeWorld) -> None:
    """Then the scale set is discovered anew, in a new generation: no id comes twice."""
    damage_state(fleet)
    edit(fleet, WEB)
    fleet.scan()
    fleet.scan()
    assert fleet.news() == []
    (damage,) = find_damage(fleet.store)
    assert parse_key(damage.key) == ("state", WEB)
    assert drop(fleet.store, "state", WEB, fleet.clock)
    assert not drop(fleet.store, "state", WEB, fleet.clock)
    fleet.scan()
    assert fleet.news()[:2] == [("scale_set.discovered", "web", ""), ("finding.opened", "web", "VMSS-001")]
    rows = fleet.received.rows[Table.EVENTS]
    assert len({row["EventId"] for row in rows}) == len(rows)


def test_nothing_is_dropped_while_a_scan_runs(fleet: FakeWorld) -> None:
    """The scan has read what would be dropped."""
    fleet.store.acquire_lease("scan", fleet.clock, fleet.next_request().lease)
    with pytest.raises(LeaseHeldError):
        drop(fleet.store, "state", WEB, fleet.clock)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (scale_set_id("web"), ("state", WEB)),
        ("state:a/state|b", ("state", "a/state|b")),
        ("entry:7", ("entry", "7")),
        ("record:coverage", ("record", "coverage")),
        ("entry:", None),
        ("web", None),
        ("", None),
    ],
)
def test_keys(key: str, expected: tuple[str, str] | None) -> None:
    """As the list shows them; a resource id is enough for a state."""
    assert parse_key(key) == expected


class SmallStore(MemoryStore):
    """A store in which the states of some scale sets do not fit."""

    too_large = frozenset[str]()

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        keys = self.too_large & {write.row.key for write in writes}
        if keys:
            raise StateTooLargeError(f"the state of {sorted(keys)} takes too much", keys=keys)
        return super().commit(writes)


def test_a_state_that_does_not_fit_holds_up_no_other(fleet: FakeWorld) -> None:
    """It stays as it was, and is told."""
    store = SmallStore()
    assert isinstance(fleet.store, MemoryStore)
    store._rows = fleet.store._rows
    store.too_large = frozenset({WEB})
    fleet.store = store
    edit(fleet, WEB)
    edit(fleet, STAGING)
    record = fleet.scan().record
    assert record.status == "partial"
    assert "do not fit" in record.error
    assert {name for _, name, _ in fleet.news()} == {"staging"}
    assert read_view(store).current[WEB].revision == 1
