"""The seven promises of the service, each a test with its name, on the emulator through the real Azure clients."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from emulator.endpoint.faults import FaultKind
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import LeaseHeldError, LeaseLostError, ReadFailedError, StateConflictError, StoreError
from scanner.ports.store import OutboxEntry
from tests.scale_sets import IMAGE, OS_UPGRADE, OTHER, scale_set_id
from tests.world import EVENTS, SCANS, World

MODE = "properties.upgradePolicy.mode"
BATCH = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"


def test_promise_1_same_in_same_out(world: World) -> None:
    """Scanning the same fleet again makes no event and writes no state; events come in the same order every time."""
    world.add("web", "orders", "billing")
    world.edit("orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False, BATCH: 100})
    world.scan()
    first = world.news()
    states = {row.row.key: row.row.revision for row in world.store.load()}
    world.scan()
    assert world.news() == []
    assert {row.row.key: row.row.revision for row in world.store.load()} == states
    assert first == [
        ("scale_set.discovered", "billing", ""),
        ("scale_set.discovered", "orders", ""),
        ("finding.opened", "orders", "VMSS-001"),
        ("finding.opened", "orders", "VMSS-020"),
        ("finding.opened", "orders", "VMSS-021"),
        ("scale_set.discovered", "web", ""),
    ]


class TestPromise2NotSeeingIsNotAChange:
    """What was not read stays as it was last known, and the scan says what it did not see."""

    def test_a_subscription_out_of_reach(self, world: World) -> None:
        """A subscription that silently drops out of the answer makes no event, and the scan is partial."""
        world.add("web")
        world.add("staging", subscription=OTHER)
        world.scan()
        world.news()
        world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
        for _ in range(3):
            record = world.scan()
            assert (record.status, record.subscriptions_not_read) == ("partial", (OTHER,))
            assert record.scale_sets_not_seen == 1
        world.control.clear_faults()
        assert world.scan().status == "complete"
        assert world.news() == []

    def test_a_page_that_fails(self, world: World) -> None:
        """A scan whose second page fails keeps what it read, concludes nothing about the rest, and fails."""
        world.control.create_fleet(seed=1, subscriptions=1, scale_sets=1100, instances=0, troubled=0)
        world.scan()
        world.news()
        keys = sorted(row.row.key for row in world.store.load())
        first, last = ("drifts-on-the-first-page", "drifts-on-the-second-page")
        for key, name in ((keys[0], first), (keys[-1], last)):
            world.control.edit_tags(key, {"owner": name})
        world.control.change(keys[0], {BATCH: 77})
        world.control.change(keys[-1], {BATCH: 77})
        world.control.add_fault(
            "graph", FaultKind.STATUS, status=400, contains="managedBy, identity", skip=1, count=None
        )
        with pytest.raises(ReadFailedError):
            world.scan()
        assert {row["Owner"] for row in world.new_rows() if row["Field"] == "max_batch_instance_percent"} == {first}
        assert world.last_scan()["Status"] == "partial"
        world.control.clear_faults()
        world.scan()
        assert {row["Owner"] for row in world.new_rows() if row["Field"] == "max_batch_instance_percent"} == {last}

    def test_an_index_that_lost_a_scale_set(self, world: World) -> None:
        """A scale set that Resource Graph leaves out for days, and Azure still has, is never removed."""
        world.add("web", "orders")
        world.scan()
        world.news()
        world.control.add_fault("graph", FaultKind.HIDE, ids=(scale_set_id("web"),), count=None)
        for _ in range(4):
            assert world.scan().scale_sets_not_seen == 1
        world.control.clear_faults()
        world.scan()
        assert world.news() == []

    def test_removed_needs_two_scans_and_azures_own_404(self, world: World) -> None:
        """The first scan without it proves nothing; the second one asks Azure; then it is removed, once."""
        world.add("web", "orders")
        world.edit("web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
        world.scan()
        world.news()
        world.control.delete_scale_set(scale_set_id("web"))
        world.scan()
        assert world.news() == []
        world.scan()
        assert world.news() == [("scale_set.removed", "web", ""), ("finding.withdrawn", "web", "VMSS-001")]
        world.scan()
        assert world.news() == []

    @pytest.mark.parametrize(
        ("status", "code"), [(403, "AuthorizationFailed"), (404, "SubscriptionNotFound"), (500, "")]
    )
    def test_another_answer_is_no_proof(self, world: World, status: int, code: str) -> None:
        """Only ResourceNotFound and ResourceGroupNotFound say that a scale set is gone."""
        world.add("web", "orders")
        world.scan()
        world.news()
        world.control.delete_scale_set(scale_set_id("web"))
        world.control.add_fault("arm", FaultKind.STATUS, status=status, code=code, count=None, retry_after=0)
        for _ in range(3):
            world.scan()
        assert world.news() == []

    def test_a_row_that_cannot_be_read(self, world: World) -> None:
        """A row without an id is reported, alone; as it may be any scale set, none is missed in that scan."""
        world.add("orders", "web")
        world.scan()
        world.news()
        world.control.add_fault("graph", FaultKind.MALFORMED, contains="managedBy, identity", count=None)
        for _ in range(3):
            record = world.scan()
            assert (record.status, record.rows_unreadable, record.scale_sets_read) == ("partial", 1, 1)
        world.control.clear_faults()
        world.scan()
        assert world.news() == []

    def test_a_truncated_answer(self, world: World) -> None:
        """An answer that Azure cut short is incomplete: the scan fails and concludes nothing."""
        world.add("web", "orders")
        world.scan()
        world.news()
        world.control.add_fault("graph", FaultKind.TRUNCATE, contains="managedBy, identity", count=None)
        with pytest.raises(ReadFailedError, match="truncated"):
            world.scan()
        assert world.news() == []
        assert world.last_scan()["Status"] == "failed"

    def test_ids_in_another_case(self, world: World) -> None:
        """Resource ids change their case between calls; that is the same scale set."""
        world.add("web")
        world.scan()
        world.news()
        world.control.add_fault("graph", FaultKind.CHANGE_CASE, count=None)
        assert world.scan().status == "complete"
        assert world.news() == []

    def test_a_block_that_was_not_reported(self, world: World) -> None:
        """A finding stays open, and no fact drifts, while Azure leaves out the block they rest on."""
        world.add("web")
        world.edit("web", {f"{IMAGE}.version": "22.04.202610200"})
        world.scan()
        assert ("finding.opened", "web", "VMSS-030") in world.news()
        profile = "properties.virtualMachineProfile"
        whole = (world.control.scale_set(scale_set_id("web")) or {})["properties"]["virtualMachineProfile"]
        world.control.change(scale_set_id("web"), remove=[profile])
        world.scan()
        world.edit("web", {profile: whole})
        world.scan()
        assert world.news() == []


class TestPromise3NothingLost:
    """State and events are committed together; what was not accepted is sent later."""

    def test_an_outage_of_log_analytics(self, world: World) -> None:
        """Events of scans during an outage arrive with the first scan after it, in order, once."""
        world.add("web")
        world.scan()
        world.news()
        world.control.add_fault("ingestion", FaultKind.STATUS, status=503, count=None, retry_after=0)
        world.edit("web", {MODE: "Manual"})
        assert world.scan().events_refused == 1
        world.edit("web", {BATCH: 100})
        assert world.scan().events_refused == 5
        world.control.clear_faults()
        world.scan()
        assert world.news() == [
            ("posture.drifted", "web", "upgrade_mode"),
            ("posture.drifted", "web", "max_batch_instance_percent"),
            ("finding.opened", "web", "VMSS-020"),
            ("finding.opened", "web", "VMSS-021"),
        ]
        assert len(world.control.rows(SCANS)) == 4

    def test_an_answer_that_was_lost(self, world: World) -> None:
        """Rows whose 204 was lost are sent again, under the same ids."""
        world.add("web")
        world.control.add_fault("ingestion", FaultKind.DROP_AFTER, count=1)
        world.scan()
        world.scan()
        rows = world.control.rows(EVENTS)
        assert {row["EventId"] for row in rows}
        assert len({row["EventId"] for row in rows}) == 1

    def test_an_accepted_event_can_be_replayed_for_a_week(self, world: World) -> None:
        """Log Analytics may drop what it accepted: a replay sends it again, under the same id; after a week it is gone."""
        world.add("web")
        world.scan()
        before = world.new_rows()
        assert world.store.replay(world.clock - timedelta(days=1)) >= 1
        world.scan()
        again = world.new_rows()
        assert [row["EventId"] for row in again] == [row["EventId"] for row in before]
        assert [row["DetectedAt"] for row in again] == [row["DetectedAt"] for row in before]
        world.clock += timedelta(days=9)
        world.scan()
        world.scan()
        assert world.store.replay(world.clock - timedelta(days=30)) <= 2  # only the last two scans' own ends

    def test_a_scan_whose_state_fails_says_so(self, world: World) -> None:
        """Without its state a scan cannot begin, and has no outbox: its end is sent directly."""

        class Unreachable(MemoryStore):
            def acquire_lease(self, *_: object) -> None:
                raise StoreError("the table cannot be reached")

            def put_records(self, *_: object, **__: object) -> Sequence[OutboxEntry]:
                raise StoreError("the table cannot be reached")

        world.store = Unreachable()
        with pytest.raises(StoreError):
            world.scan()
        assert (world.last_scan()["Status"], world.last_scan()["Error"]) == ("failed", "the table cannot be reached")

    def test_a_failed_scan_says_so(self, world: World) -> None:
        """A scan that cannot read the fleet fails, and its end arrives all the same, with the reason."""
        world.control.add_fault("graph", FaultKind.STATUS, status=500, count=None, retry_after=0)
        with pytest.raises(ReadFailedError):
            world.scan()
        assert world.last_scan()["Status"] == "failed"
        assert "Resource Graph was not read" in world.last_scan()["Error"]


def test_promise_4_nothing_invented(world: World) -> None:
    """A transition that loses the race for its state leaves no event behind."""
    world.add("web")
    world.scan()
    world.news()
    world.edit("web", {MODE: "Manual"})
    rival = World(world.azure, world.store)
    rival.clock = world.clock
    inner = world.fleet

    class Interrupted:
        """A fleet that lets a rival scan commit first, as after a lost lease."""

        def coverage(self) -> object:
            return inner.coverage()

        def changes(self, *asked: object, **more: object) -> object:
            return inner.changes(*asked, **more)  # type: ignore[arg-type]

        def pages(self) -> object:
            for page in inner.pages():
                world.store.release_lease("slow")
                rival.scan("quick")
                yield page

    world.fleet = Interrupted()  # type: ignore[assignment]
    with pytest.raises((StateConflictError, LeaseLostError)):
        world.scan("slow")
    world.fleet = inner
    assert world.news().count(("posture.drifted", "web", "upgrade_mode")) == 1
    ids = [row["EventId"] for row in world.control.rows(EVENTS)]
    assert len(ids) == len(set(ids))


def test_promise_5_repeats_can_be_dropped(world: World) -> None:
    """An id names the transition: the same for a repeat, another for each transition, and revisions never start again."""
    world.add("web")
    world.scan()
    for _ in range(2):
        world.edit("web", {MODE: "Manual"})
        world.scan()
        world.edit("web", {MODE: "Rolling"})
        world.scan()
    world.control.delete_scale_set(scale_set_id("web"))
    world.scan()
    world.scan()
    world.add("web")
    world.scan()
    rows = world.control.rows(EVENTS)
    assert [(row["EventType"], row["Revision"]) for row in rows] == [
        ("scale_set.discovered", 1),
        ("posture.drifted", 2),
        ("posture.drifted", 3),
        ("posture.drifted", 4),
        ("posture.drifted", 5),
        ("scale_set.removed", 7),
        ("scale_set.recreated", 8),
    ]
    assert len({row["EventId"] for row in rows}) == len(rows)


def test_promise_6_two_scans_at_once_do_no_harm(world: World) -> None:
    """The second of two scans is kept out while the first runs, and the events come once."""
    world.add("web")
    held = world.control.add_fault("graph", FaultKind.STALL_BEFORE, contains="managedBy, identity")
    outcome: list[object] = []
    first = threading.Thread(target=lambda: outcome.append(world.scan("first")))
    first.start()
    world.control.wait_for("graph", contains="managedBy, identity")
    with pytest.raises(LeaseHeldError):
        World(world.azure, world.store).scan("second")
    world.control.release(held)
    first.join(60)
    assert len(outcome) == 1
    assert world.news() == [("scale_set.discovered", "web", "")]


class TestPromise7Bounded:
    """One request per thousand scale sets, and an end in time."""

    def test_pages_and_calls(self, world: World) -> None:
        """2,000 scale sets take a page more than 200 that are known, and not one call to Resource Manager."""
        asked = []
        for count in (200, 200, 2000):
            world.control.create_fleet(seed=1, subscriptions=2, scale_sets=count, instances=0)
            assert world.scan().scale_sets_read == count
            asked.append({name: world.last_scan()[name] for name in ("GraphQueries", "ArmCalls")})
        _, few, many = asked
        assert many["GraphQueries"] == few["GraphQueries"] + 1
        assert many["ArmCalls"] <= few["ArmCalls"]

    def test_a_scan_ends_with_what_it_has(self, world: World) -> None:
        """A scan that reaches its time limit keeps what it read, says so, and fails; the next one goes on."""
        world.add("web")
        world.time_limit = timedelta(seconds=-1)
        with pytest.raises(ReadFailedError, match="time limit"):
            world.scan()
        assert world.news() == [("scale_set.discovered", "web", "")]
        assert world.last_scan()["Status"] == "partial"
        world.time_limit = timedelta(hours=1)
        assert world.scan().status == "complete"
