"""Schedules for guests over several scans: asked for where they decide, folded by scale set, remembered."""

from datetime import timedelta
from typing import Any

import pytest

from scanner.judging.judge import Judgement
from scanner.ports.tables import Beside
from scanner.times import iso
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shop"
SCHEDULE = f"{GROUP}/providers/Microsoft.Maintenance/maintenanceConfigurations/patching"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/flex_1"
DAYS = timedelta(days=1)


class Fleet:
    """A Flexible scale set whose guests a schedule of the customer's patches, or should."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.judged: list[Judgement] = []
        self.world.request = {"on_judged": self.judged.append}
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.tables = self.world.tables
        self.put()
        self.tables.put(Beside.CONFIGURATIONS, {"id": SCHEDULE, "properties": {"maintenanceScope": "InGuestPatch"}})
        self.tables.put(
            Beside.FLEXIBLE_INSTANCES, {"id": MACHINE, "scaleSet": scale_set_id("flex"), "tags": {"a": "b"}}
        )

    def put(self, *, bypass: bool = True, mode: str = "AutomaticByPlatform", **more: Any) -> None:
        """Put the scale set."""
        made = document("flex")
        made["properties"]["orchestrationMode"] = "Flexible"
        made["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"] = {"enableAutomaticOSUpgrade": False}
        settings = {"bypassPlatformSafetyChecksOnUserSchedule": bypass}
        patching = {"patchMode": mode, "automaticByPlatformSettings": settings}
        made["properties"]["virtualMachineProfile"]["osProfile"] = {"linuxConfiguration": {"patchSettings": patching}}
        made["properties"].update(more)
        self.world.azure.put_scale_set(made)

    def assign(self, target: str, **filtered: Any) -> None:
        """Assign the schedule to a machine, or to what a filter finds."""
        properties = {"maintenanceConfigurationId": SCHEDULE, **({"filter": filtered} if filtered else {})}
        row = {"id": f"{target}/providers/Microsoft.Maintenance/configurationAssignments/a", "properties": properties}
        self.tables.kept[Beside.ASSIGNMENTS] = [row]

    def scan(self, after: timedelta = timedelta(hours=1)) -> tuple[str, str] | None:
        """Scan, and answer the outcome of VMSS-014 and the headline; ``None``: nothing was judged."""
        self.judged.clear()
        self.tables.calls.clear()
        self.world.scan(after=after)
        if not self.judged:
            return None
        return self.judged[0].outcomes["VMSS-014"].value, self.judged[0].upgrades_itself.value


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was not scanned yet."""
    return Fleet()


def test_without_a_schedule_nothing_is_patched(fleet: Fleet) -> None:
    """The platform leaves the guests to a schedule that there is not."""
    assert fleet.scan() == ("failed", "no")
    assert {"flexible_guests", "patch_runs"}.isdisjoint(fleet.tables.calls)


@pytest.mark.parametrize(
    ("target", "filtered", "expected"),
    [
        (MACHINE, {}, ("unknown", "unknown")),
        (f"{MACHINE}1", {}, ("failed", "no")),
        (GROUP, {"tagSettings": {"tags": {"A": ["b"]}}}, ("unknown", "unknown")),
        (GROUP, {"tagSettings": {"tags": {"A": ["c"]}}}, ("failed", "no")),
        (GROUP, {"osTypes": ["Linux"]}, ("unknown", "unknown")),
        (GROUP, {"osTypes": ["Windows"]}, ("failed", "no")),
        (f"{GROUP}-2", {"osTypes": ["Linux"]}, ("failed", "no")),
        (GROUP, {"tagSettings": {"tags": "x"}}, ("unknown", "unknown")),
    ],
)
def test_a_schedule_counts_where_it_reaches_an_instance(
    fleet: Fleet, target: str, filtered: dict[str, Any], expected: tuple[str, str]
) -> None:
    """By the machine's own id, or by what is true of it."""
    fleet.assign(target, **filtered)
    assert fleet.scan() == expected


def test_a_run_within_thirty_days_is_the_proof(fleet: Fleet) -> None:
    """And it ends by itself, at its hour."""
    fleet.assign(MACHINE)
    ran = fleet.world.clock - 28 * DAYS
    fleet.tables.put(Beside.PATCH_RUNS, {"id": scale_set_id("flex").upper(), "lastRun": iso(ran)})
    assert fleet.scan() == ("passed", "in_guest")
    assert fleet.scan() is None
    assert fleet.scan(DAYS) == ("passed", "in_guest")
    assert fleet.scan(timedelta(hours=21)) is None or fleet.judged[0].outcomes["VMSS-014"] == "passed"
    assert fleet.scan(timedelta(hours=2)) == ("unknown", "unknown")


def test_a_schedule_beside_the_platforms_own_patching_is_unknown(fleet: Fleet) -> None:
    """It ends with an error, and Azure does not say whether the platform patches then."""
    fleet.put(bypass=False)
    assert fleet.scan() == ("passed", "in_guest")
    fleet.assign(MACHINE)
    assert fleet.scan() == ("unknown", "unknown")


def test_what_the_machines_say_is_read_where_they_decide(fleet: Fleet) -> None:
    """Not for a filter without tags, and not where the platform does not patch."""
    fleet.assign(GROUP, osTypes=["Linux"])
    fleet.scan()
    assert "flexible_guests" not in fleet.tables.calls
    fleet.assign(MACHINE)
    fleet.scan()
    assert fleet.tables.calls.count("flexible_guests") == 1
    fleet.put(mode="ImageDefault")
    fleet.scan()
    assert "flexible_guests" not in fleet.tables.calls


@pytest.mark.parametrize(
    "table", [Beside.ASSIGNMENTS, Beside.CONFIGURATIONS, Beside.FLEXIBLE_INSTANCES, Beside.PATCH_RUNS]
)
def test_what_cannot_be_read_is_known_from_before(fleet: Fleet, table: Beside) -> None:
    """No scale set is judged for that; one that is judged for another reason is judged as before."""
    fleet.assign(MACHINE)
    fleet.tables.put(Beside.PATCH_RUNS, {"id": scale_set_id("flex"), "lastRun": iso(fleet.world.clock)})
    assert fleet.scan() == ("passed", "in_guest")
    fleet.tables.broken.add(table)
    assert fleet.scan() is None
    fleet.put(anything=1)
    assert fleet.scan() == ("passed", "in_guest")


def test_what_was_never_read_is_unknown(fleet: Fleet) -> None:
    """Whether a schedule reaches the guests is not known, so neither is whether something patches them."""
    fleet.tables.broken.add(Beside.ASSIGNMENTS)
    assert fleet.scan() == ("unknown", "unknown")
