"""The real adapters over the emulator, and the fakes, pass one contract suite."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emulator.client.client import Control
from emulator.client.local import LocalAzure
from scanner.adapters.azure.image_lists import ImageLists
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.errors import ReadFailedError
from scanner.ports.tables import Beside
from tests.azure.beside_contract import BALANCER, CONFIGURATION, GALLERY, MACHINE, BesideContract, Stage
from tests.fakes.beside import FakeImages, FakeTables
from tests.scale_sets import SUBSCRIPTION, scale_set_id
from tests.world import connection_to, identity_of

NAMES: Mapping[str, Any] = {"publisher": "contoso", "offer": "systems", "sku": "small"}
NAME = "contoso/systems/small"
WINDOW = {"startDateTime": "2026-01-01 00:00", "duration": "05:00", "timeZone": "UTC", "recurEvery": "Day"}
MACHINE_PROPERTIES: Mapping[str, Any] = {
    "virtualMachineScaleSet": {"id": scale_set_id("flex").upper()},
    "storageProfile": {"osDisk": {"osType": "Linux"}},
}


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as started, identity_of(started):
        yield started


class EmulatedEstate:
    """What the emulator's control does."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._runs = 0

    def publish(self, version: str, *, edge_zone: str = "") -> None:
        self._control.publish_image(location="westeurope", version=version, edge_zone=edge_zone, **NAMES)

    def deprecate(self, version: str, state: str, *, is_listed: bool) -> None:
        self._control.deprecate_image(location="westeurope", version=version, state=state, **NAMES)
        self._control.list_deprecation(listed=is_listed)

    def put_own_version(self, version: str) -> None:
        self._control.put_gallery_version(f"{GALLERY}/versions/{version}", location="westeurope")

    def put_community_version(self, gallery: str, version: str) -> None:
        self._control.put_shared_version(gallery, "web", version, regions=["westeurope"], community=True)

    def put_shared_version(self, version: str) -> None:
        self._control.put_shared_version("s-1", "web", version, regions=["westeurope"])

    def put_balancer(self, probes: list[Mapping[str, Any]]) -> None:
        self._put(BALANCER, "Microsoft.Network/loadBalancers", {"probes": probes})

    def put_assignment(self, target: str) -> None:
        self._control.put_maintenance(CONFIGURATION, WINDOW)
        self._control.assign_maintenance(target, CONFIGURATION)

    def put_machine(self) -> None:
        self._put(MACHINE, "Microsoft.Compute/virtualMachines", MACHINE_PROPERTIES, tags={"Patch": "Monthly"})

    def put_run(self, at: str) -> None:
        self._runs += 1
        for machine in (MACHINE, MACHINE.replace("flex_1", "alone")):
            self._put(
                f"{machine}/patchInstallationResults/{self._runs}",
                "Microsoft.Compute/virtualMachines/patchInstallationResults",
                {"status": "Succeeded", "lastModifiedDateTime": at},
                table="patchinstallationresources",
            )

    def _put(
        self,
        resource_id: str,
        kind: str,
        properties: Mapping[str, Any],
        *,
        table: str = "resources",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        document: dict[str, Any] = {"id": resource_id, "type": kind, "location": "westeurope", "properties": properties}
        self._control.put_resource({**document, **({} if tags is None else {"tags": tags})}, table=table)


class FakeEstate:
    """The same on the fakes."""

    def __init__(self, images: FakeImages, tables: FakeTables) -> None:
        self._images = images
        self._tables = tables

    def publish(self, version: str, *, edge_zone: str = "") -> None:
        place = f"westeurope/{edge_zone}" if edge_zone else "westeurope"
        self._images.put_platform_version(place, NAME, version)

    def deprecate(self, version: str, state: str, *, is_listed: bool) -> None:
        key = f"westeurope|{NAME}"
        told = {"name": version, "properties": {"imageDeprecationStatus": {"imageState": state}}}
        self._images.alone[f"{key}|{version}"] = told
        if is_listed:
            self._images.platform[key] = [told]

    def put_own_version(self, version: str) -> None:
        profile = {"targetRegions": [{"name": "westeurope"}]}
        properties = {"provisioningState": "Succeeded", "publishingProfile": profile}
        self._tables.put(Beside.GALLERY_IMAGES, {"id": f"{GALLERY}/versions/{version}", "properties": properties})

    def put_community_version(self, gallery: str, version: str) -> None:
        place = f"/providers/Microsoft.Compute/Locations/westeurope/CommunityGalleries/{gallery}/Images/web"
        for each in (place, f"{place}/Versions/{version}"):
            self._tables.put(Beside.COMMUNITY_IMAGES, {"id": each, "location": "westeurope", "properties": {}})

    def put_shared_version(self, version: str) -> None:
        self._images.shared["westeurope/s-1/web"] = [{"name": version, "properties": {}}]
        self._images.definitions["westeurope/s-1/web"] = {"properties": {}}

    def put_balancer(self, probes: list[Mapping[str, Any]]) -> None:
        self._tables.put(Beside.PROBES, {"id": BALANCER, "probes": probes})

    def put_assignment(self, target: str) -> None:
        window = {"maintenanceScope": "OSImage", "maintenanceWindow": WINDOW}
        self._tables.put(Beside.CONFIGURATIONS, {"id": CONFIGURATION, "properties": window})
        row = {
            "id": f"{target}/providers/Microsoft.Maintenance/configurationAssignments/nightly",
            "properties": {"maintenanceConfigurationId": CONFIGURATION},
        }
        self._tables.put(Beside.ASSIGNMENTS, row)

    def put_machine(self) -> None:
        row = {"id": MACHINE, "scaleSet": scale_set_id("flex"), "location": "westeurope", "osType": "Linux"}
        self._tables.put(Beside.FLEXIBLE_INSTANCES, {**row, "tags": {"Patch": "Monthly"}})

    def put_run(self, at: str) -> None:
        kept = self._tables.kept.setdefault(Beside.PATCH_RUNS, [{"id": scale_set_id("flex"), "lastRun": at}])
        kept[0]["lastRun"] = max(kept[0]["lastRun"], at)


class TestRealAdapters(BesideContract):
    """Resource Graph and Compute, as the emulator plays them."""

    @pytest.fixture
    def stage(self, azure: LocalAzure) -> Iterator[Stage]:
        """Make both adapters on one connection."""
        azure.control.reset()
        azure.control.put_subscription(SUBSCRIPTION, "shop")
        azure.control.put_group(SUBSCRIPTION, "rg-shop")
        connection = connection_to(azure)
        fleet, images = ResourceGraphFleet(connection), ImageLists(connection)
        yield Stage(EmulatedEstate(azure.control), images, fleet)
        fleet.close()
        images.close()

    @pytest.mark.parametrize("name", ["open-1' or 1 == 1", "", "a/b", "ö", "x" * 200])
    def test_a_name_that_could_end_a_text_in_a_query_is_not_asked_for(self, stage: Stage, name: str) -> None:
        """It comes from the model of a scale set, which others write."""
        with pytest.raises(ReadFailedError):
            list(stage.tables.rows(Beside.COMMUNITY_IMAGES, name))


class TestFakes(BesideContract):
    """Classes with state, for the tests of the core."""

    @pytest.fixture
    def stage(self) -> Stage:
        """Make both fakes on one estate."""
        images, tables = FakeImages(), FakeTables()
        return Stage(FakeEstate(images, tables), images, tables)
