"""Which version of an image is newest, since when an older one is behind it, and what a version's name hints at."""

from datetime import UTC, date, datetime

import pytest

from scanner.facts.images import (
    Availability,
    GalleryImage,
    GalleryVersion,
    NewestImage,
    OfferedVersion,
    date_hint,
    newest_of_gallery,
)
from scanner.facts.posture import ImageSource

NOW = datetime(2026, 11, 20, tzinfo=UTC)
JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (6, 7, 8))


def newest(version: str | None, *offered: tuple[str, datetime | None]) -> NewestImage:
    """Make the newest version of a platform image."""
    return NewestImage(
        name="canonical/ubuntu-24_04-lts/server",
        source=ImageSource.PLATFORM,
        location="westeurope",
        version=version,
        offered=tuple(OfferedVersion(version=name, since=since) for name, since in offered),
        availability=Availability.FIRST_SEEN,
        read_at=NOW,
    )


OFFERED = newest("1.10.0", ("1.8.0", JUNE), ("1.9.0", JULY), ("1.10.0", AUGUST))


@pytest.mark.parametrize(
    ("image", "version", "since"),
    [
        (OFFERED, "1.10.0", None),
        (OFFERED, "1.9.0", AUGUST),
        (OFFERED, "1.8.0", JULY),
        (OFFERED, "1.1.0", JUNE),
        (OFFERED, "1.8.5", JULY),
        (OFFERED, "1.11.0", None),
        (OFFERED, "latest", None),
        (newest(None), "1.0.0", None),
        (newest("1.9.0", ("1.9.0", None)), "1.8.0", None),
        (newest("1.9.0", ("1.9.0", JULY), ("1.10.0", JUNE)), "1.8.0", JULY),
    ],
)
def test_a_version_is_behind_since_the_first_newer_one(
    image: NewestImage, version: str, since: datetime | None
) -> None:
    """Not since the newest one, which may be a day old; and one above the newest, which was withdrawn, does not count."""
    assert image.behind_since(version) == since


def gallery(*versions: GalleryVersion) -> GalleryImage:
    """Make an image of a gallery."""
    return GalleryImage(name="/g/images/web", source=ImageSource.GALLERY, versions=versions, read_at=NOW)


def version(name: str, **fields: object) -> GalleryVersion:
    """Make a version that West Europe may have."""
    told = {
        "is_ready": True,
        "published_at": JUNE,
        "excluded": False,
        "regions": {"westeurope": False},
        "soft_deleted": False,
    }
    return GalleryVersion(version=name, **{**told, **fields})  # type: ignore[arg-type]


OLD = version("1.0.0")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (version("1.10.0"), "1.10.0"),
        (version("1.10.0", is_ready=False), "1.0.0"),
        (version("1.10.0", excluded=True), "1.0.0"),
        (version("1.10.0", regions={"westeurope": True}), "1.0.0"),
        (version("1.10.0", regions={"northeurope": False}), "1.0.0"),
        (version("1.10.0", regions=None, tells_no_regions=True), "1.10.0"),
        (version("1.10.0", soft_deleted=True), "1.0.0"),
        (version("1.10.0", is_ready=None), None),
        (version("1.10.0", excluded=None), None),
        (version("1.10.0", regions=None), None),
        (version("1.10.0", regions={"westeurope": None}), None),
        (version("0.9.0", excluded=None), "1.0.0"),
        (version("1.10.0", excluded=None, soft_deleted=True), "1.0.0"),
    ],
)
def test_the_newest_of_a_gallery_is_what_the_region_may_have(other: GalleryVersion, expected: str | None) -> None:
    """Ready, meant for the region, excluded nowhere; a newer one of which that is not known leaves it open."""
    found = newest_of_gallery(gallery(OLD, other), "westeurope")

    assert (None if found is None else found.version) == expected


def test_a_gallery_without_a_version_for_the_region_offers_none() -> None:
    """That is known, unlike a list that was not read."""
    found = newest_of_gallery(gallery(OLD), "northeurope")

    assert found is not None
    assert found.version is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("22.04.202408260", date(2024, 8, 26)),
        ("2022.127.20180613", date(2018, 6, 13)),
        ("202609.15.0", date(2026, 9, 15)),
        ("20348.4052.251002", date(2025, 10, 2)),
        ("17763.1554.2011061", date(2020, 11, 6)),
        ("1.2.3", None),
        ("24.04.209912310", None),
        ("24.04.202613450", None),
        ("9.4.2025", None),
        ("latest", None),
        ("", None),
    ],
)
def test_a_versions_name_may_hint_at_its_date(name: str, expected: date | None) -> None:
    """Only a date that makes sense: not in the future, and not before there were scale sets."""
    assert date_hint(name, NOW) == expected
