"""What the instances run, scan by scan: counted in bulk, asked about where it is needed, and never made up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from scanner.ports.instances import Wanted
from scanner.scan.conclude import ScanResult
from scanner.state.kept_instances import read_kept, told_of
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEB = scale_set_id("web").lower()
OLD, NEW = "22.04.202608140", "22.04.202609100"
MODEL = "properties.virtualMachineProfile.osProfile.customData"


def _as_it_is(_web: dict[str, Any]) -> None:
    """Change nothing."""


def _manual(web: dict[str, Any]) -> None:
    web["properties"]["upgradePolicy"]["mode"] = "Manual"
    web["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False


class Fleet:
    """One Uniform scale set of ten instances, which Azure upgrades in batches."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.world.azure.put_scale_set(document("web"))
        self.instances = self.world.instances
        self.run({"count": 10, "exact_version": NEW})

    def run(self, *runs: dict[str, Any]) -> None:
        """Let the instances be these from now on."""
        self.instances.set_instances(WEB, *runs)

    def scan(self, after: timedelta = HOUR) -> ScanResult:
        return self.world.scan(after=after)

    def findings(self, after: timedelta = HOUR) -> set[tuple[str, str]]:
        """Scan, and name what happened to findings."""
        self.scan(after)
        return {(event, rule) for event, _, rule in self.world.news() if event.startswith("finding.")}

    def hours(self, count: int) -> set[tuple[str, str]]:
        """Scan every hour; name what happened to findings in all of them."""
        return {happened for _ in range(count) for happened in self.findings()}

    @property
    def told(self) -> dict[str, Any]:
        """Answer what the state tells of the instances."""
        view = self.world.store_view()
        state = view.current[WEB]
        return dict(told_of(read_kept(state.beside, view.coverage.read_at.get(SUBSCRIPTION))) or {})

    @property
    def open(self) -> set[str]:
        return set(self.world.store_view().current[WEB].open_findings)

    def asked(self) -> int:
        """Count the questions to Compute since the last time."""
        count = len(self.instances.asked)
        self.instances.asked.clear()
        return count


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was scanned once."""
    made = Fleet()
    made.scan()
    made.world.news()
    made.asked()
    return made


class TestBehindTheModel:
    """VMSS-010, from the model's change to the last instance."""

    @pytest.mark.parametrize("who", ["the census", "Compute"])
    def test_a_finding_opens_after_a_day_and_ends_with_the_last_instance(self, fleet: Fleet, who: str) -> None:
        """Before the grace time has passed there is none; the time counts from the scan that saw it first."""
        fleet.instances.faults.hides_columns = who == "Compute"
        fleet.run({"count": 7, "exact_version": NEW}, {"count": 3, "exact_version": NEW, "latest_model": False})
        fleet.world.azure.scale_set(WEB)["properties"]["virtualMachineProfile"]["osProfile"]["customData"] = "eA=="
        assert fleet.hours(24) == set()
        assert fleet.hours(2) == {("finding.opened", "VMSS-010")}
        assert fleet.told["behind_model"] == 3
        fleet.run({"count": 10, "exact_version": NEW})
        assert fleet.hours(4) == {("finding.resolved", "VMSS-010")}
        assert fleet.told["behind_model_since"] is None

    def test_a_second_wave_is_not_the_first(self, fleet: Fleet) -> None:
        """When all were on the model in between, the time begins anew."""
        behind = {"count": 3, "exact_version": NEW, "latest_model": False}
        fleet.run({"count": 7, "exact_version": NEW}, behind)
        assert fleet.hours(20) == set()
        fleet.run({"count": 10, "exact_version": NEW})
        assert fleet.hours(2) == set()
        fleet.run({"count": 7, "exact_version": NEW}, behind)
        assert fleet.hours(23) == set()

    def test_held_instances_are_not_behind(self, fleet: Fleet) -> None:
        """Protection makes no finding of VMSS-010, and one of VMSS-016 when it lasts."""
        held = {"count": 2, "exact_version": NEW, "latest_model": False, "protect_from_actions": True}
        fleet.run({"count": 8, "exact_version": NEW}, held)
        happened = {each for _ in range(20) for each in fleet.findings(DAY)}
        assert happened == set()
        assert fleet.findings(2 * DAY) == {("finding.opened", "VMSS-016")}

    def test_scaling_makes_no_event(self, fleet: Fleet) -> None:
        """New instances come with the newest version and on the model; machines of a surge come and go."""
        for number in (14, 9, 12, 30):
            fleet.run({"count": number, "exact_version": NEW})
            fleet.world.azure.scale_set(WEB)["sku"]["capacity"] = number
            fleet.scan()
        assert fleet.world.news() == []


