"""Rows of galleries are read as far as they can be, whatever they hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts.images import GalleryVersion
from scanner.reading.gallery_rows import GalleryRows, own_version, shared_image, shared_version

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
GALLERY = "/subscriptions/S/resourceGroups/Images/providers/Microsoft.Compute/galleries/Shop/images/Web"
COMMUNITY = "/Subscriptions/s/Providers/Microsoft.Compute/Locations/WestEurope/CommunityGalleries/open-1/Images/Web"
PROFILE = {"publishedDate": "2026-05-01T00:00:00Z", "targetRegions": [{"name": "West Europe"}]}
GOOD: dict[str, Any] = {
    "provisioningState": "Succeeded",
    "publishingProfile": PROFILE,
    "safetyProfile": {"reportedForPolicyViolation": False},
}
READ = {
    "is_ready": True,
    "published_at": MAY,
    "excluded": False,
    "regions": {"westeurope": False},
    "soft_deleted": False,
    "violations": (),
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, {}),
        ({"provisioningState": "Creating"}, {"is_ready": False}),
        ({"provisioningState": "Dreaming"}, {"is_ready": None}),
        ({"provisioningState": None}, {"is_ready": None}),
        ({"publishingProfile": {**PROFILE, "excludeFromLatest": True}}, {"excluded": True}),
        ({"publishingProfile": {**PROFILE, "excludeFromLatest": "perhaps"}}, {"excluded": None}),
        ({"publishingProfile": {**PROFILE, "targetRegions": None}}, {"regions": None}),
        ({"publishingProfile": {**PROFILE, "targetRegions": "all"}}, {"regions": None}),
        ({"publishingProfile": {**PROFILE, "targetRegions": [{"name": 1}]}}, {"regions": None}),
        (
            {"publishingProfile": {**PROFILE, "targetRegions": [{"name": "North Europe", "excludeFromLatest": True}]}},
            {"regions": {"northeurope": True}},
        ),
        ({"publishingProfile": {**PROFILE, "endOfLifeDate": "2026-05-01T00:00:00Z"}}, {"end_of_life_at": MAY}),
        ({"publishingProfile": []}, {"published_at": None, "excluded": None, "regions": None}),
        ({"safetyProfile": {}}, {}),
        ({"safetyProfile": {"reportedForPolicyViolation": True}}, {"violations": ("Reported",)}),
        (
            {"safetyProfile": {"policyViolations": [{"category": "IpTheft"}, {"category": None}]}},
            {"violations": ("IpTheft", "Other")},
        ),
        ({"safetyProfile": {"policyViolations": "many"}}, {"violations": None}),
        ({"safetyProfile": []}, {"violations": None}),
        ({"imageState": "SoftDeleted"}, {"soft_deleted": True}),
        ({"imageState": "Elsewhere"}, {"soft_deleted": None}),
    ],
)
def test_a_version_of_a_gallery(changes: dict[str, Any], differs: dict[str, Any]) -> None:
    """What is absent from a block that was read has Azure's default; what cannot be read is not known."""
    expected = GalleryVersion(version="1.0.0", **{**READ, **differs})
    assert own_version("1.0.0", {**GOOD, **changes}) == expected


def test_a_version_without_properties_is_not_known() -> None:
    """Its row says that it is there, and nothing more."""
    assert own_version("1.0.0", None) == GalleryVersion(version="1.0.0")
    assert shared_version("1.0.0", None) == GalleryVersion(version="1.0.0", tells_no_regions=True, violations=())


def test_definitions_and_versions_are_put_together_by_id_without_case() -> None:
    """Whatever the order of rows; what is no part of a gallery is passed over."""
    rows = GalleryRows(NOW)
    for row in (
        {"id": f"{GALLERY}/versions/1.1.0", "properties": GOOD},
        {"id": GALLERY.upper(), "properties": {"endOfLifeDate": "2026-05-01"}},
        {"id": f"{GALLERY.upper()}/VERSIONS/1.0.0", "properties": GOOD},
        {"id": f"{GALLERY}/applications/x", "properties": GOOD},
        {"id": None},
        "nonsense",
    ):
        rows.take_own(row)
    (image,) = rows.images().values()
    assert image.name == GALLERY.lower()
    assert [each.version for each in image.versions] == ["1.0.0", "1.1.0"]
    assert (image.end_of_life_at, image.has_definition) == (MAY, True)


def test_community_images_are_kept_apart_by_region() -> None:
    """The same version may be in one region and not in another."""
    rows = GalleryRows(NOW)
    for place in ("West Europe", "northeurope", None):
        rows.take_community({"id": f"{COMMUNITY}/Versions/1.0.0", "location": place, "properties": {}})
    assert sorted(rows.images()) == [
        "northeurope|/communitygalleries/open-1/images/web",
        "westeurope|/communitygalleries/open-1/images/web",
    ]
    assert not any(image.has_definition for image in rows.images().values())


def test_a_list_with_an_unreadable_item_is_no_list() -> None:
    """What cannot be read may be the newest version."""
    good = {"name": "1.0.0", "properties": {}}
    assert shared_image("/sharedgalleries/s/images/web", [good], None, NOW) is not None
    assert shared_image("/sharedgalleries/s/images/web", [good, {"name": None}], None, NOW) is None


@given(_JSON)
def test_nonsense_is_no_image(value: Any) -> None:
    """The readers answer for anything."""
    rows = GalleryRows(NOW)
    for row in (
        value,
        {"id": value},
        {"id": GALLERY, "properties": value},
        {"id": f"{GALLERY}/versions/1", "properties": value},
    ):
        rows.take_own(row)
        rows.take_community(row)
    rows.images()
    own_version("1", {"publishingProfile": value, "safetyProfile": value, "provisioningState": value})
    own_version("1", {"publishingProfile": {"targetRegions": value}, "safetyProfile": {"policyViolations": value}})
    shared_image("/sharedgalleries/s/images/web", value if isinstance(value, list) else [value], value, NOW)
