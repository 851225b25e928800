"""Ways in which the promises were once broken, each told as the timeline that broke it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from emulator.endpoint.faults import FaultKind
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import LeaseLostError, ReadFailedError, StateConflictError
from scanner.ports.fleet import Coverage
from scanner.ports.store import OutboxEntry
from scanner.state.coverage import RECORD, read_coverage
from tests.scale_sets import OS_UPGRADE, OTHER, SUBSCRIPTION, document, scale_set_id
from tests.world import SNAPSHOT, START, World

GROUP = "rg-shop"


def last_read(world: World) -> dict[str, str]:
    """Write a snapshot; answer when each scale set was last read, to the hour."""
    world.snapshot()
    newest = max(row["SnapshotAt"] for row in world.control.rows(SNAPSHOT))
    rows = [row for row in world.control.rows(SNAPSHOT) if row["SnapshotAt"] == newest]
    return {row["ScaleSetName"]: row["LastReadAt"][11:13] for row in rows}


def test_a_scan_that_stopped_half_way_does_not_say_that_it_read_the_rest(world: World) -> None:
    """The snapshot says of each scale set when it was really read last."""
    world.add("web")
    world.scan()
    assert last_read(world) == {"web": "07"}
    world.control.add_fault("graph", FaultKind.STATUS, status=400, contains="virtualmachinescalesets", count=None)
    for _ in range(3):
        with pytest.raises(ReadFailedError):
            world.scan()
    assert last_read(world) == {"web": "07"}
    assert world.last_scan()["SubscriptionsRead"] == 0


def test_an_unreadable_row_does_not_make_the_others_read(world: World) -> None:
    """While a row cannot be read, nothing is concluded of a scale set that is not there."""
    world.add("orders", "web")
    world.scan()
    world.control.add_fault("graph", FaultKind.MALFORMED, contains="virtualmachinescalesets", count=None)
    world.scan()
    assert last_read(world) == {"orders": "07", "web": "07"}


def test_a_gap_in_the_list_of_subscriptions_does_not_free_a_managed_scale_set(world: World) -> None:
    """What a resource group's owner owns stays owned while the list of groups leaves its subscription out."""
    world.control.put_group(SUBSCRIPTION, GROUP, managed_by="/subscriptions/x/cluster")
    world.add("pool")
    world.edit("pool", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.scan()
    world.news()
    assert world.last_scan()["Headlines"] == {"managed": 1}
    world.control.add_fault("graph", FaultKind.VANISH, ids=(SUBSCRIPTION,), contains="resourcecontainers", count=None)
    record = world.scan()
    assert (record.status, record.headlines) == ("partial", {"managed": 1})
    world.control.clear_faults()
    assert world.scan().status == "complete"
    assert world.news() == []


def test_tags_that_cannot_be_read_do_not_end_an_exemption(world: World) -> None:
    """An exemption from a tag holds until its end while the tag is out of sight."""
    world.add("web")
    world.edit("web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    tag = "rules=VMSS-001; until=2026-11-20; reason=r; owner=o"
    world.control.edit_tags(scale_set_id("web"), {"upgrade-posture-exempt": tag})
    world.scan()
    world.news()
    tags = document("web")["tags"] | {"upgrade-posture-exempt": tag}
    world.edit("web", {"tags": "?"})
    world.scan()
    assert world.news() == []
    world.clock += timedelta(days=20)
    world.scan()
    assert ("finding.opened", "web", "VMSS-001") in world.news()
    world.edit("web", {"tags": tags})
    world.scan()
    assert ("finding.exempted", "web", "VMSS-001") not in world.news()


def test_unconfirmed_deletions_do_not_starve_the_others(world: World) -> None:
    """However many scale sets Azure does not confirm as gone, the ones that are gone get their turn."""
    world.add("gone")
    world.control.create_fleet(seed=1, subscriptions=1, scale_sets=130, instances=0)
    world.scan()
    keys = [row.row.key for row in world.store.load() if not row.row.key.endswith("/gone")]
    world.control.set_limits(graph_queries=0)
    world.control.add_fault("graph", FaultKind.HIDE, ids=tuple(keys), count=None)
    world.control.delete_scale_set(scale_set_id("gone"))
    world.news()
    for _ in range(12):
        world.scan()
        if news := world.news():
            assert news == [("scale_set.removed", "gone", "")]
            return
    pytest.fail("the scale set that is gone was never asked about")


def test_one_damaged_outbox_entry_does_not_hold_up_the_others(world: World) -> None:
    """It stays where it is, the scan's record tells of it, and every other event is sent."""

    class Damaged(MemoryStore):
        def unsent(self) -> Iterator[OutboxEntry]:
            yield OutboxEntry(entry_id="x", events=(), damage="The outbox entry x cannot be read.")
            yield from super().unsent()

    world.store = Damaged()
    world.add("web")
    record = world.scan()
    assert record.status == "complete"
    assert "entry x cannot be read" in record.error
    assert world.news() == [("scale_set.discovered", "web", "")]


def test_a_scan_that_lost_its_lease_leaves_the_winners_records(world: World) -> None:
    """The coverage and the last scan are those of the scan that took over."""
    world.add("web")
    world.scan()
    world.edit("web", {"properties.upgradePolicy.mode": "Manual"})
    rival, inner = World(world.azure, world.store), world.fleet
    rival.clock = world.clock + timedelta(hours=5)

    class Slow:
        def coverage(self) -> Coverage:
            return inner.coverage()

        def changes(self, *asked: object, **more: object) -> object:
            return inner.changes(*asked, **more)  # type: ignore[arg-type]

        def pages(self) -> Iterator[Sequence[object]]:
            world.store.release_lease("slow")
            rival.scan("quick")
            yield from inner.pages()

    world.fleet = Slow()  # type: ignore[assignment]  # a fleet in all but the type of its rows
    with pytest.raises((StateConflictError, LeaseLostError)):
        world.scan("slow")
    world.fleet = inner
    record = read_coverage(world.store.get_record(RECORD))
    assert record.read_at[SUBSCRIPTION].startswith((START + timedelta(hours=7)).isoformat()[:13])


def test_a_re_created_scale_set_starts_without_its_predecessors_findings(world: World) -> None:
    """What was open on the old resource is withdrawn; the new one is judged on its own facts."""
    world.add("web")
    world.edit("web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False, "properties.uniqueId": "a"})
    world.scan()
    world.news()
    world.control.change(scale_set_id("web"), {"properties.uniqueId": "b"}, remove=["properties.upgradePolicy"])
    world.scan()
    assert world.news() == [("scale_set.recreated", "web", ""), ("finding.withdrawn", "web", "VMSS-001")]


def test_a_clock_that_was_set_back_does_not_turn_revisions_round(world: World) -> None:
    """Events of one scale set are sent in the order of its revisions."""
    world.add("web")
    world.control.add_fault("ingestion", FaultKind.STATUS, status=503, count=None, retry_after=0)
    world.scan()
    world.edit("web", {"properties.upgradePolicy.mode": "Manual"})
    world.clock -= timedelta(hours=3)
    world.scan()
    world.control.clear_faults()
    world.clock += timedelta(hours=3)
    world.scan()
    assert world.news() == [("scale_set.discovered", "web", ""), ("posture.drifted", "web", "upgrade_mode")]


def test_answers_that_are_true_but_old_make_no_event(world: World) -> None:
    """Every query may be answered as of an earlier moment: nothing is better, back, free or worse again by that."""
    world.control.put_group(SUBSCRIPTION, GROUP)
    world.add("web", "gone")
    world.scan()
    world.control.keep_index()
    batch = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
    world.edit("web", {batch: 100})
    world.control.delete_scale_set(scale_set_id("gone"))
    world.control.put_group(SUBSCRIPTION, GROUP, managed_by="/subscriptions/x/cluster")
    for _ in range(2):
        world.scan()
    world.news()
    for contains in ("virtualmachinescalesets", "resourcecontainers", ""):
        world.control.add_fault("graph", FaultKind.STALE, contains=contains, count=2 if not contains else 1)
        world.scan()
        world.scan()
    assert world.news() == []
    assert world.last_scan()["Status"] == "complete"


def test_a_subscription_that_is_not_read_is_told_for_as_long_as_it_is_remembered(world: World) -> None:
    """After a year too: silence would look like a complete scan. Its scale sets stay as last known."""
    world.add("web")
    world.add("staging", subscription=OTHER)
    world.scan()
    world.control.delete_subscription(OTHER)
    for days in (0, 29, 400):
        world.clock += timedelta(days=days)
        record = world.scan()
        assert (record.status, record.subscriptions_not_read) == ("partial", (OTHER,))
    assert [event for event in world.news() if event[0] == "scale_set.removed"] == []