class TestWhatWasNotRead:
    """Not seeing is no change: the last known value stays, with its age."""

    def test_a_census_that_fails_keeps_what_is_known(self, fleet: Fleet) -> None:
        """The counts stay, the moment at which they were read is told, and no event is made."""
        before = fleet.told
        fleet.instances.faults.uncounted = {SUBSCRIPTION}
        fleet.run({"count": 10, "exact_version": OLD, "latest_model": False})
        assert fleet.hours(30) == set()
        assert fleet.told["count"] == before["count"]
        assert fleet.told["counted_at"] == before["counted_at"]
        fleet.instances.faults.uncounted = set()
        fleet.scan()
        assert fleet.told["behind_model"] == 10
        assert fleet.told["counted_at"] > before["counted_at"]

    def test_an_open_finding_stays_open_while_nothing_is_read(self, fleet: Fleet) -> None:
        """Neither resolved nor opened again."""
        fleet.run({"count": 10, "exact_version": NEW, "latest_model": False})
        assert fleet.hours(26) == {("finding.opened", "VMSS-010")}
        fleet.instances.faults.uncounted = {SUBSCRIPTION}
        fleet.instances.faults.is_silent = True
        fleet.run({"count": 10, "exact_version": NEW})
        assert fleet.hours(30) == set()
        assert "VMSS-010" in fleet.open

    def test_no_rows_are_no_instances_only_at_capacity_0(self, fleet: Fleet) -> None:
        """With a capacity, a scale set without rows was not read, and its last known counts stay."""
        fleet.run()
        fleet.scan()
        assert fleet.told["count"] == 10
        fleet.world.azure.scale_set(WEB)["sku"]["capacity"] = 0
        fleet.scan()
        assert fleet.told["count"] == 0

    def test_another_resource_of_the_same_name_begins_anew(self, fleet: Fleet) -> None:
        """What was known of the instances of the scale set before is not known of this one."""
        fleet.run({"count": 10, "exact_version": NEW, "latest_model": False})
        fleet.scan()
        again = document("web")
        again["properties"]["uniqueId"] = "another"
        fleet.world.azure.put_scale_set(again)
        fleet.scan()
        again["properties"]["uniqueId"] = "a third"
        fleet.world.azure.put_scale_set(again)
        fleet.instances.faults.uncounted = {SUBSCRIPTION}
        fleet.instances.faults.is_silent = True
        fleet.scan()
        assert fleet.told.get("count") is None

    def test_a_scan_without_time_for_compute_asks_later(self, fleet: Fleet) -> None:
        """What is due and was not asked is asked by the next scan that can."""
        fleet.instances.faults.is_silent = True
        fleet.scan(DAY)
        assert fleet.asked() == 0
        fleet.instances.faults.is_silent = False
        fleet.scan()
        assert fleet.asked() == 1


class TestWhatComputeIsAsked:
    """Calls follow what changed, and age."""

    def test_a_fleet_at_rest_is_asked_once_a_day(self, fleet: Fleet) -> None:
        """Not with every scan, and about three quarters to a whole day apart."""
        counts = [fleet.asked() for _ in range(96) if fleet.scan()]
        assert 3 <= sum(counts) <= 6

    def test_a_change_of_the_model_is_asked_about_at_once(self, fleet: Fleet) -> None:
        """A change of a tag, of the capacity or of the upgrade policy is not."""
        web = fleet.world.azure.scale_set(WEB)
        for block, name, value in (
            (web["tags"], "owner", "others"),
            (web["sku"], "capacity", 12),
            (web["properties"]["upgradePolicy"], "mode", "Manual"),
        ):
            block[name] = value
            fleet.scan()
            assert fleet.asked() == 0
        web["properties"]["virtualMachineProfile"]["osProfile"]["customData"] = "eA=="
        fleet.scan()
        assert fleet.asked() == 1
        fleet.scan()
        assert fleet.asked() == 0

    def test_those_behind_are_asked_about_every_three_hours(self, fleet: Fleet) -> None:
        """And when what they run changes."""
        fleet.instances.faults.hides_columns = True
        fleet.run({"count": 5, "exact_version": OLD, "latest_model": False}, {"count": 5, "exact_version": NEW})
        fleet.scan(DAY)
        fleet.asked()
        assert [fleet.asked() for _ in range(6) if fleet.scan()] == [0, 0, 1, 0, 0, 1]
        fleet.run({"count": 4, "exact_version": OLD, "latest_model": False}, {"count": 6, "exact_version": NEW})
        fleet.scan()
        assert fleet.asked() == 1

    @pytest.mark.parametrize(
        ("change", "listing"),
        [
            (_as_it_is, Wanted.ALL),
            (_manual, Wanted.NONE),
        ],
        ids=["batches are used: health is needed", "manual: the census says what is behind"],
    )
    def test_what_is_listed_follows_the_need(self, change: Callable[[dict[str, Any]], None], listing: Wanted) -> None:
        """All instances where a rollout asks for their health; none where the census says it all."""
        fleet = Fleet()
        change(fleet.world.azure.scale_set(WEB))
        fleet.scan()
        assert [question.listing for question in fleet.instances.asked] == [listing]

    @pytest.mark.parametrize("kind", ["Flexible", "managed", "no instances"])
    def test_where_compute_has_nothing_to_say_it_is_not_asked(self, kind: str) -> None:
        """A Flexible scale set, one that a service owns, one at capacity 0."""
        fleet = Fleet()
        web = fleet.world.azure.scale_set(WEB)
        if kind == "Flexible":
            web["properties"]["orchestrationMode"] = "Flexible"
        elif kind == "managed":
            web["tags"]["aks-managed-poolName"] = "pool"
        else:
            fleet.run()
            web["sku"]["capacity"] = 0
        fleet.scan()
        assert fleet.asked() == 0

    def test_nothing_is_written_while_nothing_changes(self, fleet: Fleet) -> None:
        """Scans between two readings write no state, also while instances are behind."""
        fleet.run({"count": 5, "exact_version": NEW, "latest_model": False}, {"count": 5, "exact_version": NEW})
        fleet.scan()
        bodies = _bodies(fleet)
        for _ in range(2):
            fleet.scan()
        assert _bodies(fleet) == bodies


