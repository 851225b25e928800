"""Platform images over several scans: asked for once for each image and region, remembered, and first seen once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from scanner.facts.depth import Depth
from scanner.judging.judge import Judgement
from scanner.state.images_seen import RECORD
from scanner.times import iso
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document

NAME = "canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
OLD, MIDDLE, NEW = "22.04.202609010", "22.04.202610010", "22.04.202611050"
ACTIVE = {"imageDeprecationStatus": {"imageState": "Active"}}
DEPRECATED = {"imageDeprecationStatus": {"imageState": "Deprecated"}}
HOUR = timedelta(hours=1)


class Fleet:
    """Two scale sets on one image, in a scan every hour."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.world.asks_about_instances = self.world.asks_about_rollouts = False  # else they are due by age
        self.judged: dict[str, Judgement] = {}
        self.world.request = {"on_judged": self._take}
        for name, subscription in (("web", SUBSCRIPTION), ("api", OTHER)):
            self.world.azure.put_subscription(subscription, name)
            self.world.azure.put_scale_set(document(name, subscription))
        self.publish(OLD)
        self.publish(MIDDLE)

    def _take(self, judgement: Judgement) -> None:
        self.judged[judgement.posture.name] = judgement

    def publish(self, version: str, properties: Mapping[str, Any] = ACTIVE, place: str = "westeurope") -> None:
        """Publish a version."""
        self.world.images.put_platform_version(place, NAME, version, **properties)

    def scan(self, after: timedelta = HOUR) -> set[str]:
        """Scan, and name the scale sets that were judged."""
        self.judged.clear()
        self.world.images.calls.clear()
        self.world.scan(after=after)
        return set(self.judged)

    def depth(self, name: str = "web") -> Depth:
        """Answer what was known beside a scale set that was judged."""
        return self.judged[name].depth

    def model(self, name: str = "web") -> dict[str, Any]:
        """Answer the image reference of a scale set, to be changed."""
        key = next(key for key in self.world.azure.documents if key.endswith(f"/{name}"))
        made: dict[str, Any] = self.world.azure.documents[key]
        reference: dict[str, Any] = made["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
        return reference


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was scanned once."""
    made = Fleet()
    assert made.scan() == {"web", "api"}
    return made


def test_one_list_serves_all_scale_sets_of_a_region(fleet: Fleet) -> None:
    """Two scale sets in two subscriptions on one image cost one call."""
    assert fleet.world.images.calls == [f"westeurope|{NAME}"]
    newest = fleet.depth().newest
    assert newest is not None
    assert newest.version == MIDDLE
    assert [(each.version, each.is_exact) for each in newest.offered] == [(MIDDLE, False)]


def test_a_list_is_kept_for_hours(fleet: Fleet) -> None:
    """Nothing is asked, judged or written again while the list is current."""
    for _ in range(5):
        assert fleet.scan() == set()
        assert fleet.world.images.calls == []


def test_a_publication_judges_the_scale_sets_that_use_the_image_and_no_others(fleet: Fleet) -> None:
    """And its moment is that of the scan that saw it first, for good."""
    fleet.world.azure.documents[next(key for key in fleet.world.azure.documents if key.endswith("/api"))][
        "location"
    ] = "northeurope"
    fleet.world.images.put_platform_version("northeurope", NAME, MIDDLE, **ACTIVE)
    fleet.scan()
    fleet.publish(NEW)
    assert fleet.scan(timedelta(hours=12)) == {"web"}
    seen_at = fleet.world.clock
    newest = fleet.depth().newest
    assert newest is not None
    assert [(each.version, each.is_exact) for each in newest.offered] == [(MIDDLE, False), (NEW, True)]
    assert newest.behind_since(MIDDLE) == seen_at
    fleet.scan(timedelta(days=30))
    fleet.model()["version"] = OLD
    fleet.scan()
    newest = fleet.depth().newest
    assert newest is not None
    assert newest.since_of(NEW) == seen_at


def test_a_version_that_is_withdrawn_is_not_the_newest_and_its_first_moment_is_kept(fleet: Fleet) -> None:
    """When it comes back it is as old as it was."""
    fleet.publish(NEW)
    fleet.scan(timedelta(hours=12))
    seen_at = fleet.world.clock
    lists = fleet.world.images.platform
    removed = lists[f"westeurope|{NAME}"].pop()
    assert fleet.scan(timedelta(hours=12)) == {"web", "api"}
    newest = fleet.depth().newest
    assert newest is not None
    assert newest.version == MIDDLE
    lists[f"westeurope|{NAME}"].append(removed)
    fleet.scan(timedelta(hours=12))
    newest = fleet.depth().newest
    assert newest is not None
    assert (newest.version, newest.since_of(NEW)) == (NEW, seen_at)


def test_a_list_that_cannot_be_read_leaves_what_was_known(fleet: Fleet) -> None:
    """No scale set is judged for that, and a judgement for another reason knows the old list with its age."""
    read_at = fleet.depth().newest
    fleet.world.images.is_broken = True
    assert fleet.scan(timedelta(hours=14)) == set()
    assert fleet.world.images.calls != []
    fleet.model()["version"] = OLD
    assert fleet.scan() == {"web"}
    assert read_at is not None
    assert fleet.depth().newest == read_at


def test_an_image_that_was_never_read_is_unknown() -> None:
    """Neither old nor new: the rules answer unknown."""
    fleet = Fleet()
    fleet.world.images.is_broken = True
    fleet.scan()
    assert fleet.depth().newest is None
    assert fleet.judged["web"].outcomes["VMSS-037"] == "unknown"
    fleet.world.images.is_broken = False
    assert fleet.scan() == {"web", "api"}
    assert fleet.judged["web"].outcomes["VMSS-037"] == "passed"


@pytest.mark.parametrize("nonsense", [{"name": None}, {"properties": {}}, "24.04.1", None, 7, []])
def test_a_list_with_an_unreadable_item_is_no_list(nonsense: Any) -> None:
    """What cannot be read may be the newest version."""
    fleet = Fleet()
    fleet.world.images.platform[f"westeurope|{NAME}"].append(nonsense)
    fleet.scan()
    assert fleet.depth().newest is None


def test_a_deprecation_that_the_list_leaves_out_is_asked_for_once(fleet: Fleet) -> None:
    """Of the version that new instances get, and not in every scan."""
    key = f"westeurope|{NAME}"
    fleet.world.images.platform[key] = [{"name": OLD}, {"name": NEW}]
    fleet.world.images.alone[f"{key}|{NEW}"] = {"name": NEW, "properties": DEPRECATED}
    fleet.scan(timedelta(hours=12))
    assert fleet.world.images.calls == [key, f"{key}|{NEW}"]
    assert fleet.judged["web"].outcomes["VMSS-037"] == "failed"
    assert ("finding.opened", "web", "VMSS-037") in fleet.world.news()
    assert fleet.scan() == set()
    assert fleet.world.images.calls == []


def test_a_fixed_version_is_asked_about_beside_the_newest(fleet: Fleet) -> None:
    """Its own state counts, not that of the newest version."""
    fleet.world.images.platform[f"westeurope|{NAME}"][0]["properties"] = DEPRECATED
    fleet.model()["version"] = OLD
    fleet.scan(timedelta(hours=12))
    assert fleet.judged["web"].outcomes["VMSS-037"] == "failed"
    assert fleet.judged.get("api") is None or fleet.judged["api"].outcomes["VMSS-037"] == "passed"


def test_an_edge_zone_has_a_list_of_its_own(fleet: Fleet) -> None:
    """The region's list says nothing of it; an empty list of the zone is an answer."""
    key = next(key for key in fleet.world.azure.documents if key.endswith("/web"))
    fleet.world.azure.documents[key]["extendedLocation"] = {"name": "LosAngeles", "type": "EdgeZone"}
    fleet.world.images.platform[f"westeurope/losangeles|{NAME}"] = []
    assert fleet.scan() == {"web"}
    newest = fleet.depth().newest
    assert newest is not None
    assert (newest.location, newest.version) == ("westeurope/losangeles", None)


def test_a_damaged_record_is_told_and_begins_anew(fleet: Fleet) -> None:
    """What was first seen is not known any more: it is not taken for a publication of today."""
    fleet.world.store.put_records({RECORD: "[]"})
    result = fleet.world.scan()
    assert f"The control record {RECORD} cannot be read" in result.record.error
    newest = fleet.depth().newest
    assert newest is not None
    assert [each.is_exact for each in newest.offered] == [False]


def test_what_a_state_rests_on_is_in_the_store_before_the_state(fleet: Fleet) -> None:
    """The record names the version and the moment that the next scan will compare with."""
    text = fleet.world.store.get_record(RECORD)
    assert text is not None
    assert MIDDLE in text
    assert iso(fleet.world.clock) in text
