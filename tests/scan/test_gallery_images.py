"""Images of galleries over several scans: read in bulk, remembered where they cannot be read, and rarely asked for."""

from datetime import timedelta
from typing import Any

import pytest

from scanner.facts.depth import Depth
from scanner.judging.judge import Judgement
from scanner.ports.tables import Beside
from scanner.state.galleries_seen import RECORD
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document

GALLERY = f"/subscriptions/{OTHER}/resourceGroups/Images/providers/Microsoft.Compute/galleries/Shop/images/Web"
COMMUNITY = "/CommunityGalleries/open-1/Images/Web"
SHARED = "/SharedGalleries/s-1/Images/Web"
HOUR = timedelta(hours=1)


def version(name: str, **changes: Any) -> dict[str, Any]:
    """Make the row of a version that West Europe may have."""
    profile = {"publishedDate": "2026-05-01T00:00:00Z", "targetRegions": [{"name": "West Europe"}]}
    return {
        "id": f"{GALLERY}/versions/{name}",
        "properties": {"provisioningState": "Succeeded", "publishingProfile": profile, **changes},
    }


class Fleet:
    """Scale sets on an image of each kind of gallery."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.judged: dict[str, Judgement] = {}
        self.world.request = {"on_judged": self._take}
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.tables, self.images = self.world.tables, self.world.images
        self.tables.put(Beside.GALLERY_IMAGES, {"id": GALLERY, "properties": {}}, version("1.9.0"), version("1.10.0"))
        self.tables.put(
            Beside.COMMUNITY_IMAGES,
            {"id": f"/c{COMMUNITY}", "location": "westeurope", "properties": {}},
            {"id": f"/c{COMMUNITY}/Versions/2.0.0", "location": "westeurope", "properties": {}},
        )
        self.images.shared["westeurope/s-1/web"] = [{"name": "3.0.0", "properties": {}}]
        self.images.definitions["westeurope/s-1/web"] = {"properties": {}}

    def _take(self, judgement: Judgement) -> None:
        self.judged[judgement.posture.name] = judgement

    def put(self, name: str, **reference: str) -> None:
        """Put a scale set on this image."""
        made = document(name)
        made["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"] = reference
        self.world.azure.put_scale_set(made)

    def scan(self, after: timedelta = HOUR) -> set[str]:
        """Scan, and name the scale sets that were judged."""
        self.judged.clear()
        self.tables.calls.clear()
        self.images.calls.clear()
        self.world.scan(after=after)
        return set(self.judged)

    def depth(self, name: str) -> Depth:
        """Answer what was known beside a scale set that was judged."""
        return self.judged[name].depth

    def newest(self, name: str) -> str | None:
        """Name the newest version of a scale set's image."""
        found = self.depth(name).newest
        return None if found is None else found.version


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was not scanned yet."""
    return Fleet()


def test_all_images_of_our_galleries_come_in_one_query(fleet: Fleet) -> None:
    """Whatever the number of scale sets; where no scale set uses one, nothing is asked."""
    fleet.scan()
    assert fleet.tables.calls == []
    for name in ("web", "api"):
        fleet.put(name, id=GALLERY)
    fleet.scan()
    assert [call for call in fleet.tables.calls if "gallery" in call] == ["gallery_images"]
    assert fleet.newest("web") == "1.10.0"
    assert fleet.judged["web"].outcomes["VMSS-035"] == "passed"


def test_a_publication_judges_the_scale_sets_that_use_the_image(fleet: Fleet) -> None:
    """And tells a finding where their region is left out."""
    fleet.put("web", id=GALLERY)
    fleet.put("api", communityGalleryImageId=COMMUNITY)
    fleet.scan()
    fleet.world.news()
    assert fleet.scan() == set()
    elsewhere = {"targetRegions": [{"name": "North Europe"}]}
    fleet.tables.put(Beside.GALLERY_IMAGES, version("1.11.0", publishingProfile=elsewhere))
    assert fleet.scan() == {"web"}
    assert fleet.world.news() == [("finding.opened", "web", "VMSS-035")]


@pytest.mark.parametrize("fault", ["whole", "second page", "row left out"])
def test_what_cannot_be_read_is_known_from_before(fleet: Fleet, fault: str) -> None:
    """Not a part of the answer either: an image that is left out is not gone."""
    fleet.put("web", id=GALLERY)
    fleet.scan()
    before = fleet.depth("web").gallery_image
    match fault:
        case "whole":
            fleet.tables.broken.add(Beside.GALLERY_IMAGES)
        case "second page":
            fleet.tables.breaks_after_a_page.add(Beside.GALLERY_IMAGES)
            fleet.tables.put(Beside.GALLERY_IMAGES, version("9.0.0"))
        case _:
            fleet.tables.kept[Beside.GALLERY_IMAGES].clear()
    assert fleet.scan() == set()
    fleet.put("web", id=GALLERY, anything="else")
    assert fleet.scan() == {"web"}
    assert fleet.depth("web").gallery_image == before


def test_a_community_gallery_is_asked_for_by_name_and_kept_for_hours(fleet: Fleet) -> None:
    """There are too many of them to read all."""
    fleet.put("web", communityGalleryImageId=COMMUNITY)
    fleet.scan()
    assert [call for call in fleet.tables.calls if "community" in call] == ["community_images:open-1"]
    assert fleet.newest("web") == "2.0.0"
    fleet.scan(timedelta(hours=5))
    assert not any("community" in call for call in fleet.tables.calls)
    fleet.scan(timedelta(hours=2))
    assert any("community" in call for call in fleet.tables.calls)


def test_a_shared_gallery_is_asked_for_once_for_all_scale_sets_of_a_region(fleet: Fleet) -> None:
    """And not again for hours: Azure allows few such calls."""
    for name in ("web", "api"):
        fleet.put(name, sharedGalleryImageId=SHARED)
    fleet.scan()
    asked = [call for call in fleet.images.calls if "s-1" in call]
    assert asked == ["westeurope/s-1/web", "westeurope/s-1/web"]
    assert fleet.newest("web") == "3.0.0"
    fleet.scan()
    assert fleet.images.calls == []


def test_a_gallery_that_is_not_shared_with_us_is_unknown(fleet: Fleet) -> None:
    """A refusal is remembered, so that the few calls go to those that answer."""
    fleet.images.shared.clear()
    fleet.put("web", sharedGalleryImageId=SHARED)
    fleet.scan()
    assert fleet.depth("web").gallery_image is None
    assert fleet.judged["web"].outcomes["VMSS-038"] == "unknown"
    fleet.scan()
    assert fleet.images.calls == []
    fleet.images.shared["westeurope/s-1/web"] = [{"name": "3.0.0", "properties": {}}]
    fleet.scan(timedelta(hours=6))
    assert fleet.newest("web") == "3.0.0"


def test_a_record_is_written_when_it_says_something_new(fleet: Fleet) -> None:
    """An answer that says the same is written again only when its age would be wrong by hours."""
    fleet.put("web", id=GALLERY)
    fleet.scan()
    text = fleet.world.store.get_record(RECORD)
    fleet.scan()
    assert fleet.world.store.get_record(RECORD) == text
    fleet.scan(timedelta(hours=6))
    assert fleet.world.store.get_record(RECORD) != text


def test_a_damaged_record_is_told(fleet: Fleet) -> None:
    """And read anew."""
    fleet.put("web", id=GALLERY)
    fleet.scan()
    fleet.world.store.put_records({RECORD: '{"images": {"x": 1}}'})
    result = fleet.world.scan()
    assert RECORD in result.record.error
    assert fleet.newest("web") == "1.10.0"