class TestHealthAndRepairs:
    """VMSS-042 and VMSS-043."""

    def test_unhealthy_instances_open_and_resolve(self, fleet: Fleet) -> None:
        """Three of ten are more than 20 %."""
        fleet.run({"count": 7, "exact_version": NEW, "health": "healthy"}, {"count": 3, "exact_version": NEW, "health": "unhealthy"})  # fmt: skip
        assert fleet.findings(DAY) == {("finding.opened", "VMSS-042")}
        fleet.run({"count": 10, "exact_version": NEW, "health": "healthy"})
        assert fleet.hours(4) == {("finding.resolved", "VMSS-042")}

    def test_suspended_repairs_open_and_resolve(self, fleet: Fleet) -> None:
        """Since when is Azure's own time."""
        fleet.instances.set_repairs(WEB, "Suspended", "2026-11-10T06:00:00Z")
        assert fleet.findings(DAY) == {("finding.opened", "VMSS-043")}
        finding = fleet.world.store_view().current[WEB].open_findings["VMSS-043"]
        assert "2026-11-10T06:00:00Z" in finding.reason
        fleet.instances.set_repairs(WEB, "Running")
        assert fleet.hours(4) == {("finding.resolved", "VMSS-043")}


def test_the_record_of_a_scan_says_what_the_cloud_offered(fleet: Fleet) -> None:
    """Each column is three-valued: offered, not offered, or nothing was there to tell."""

    def offered() -> tuple[object, object]:
        record = fleet.scan().record.instances or {}
        return record["offers_model"], record["offers_protection"]

    fleet.run({"count": 1, "exact_version": NEW, "protect_from_actions": True})
    assert offered() == (True, True)
    fleet.instances.faults.hides_columns = True
    assert offered() == (False, False)
    fleet.run()
    assert offered() == (None, None)


def test_a_first_census_knows_how_many_scale_sets_there_are() -> None:
    """What was never read is counted first, so that the census is planned; from the second scan on the state knows."""
    fleet = Fleet()
    fleet.world.azure.put_scale_set(document("api"))
    queries = [fleet.world.azure.graph_queries for _ in range(3) if fleet.scan()]
    assert fleet.instances.expected == [{SUBSCRIPTION: 2}] * 3
    of_the_plan = 2  # which lists and counts a fleet that no scan has counted
    assert queries[2] - queries[1] == queries[1] - queries[0] == queries[0] - 1 - of_the_plan


def test_behind_the_image_counts_from_the_newer_version() -> None:
    """Both clocks are in the state: since when there is a newer version, whichever scan saw it."""
    fleet = Fleet()
    fleet.run({"count": 4, "exact_version": OLD}, {"count": 6, "exact_version": NEW})
    image = fleet.world.azure.scale_set(WEB)["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
    name = "/".join(str(image[part]) for part in ("publisher", "offer", "sku")).lower()
    for version in (OLD, NEW):
        fleet.world.images.put_platform_version("westeurope", name, version)
    fleet.scan()
    assert fleet.told["behind_image"] == 4
    assert fleet.told["behind_image_since"]
    assert fleet.hours(24 * 20) == set()
    assert fleet.hours(30) == {("finding.opened", "VMSS-033"), ("finding.opened", "VMSS-034")}
    fleet.run({"count": 10, "exact_version": NEW})
    assert fleet.hours(2) == {("finding.resolved", "VMSS-033"), ("finding.resolved", "VMSS-034")}


def _bodies(fleet: Fleet) -> dict[str, str]:
    return {stored.row.key: stored.row.body for stored in fleet.world.store.load()}
