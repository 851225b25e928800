"""Maintenance windows over several scans: joined in Python, remembered where they cannot be read."""

from typing import Any

import pytest

from scanner.judging.judge import Judgement
from scanner.ports.tables import Beside
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

CONFIGURATION = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ops/providers/Microsoft.Maintenance/maintenanceConfigurations/nightly"


def configuration(duration: str = "05:00", scope: str = "OSImage", recur: str = "Day") -> dict[str, Any]:
    """Make the row of a configuration."""
    window = {
        "startDateTime": "2026-01-01 22:00",
        "duration": duration,
        "timeZone": "UTC",
        "recurEvery": recur,
        "expirationDateTime": "9999-12-31 23:59",
    }
    return {"id": CONFIGURATION.upper(), "properties": {"maintenanceScope": scope, "maintenanceWindow": window}}


class Fleet:
    """One scale set to which a configuration is assigned."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.judged: list[Judgement] = []
        self.world.request = {"on_judged": self.judged.append}
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.world.azure.put_scale_set(document("web"))
        self.tables = self.world.tables
        self.assign()
        self.configure(configuration())

    def assign(self, target: str = scale_set_id("web")) -> None:
        """Assign the configuration."""
        row = {
            "id": f"{target}/providers/Microsoft.Maintenance/configurationAssignments/a",
            "properties": {"maintenanceConfigurationId": CONFIGURATION, "resourceId": target},
        }
        self.tables.kept[Beside.ASSIGNMENTS] = [row]

    def configure(self, *rows: dict[str, Any]) -> None:
        """Put the configurations."""
        self.tables.kept[Beside.CONFIGURATIONS] = list(rows)

    def outcome(self) -> str | None:
        """Scan, and answer the outcome of the rule; ``None``: nothing was judged."""
        self.judged.clear()
        self.tables.calls.clear()
        self.world.scan()
        return self.judged[0].outcomes["VMSS-009"] if self.judged else None


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was not scanned yet."""
    return Fleet()


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (configuration(), "passed"),
        (configuration(duration="04:59"), "failed"),
        (configuration(recur="2Weeks Monday"), "failed"),
        (configuration(scope="InGuestPatch"), "not_applicable"),
        (configuration(scope="Unheard"), "unknown"),
        ({"id": None}, "unknown"),
    ],
)
def test_the_configuration_of_an_assignment_decides(fleet: Fleet, row: dict[str, Any], outcome: str) -> None:
    """One of another scope says nothing of the image; one that was not read may be of any."""
    fleet.configure(row)
    assert fleet.outcome() == outcome


def test_a_window_that_changes_judges_its_scale_set(fleet: Fleet) -> None:
    """Though no row of a scale set changed."""
    assert fleet.outcome() == "passed"
    assert fleet.outcome() is None
    fleet.configure(configuration(duration="02:00"))
    assert fleet.outcome() == "failed"
    fleet.tables.kept[Beside.ASSIGNMENTS] = []
    assert fleet.outcome() == "not_applicable"


@pytest.mark.parametrize("table", [Beside.ASSIGNMENTS, Beside.CONFIGURATIONS])
@pytest.mark.parametrize("at_once", [True, False])
def test_what_cannot_be_read_is_known_from_before(fleet: Fleet, table: Beside, at_once: bool) -> None:  # noqa: FBT001
    """Not a part of the answer either, which may leave an assignment out."""
    fleet.configure(configuration(duration="02:00"))
    assert fleet.outcome() == "failed"
    (fleet.tables.broken if at_once else fleet.tables.breaks_after_a_page).add(table)
    fleet.tables.kept[table] = []
    assert fleet.outcome() is None
    fleet.world.azure.scale_set(scale_set_id("web"))["properties"]["anything"] = 1
    assert fleet.outcome() == "failed"


def test_without_any_assignment_no_configuration_is_read(fleet: Fleet) -> None:
    """One query says that there is nothing to ask for."""
    fleet.tables.kept[Beside.ASSIGNMENTS] = []
    assert fleet.outcome() == "not_applicable"
    assert [call for call in fleet.tables.calls if call.startswith("maintenance")] == ["maintenance_assignments"]
