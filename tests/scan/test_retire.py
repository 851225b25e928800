"""Subscriptions that are gone for good: told for as long as they are remembered, until an operator retires them."""

from datetime import timedelta

import pytest

from scanner.errors import LeaseHeldError
from scanner.ports.event import Table
from scanner.scan.retire import retire
from scanner.scan.shard import TOMBSTONES_KEPT
from scanner.state.coverage import RECORD, read_coverage
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

STAGING = scale_set_id("staging", OTHER).lower()
RETIRED = [("scale_set.retired", "staging", ""), ("finding.withdrawn", "staging", "VMSS-001")]


@pytest.fixture
def lost(fleet: FakeWorld) -> FakeWorld:
    """Cancel one of the two subscriptions."""
    del fleet.azure.subscriptions[OTHER]
    assert fleet.scan().record.subscriptions_not_read == (OTHER,)
    return fleet


def test_told_for_as_long_as_it_is_remembered(lost: FakeWorld) -> None:
    """Also after a year; and its findings stay open."""
    record = lost.scan(after=timedelta(days=400)).record
    assert (record.status, record.subscriptions_not_read, record.open_findings) == ("partial", (OTHER,), {"high": 2})


def test_told_also_when_the_settings_do_not_name_it_any_more(lost: FakeWorld) -> None:
    """Its findings are in every snapshot, so every scan says that they are old, until an operator retires it."""
    lost.request = {"scope": (SUBSCRIPTION,)}
    record = lost.scan(after=timedelta(days=40)).record
    assert (record.status, record.subscriptions_not_read, record.open_findings) == ("partial", (OTHER,), {"high": 2})
    retire(lost.store, OTHER, lost.clock, "test")
    assert lost.scan().record.status == "complete"


def test_a_command_that_looks_at_one_subscription_misses_no_other(lost: FakeWorld) -> None:
    """It asked for a part, once; the state of the others stays as it is."""
    lost.request = {"scope": (SUBSCRIPTION,), "is_part": True}
    record = lost.scan().record
    assert (record.status, record.subscriptions_not_read, record.open_findings) == ("complete", (), {"high": 1})
    assert OTHER in lost.store_view().subscriptions()


def test_retired_by_a_command(lost: FakeWorld) -> None:
    """Findings are withdrawn with that reason, its rows leave, and scans are complete again."""
    assert retire(lost.store, OTHER.upper(), lost.clock, "test") == 1
    record = lost.scan().record
    assert lost.news() == RETIRED
    assert "its subscription was retired" in str(lost.received.rows[Table.EVENTS][-1]["Summary"])
    assert (record.status, record.open_findings) == ("complete", {"high": 1})
    assert set(lost.store_view().current) == {scale_set_id("web").lower()}
    assert OTHER not in read_coverage(lost.store.get_record(RECORD)).read_at
    assert retire(lost.store, OTHER, lost.clock, "test") == 0


def test_retired_by_the_policy(lost: FakeWorld) -> None:
    """The deployed service does the same in its next scan."""
    lost.request = {"retired": frozenset({OTHER})}
    record = lost.scan().record
    assert lost.news() == RETIRED
    assert (record.status, record.subscriptions_not_read) == ("complete", ())
    lost.scan()
    assert lost.news() == []


def test_a_subscription_that_can_be_read_is_not_retired(fleet: FakeWorld) -> None:
    """Whatever the policy says: there is something to watch."""
    fleet.request = {"retired": frozenset({OTHER})}
    assert fleet.scan().record.status == "complete"
    assert fleet.news() == []


def test_one_that_is_back_is_discovered_anew(lost: FakeWorld) -> None:
    """With new ids, at once, and without asking Compute."""
    retire(lost.store, OTHER, lost.clock, "test")
    lost.scan()
    lost.news()
    lost.azure.put_subscription(OTHER, "back")
    lost.azure.faults.compute_is_silent = True
    lost.scan()
    assert lost.news() == [("scale_set.discovered", "staging", ""), ("finding.opened", "staging", "VMSS-001")]
    rows = lost.received.rows[Table.EVENTS]
    assert len({row["EventId"] for row in rows}) == len(rows)
    assert len({row["Generation"] for row in rows if row["ScaleSetName"] == "staging"}) == 2


def test_not_while_a_scan_runs(lost: FakeWorld) -> None:
    """The scan knows the states that would be retired."""
    lost.store.acquire_lease("scan", lost.clock, lost.next_request().lease)
    with pytest.raises(LeaseHeldError):
        retire(lost.store, OTHER, lost.clock, "test")


def test_a_subscription_that_is_listed_while_nothing_in_it_can_be_read(fleet: FakeWorld) -> None:
    """Azure does not say that its scale sets are gone, so they were not read."""
    fleet.azure.faults.hidden = {STAGING}
    fleet.azure.faults.compute_is_silent = True
    fleet.scan()
    for _ in range(2):
        record = fleet.scan().record
        assert (record.status, record.subscriptions_not_read) == ("partial", (OTHER,))


def test_a_tombstone_keeps_little_and_ends(fleet: FakeWorld) -> None:
    """It holds what the next event of its id needs; after a while the scale set is forgotten, and would be new."""
    whole = len(fleet.store_view().known[STAGING].body)
    fleet.azure.delete_scale_set(STAGING)
    fleet.scan()
    fleet.scan()
    assert fleet.news()[0] == ("scale_set.removed", "staging", "")
    assert len(fleet.store_view().known[STAGING].body) < whole / 2
    fleet.scan(after=TOMBSTONES_KEPT)
    assert STAGING in fleet.store_view().known
    fleet.scan()
    assert STAGING not in fleet.store_view().known
    fleet.azure.put_scale_set(document("staging", OTHER))
    fleet.scan()
    assert fleet.news() == [("scale_set.discovered", "staging", "")]
    rows = [row for row in fleet.received.rows[Table.EVENTS] if row["ScaleSetName"] == "staging"]
    assert len({row["EventId"] for row in rows}) == len(rows)
    assert SUBSCRIPTION in fleet.store_view().subscriptions()
