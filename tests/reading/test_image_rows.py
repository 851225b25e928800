"""Lists of image versions are read as far as they can be, whatever they hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts.images import Deprecation, VersionStatus
from scanner.reading.image_rows import (
    edge_zone_of,
    image_of,
    moment,
    region,
    version_names,
    version_status,
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def status(**told: Any) -> dict[str, Any]:
    """Make a version with this deprecation status."""
    return {"name": "1.0.0", "properties": {"imageDeprecationStatus": told}}


AUGUST = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (status(imageState="Active"), VersionStatus(version="1.0.0", deprecation=Deprecation.ACTIVE)),
        (status(imageState="DEPRECATED"), VersionStatus(version="1.0.0", deprecation=Deprecation.DEPRECATED)),
        (
            status(imageState="ScheduledForDeprecation", scheduledDeprecationTime="2026-08-01T00:00:00+00:00"),
            VersionStatus(version="1.0.0", deprecation=Deprecation.SCHEDULED, scheduled_at=AUGUST),
        ),
        (
            status(imageState="ScheduledForDeprecation", scheduledDeprecationTime="soon"),
            VersionStatus(version="1.0.0", deprecation=Deprecation.SCHEDULED),
        ),
        (status(imageState="Retired"), None),
        (status(), None),
        ({"name": "1.0.0"}, None),
        ({"name": "1.0.0", "properties": None}, None),
        ({"name": "1.0.0", "properties": []}, None),
        ({"properties": {"imageDeprecationStatus": {"imageState": "Active"}}}, None),
        (None, None),
        ("1.0.0", None),
    ],
)
def test_the_deprecation_of_a_version(item: object, expected: VersionStatus | None) -> None:
    """A state that nobody documented says nothing."""
    assert version_status(item) == expected


def test_a_list_as_azure_answered_it_for_edge_zones() -> None:
    """Its properties say much, and nothing of deprecation: the names are read, and of each nothing is said."""
    place = "/Subscriptions/s/Providers/Microsoft.Compute/Locations/westus/EdgeZones/losangeles/Publishers/Canonical"
    items = [
        {
            "location": "westus",
            "name": name,
            "id": f"{place}/ArtifactTypes/VMImage/Offers/UbuntuServer/Skus/18.04-LTS/Versions/{name}",
            "properties": {
                "hyperVGeneration": "V1",
                "architecture": "x64",
                "replicaType": "Unmanaged",
                "replicaCount": 10,
                "disallowed": {"vmDiskType": "None"},
            },
        }
        for name in ("18.04.202008190", "18.04.202103250")
    ]
    assert version_names(items) == ["18.04.202008190", "18.04.202103250"]
    assert [version_status(item) for item in items] == [None, None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-08-01T00:00:00Z", AUGUST),
        ("2026-08-01T02:00:00+02:00", AUGUST),
        ("2026-08-01T00:00:00", AUGUST),
        ("2026-08-01T00:00:00.0000000Z", AUGUST),
        ("2026-08-01", AUGUST),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (20260801, None),
        (None, None),
        ("2" * 5000, None),
    ],
)
def test_a_moment_is_read_in_utc(value: object, expected: datetime | None) -> None:
    """One without an offset is taken as UTC."""
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("West Europe", "westeurope"), ("westeurope", "westeurope"), (" ", None), (None, None), (1, None)],
)
def test_regions_are_compared_without_case_and_spaces(value: object, expected: str | None) -> None:
    """Galleries write display names, scale sets short ones."""
    assert region(value) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ""),
        ({"extendedLocation": None}, ""),
        ({"extendedLocation": {"name": "LosAngeles", "type": "EdgeZone"}}, "losangeles"),
        ({"extendedLocation": {}}, None),
        ({"extendedLocation": "LosAngeles"}, None),
    ],
)
def test_an_edge_zone_is_read(row: dict[str, Any], expected: str | None) -> None:
    """Absent is none; what cannot be read is not taken for the region."""
    assert edge_zone_of(row) == expected


@given(_JSON)
def test_nonsense_is_no_version(value: Any) -> None:
    """The readers answer for anything."""
    version_status(value)
    version_status({"name": value, "properties": value})
    version_status(status(imageState=value, scheduledDeprecationTime=value))
    moment(value)
    edge_zone_of({"extendedLocation": value})
    image_of({"properties": value})
    if isinstance(value, list):
        assert len(version_names(value)) <= len(value)
