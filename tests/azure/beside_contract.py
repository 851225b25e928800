"""What every ``Images`` and every ``Tables`` must answer: one suite for the real adapters over the emulator and the fakes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pytest

from scanner.errors import ReadFailedError
from scanner.facts.images import Deprecation
from scanner.facts.window import MaintenanceScope
from scanner.ports.images import Images, PlatformOffer, SharedImage
from scanner.ports.tables import Beside, Tables
from scanner.reading.gallery_rows import GalleryRows, shared_image
from scanner.reading.guest_rows import machine_of
from scanner.reading.image_rows import version_names, version_status
from scanner.reading.maintenance_rows import Assignments, window_of
from scanner.reading.probe_rows import probes_of
from tests.scale_sets import SUBSCRIPTION, scale_set_id

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shop"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/shop/images/web"
BALANCER = f"{GROUP}/providers/Microsoft.Network/loadBalancers/lb"
CONFIGURATION = f"{GROUP}/providers/Microsoft.Maintenance/maintenanceConfigurations/nightly"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/flex_1"
NOW = datetime.fromisoformat("2026-11-20T00:00:00Z")
OFFER = PlatformOffer(
    subscription_id=SUBSCRIPTION,
    location="westeurope",
    edge_zone="",
    publisher="contoso",
    offer="systems",
    sku="small",
)
ZONE = PlatformOffer(
    subscription_id=SUBSCRIPTION,
    location="westeurope",
    edge_zone="losangeles",
    publisher="contoso",
    offer="systems",
    sku="small",
)
SHARED = SharedImage(subscription_id=SUBSCRIPTION, location="westeurope", gallery="s-1", image="web")


class Estate(Protocol):
    """What a test may do to what lies beside the scale sets."""

    def publish(self, version: str, *, edge_zone: str = "") -> None:
        """Publish a version of the platform image in West Europe, or in an edge zone of it."""

    def deprecate(self, version: str, state: str, *, is_listed: bool) -> None:
        """Say that a version is deprecated, in the list too or only in the single read."""

    def put_own_version(self, version: str) -> None:
        """Publish a version in our own gallery."""

    def put_community_version(self, gallery: str, version: str) -> None:
        """Publish a version in a community gallery."""

    def put_shared_version(self, version: str) -> None:
        """Publish a version in a gallery that is shared with us."""

    def put_balancer(self, probes: list[Mapping[str, Any]]) -> None:
        """Put a load balancer."""

    def put_assignment(self, target: str) -> None:
        """Assign a daily window of five hours to a resource."""

    def put_machine(self) -> None:
        """Put an instance of a Flexible scale set."""

    def put_run(self, at: str) -> None:
        """Record an installation of patches on that instance."""


@dataclass(frozen=True, slots=True)
class Stage:
    """An estate and the two ports that read it."""

    estate: Estate
    images: Images
    tables: Tables


class BesideContract(ABC):
    """The contract of both ports, on one estate."""

    @pytest.fixture
    @abstractmethod
    def stage(self) -> Stage:
        """Make an estate with one subscription."""

    def test_all_versions_are_listed_by_the_names_they_were_published_under(self, stage: Stage) -> None:
        """Also where the order of text is not that of the numbers."""
        for version in ("1.9.0", "1.10.0", "1.8.0"):
            stage.estate.publish(version)
        assert set(version_names(stage.images.platform_versions(OFFER))) == {"1.8.0", "1.9.0", "1.10.0"}

    def test_an_edge_zone_has_versions_of_its_own(self, stage: Stage) -> None:
        """The region's are not among them."""
        stage.estate.publish("1.9.0")
        stage.estate.publish("1.8.0", edge_zone="losangeles")
        assert version_names(stage.images.platform_versions(ZONE)) == ["1.8.0"]

    @pytest.mark.parametrize("is_listed", [True, False])
    def test_the_deprecation_of_a_version_is_in_the_list_or_in_its_own_answer(
        self,
        stage: Stage,
        is_listed: bool,  # noqa: FBT001 - a case
    ) -> None:
        """Where the list leaves it out, the single read says it."""
        stage.estate.publish("1.9.0")
        stage.estate.deprecate("1.9.0", "Deprecated", is_listed=is_listed)
        (item,) = stage.images.platform_versions(OFFER)
        assert (version_status(item) is not None) is is_listed
        alone = version_status(stage.images.platform_version(OFFER, "1.9.0"))
        assert alone is not None
        assert alone.deprecation is Deprecation.DEPRECATED

    def test_a_version_that_is_not_there_is_no_answer(self, stage: Stage) -> None:
        """And a refusal says so."""
        stage.estate.publish("1.9.0")
        with pytest.raises(ReadFailedError) as raised:
            stage.images.platform_version(OFFER, "1.8.0")
        assert raised.value.failure is not None
        assert raised.value.failure.status == 404

    def test_a_shared_image_is_listed_and_one_that_is_not_shared_is_refused(self, stage: Stage) -> None:
        """With 403 or 404, which say that it is not for us."""
        with pytest.raises(ReadFailedError) as raised:
            stage.images.shared_versions(SHARED)
        assert raised.value.failure is not None
        assert raised.value.failure.status in {403, 404}
        stage.estate.put_shared_version("3.0.0")
        image = shared_image(
            "/sharedgalleries/s-1/images/web",
            stage.images.shared_versions(SHARED),
            stage.images.shared_image(SHARED),
            NOW,
        )
        assert image is not None
        assert [each.version for each in image.versions] == ["3.0.0"]
        assert image.has_definition

    def test_our_own_galleries_come_with_all_their_versions(self, stage: Stage) -> None:
        """Each with what decides whether a region may have it."""
        stage.estate.put_own_version("1.0.0")
        rows = GalleryRows(NOW)
        for page in stage.tables.rows(Beside.GALLERY_IMAGES):
            for row in page:
                rows.take_own(row)
        (image,) = rows.images().values()
        assert image.name == GALLERY.lower()
        assert [each.is_offered_in("westeurope") for each in image.versions] == [True]

    def test_only_the_community_gallery_that_is_named_is_read(self, stage: Stage) -> None:
        """There are too many of them to read all; a name that could end a text in a query is refused."""
        for gallery in ("open-1", "open-11"):
            stage.estate.put_community_version(gallery, "2.0.0")
        rows = GalleryRows(NOW)
        for page in stage.tables.rows(Beside.COMMUNITY_IMAGES, "open-1"):
            for row in page:
                rows.take_community(row)
        assert sorted(rows.images()) == ["westeurope|/communitygalleries/open-1/images/web"]
        (image,) = rows.images().values()
        assert [each.version for each in image.versions] == ["2.0.0"]

    def test_probes_come_with_their_load_balancers(self, stage: Stage) -> None:
        """By their ids."""
        stage.estate.put_balancer([{"id": f"{BALANCER}/probes/p", "properties": {"protocol": "Tcp", "port": 80}}])
        rows = [row for page in stage.tables.rows(Beside.PROBES) for row in page]
        (probe,) = [probe for row in rows for probe in probes_of(row)]
        assert (probe.probe_id, probe.protocol) == (f"{BALANCER}/probes/p".lower(), "tcp")

    def test_assignments_and_configurations_are_joined_by_id(self, stage: Stage) -> None:
        """Whatever the case of either."""
        stage.estate.put_assignment(scale_set_id("web"))
        found = Assignments()
        for page in stage.tables.rows(Beside.ASSIGNMENTS):
            for row in page:
                found.take(row)
        rows = [row for page in stage.tables.rows(Beside.CONFIGURATIONS) for row in page]
        assert found.direct == {scale_set_id("web").lower(): {str(rows[0]["id"]).lower()}}
        properties = rows[0]["properties"]
        assert isinstance(properties, Mapping)
        window = window_of(str(rows[0]["id"]), properties)
        assert (window.scope, window.duration_minutes) == (MaintenanceScope.OS_IMAGE, 300)

    def test_the_last_run_is_told_by_scale_set(self, stage: Stage) -> None:
        """The latest of all its instances; one of a machine that is in no scale set is not told."""
        stage.estate.put_machine()
        for at in ("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z"):
            stage.estate.put_run(at)
        (row,) = [row for page in stage.tables.rows(Beside.PATCH_RUNS) for row in page]
        assert (str(row["id"]).lower(), row["lastRun"]) == (scale_set_id("flex").lower(), "2026-11-02T00:00:00Z")
        (machine,) = [row for page in stage.tables.rows(Beside.FLEXIBLE_INSTANCES) for row in page]
        read = machine_of(machine)
        assert read is not None
        assert read[0] == scale_set_id("flex").lower()
        assert (read[1].key, read[1].os_type, read[1].tags) == (MACHINE.lower(), "linux", {"patch": "monthly"})

    def test_what_is_not_there_is_an_empty_answer(self, stage: Stage) -> None:
        """Not an error: nothing is assigned, nothing is patched."""
        for what in Beside:
            assert [row for page in stage.tables.rows(what, "open-1") for row in page] == []
