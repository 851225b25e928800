"""Exposure and patch lead time over played timelines: every expected number is worked out by hand beside it."""

from datetime import timedelta
from typing import Any

import pytest

from scanner.state.kept_instances import read_kept, told_of
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

WEB = scale_set_id("web").lower()
IMAGE = "canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
V1, V2, V3, V4 = "22.04.202608140", "22.04.202609100", "22.04.202610010", "22.04.202611050"
DAY = timedelta(days=1)


class Fleet:
    """One scale set of ten instances on a platform image; Azure's list is read at every scan, a day apart."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.world.asks_about_instances = self.world.asks_about_rollouts = False
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.world.azure.put_scale_set(document("web"))
        self.publish(V1)
        self.days = 0

    def publish(self, *versions: str) -> None:
        """Publish versions in the scale set's region."""
        for version in versions:
            self.world.images.put_platform_version("westeurope", IMAGE, version)

    def day(self, runs: dict[str, int] | None = None) -> dict[str, Any]:
        """Let instances run these versions, scan, and answer what is told; the day's number counts from 0."""
        if runs is not None:
            given = [{"count": count, "exact_version": version} for version, count in runs.items()]
            self.world.instances.set_instances(WEB, *given)
        self.world.scan(after=DAY)
        view = self.world.store_view()
        state = view.current[WEB]
        return dict(told_of(read_kept(state.beside, view.coverage.read_at.get(SUBSCRIPTION))) or {})

    def lead_times(self, told: dict[str, Any]) -> list[tuple[str, int | None, str]]:
        """Name lead times: version, hours, and what the publication rests on."""
        return [(each["version"], each["hours"], each["published_is"]) for each in told["lead_times"]]


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet of which all ten instances run the newest version at the first scan."""
    made = Fleet()
    made.day({V1: 10})
    return made


def test_a_version_reaches_the_last_instance(fleet: Fleet) -> None:
    """Seen published on day 1, in the last instance on day 4: three days; 10, 6 and 2 instances were a day behind each."""
    fleet.publish(V2)
    first = fleet.day({V1: 10})
    assert (first["on_newest_image"], first["behind_image"], first["exposure_hours"]) == (0, 10, 0)
    assert fleet.lead_times(first) == []
    fleet.day({V1: 6, V2: 4})
    fleet.day({V1: 2, V2: 8})
    last = fleet.day({V2: 10})
    assert fleet.lead_times(last) == [(V2, 72, "first_seen")]
    assert last["exposure_hours"] == 24 * (10 + 6 + 2)
    assert (last["on_newest_image"], last["behind_image"]) == (10, 0)
    assert fleet.day()["exposure_hours"] == last["exposure_hours"]


def test_what_was_there_at_the_first_look_took_an_unknown_time() -> None:
    """The version is there, and newer than what runs, at the first scan: its publication is not known, and not zero."""
    fleet = Fleet()
    fleet.publish(V2)
    assert fleet.lead_times(fleet.day({V1: 10})) == []
    assert fleet.lead_times(fleet.day({V2: 10})) == [(V2, None, "before_first_seen")]


def test_a_fleet_that_is_on_the_newest_version_when_first_seen_has_taken_no_known_time(fleet: Fleet) -> None:
    """When it got there was not seen: there is no lead time, neither now nor later."""
    assert fleet.lead_times(fleet.day()) == []
    assert fleet.lead_times(fleet.day({V1: 12})) == []


def test_a_version_that_is_passed_over_has_its_own_time(fleet: Fleet) -> None:
    """V2 is seen on day 1, V3 on day 3, all run V3 on day 4: 72 and 24 hours. What ran V1 is exposed since day 1."""
    fleet.publish(V2)
    fleet.day()
    fleet.day()
    fleet.publish(V3)
    fleet.day()
    told = fleet.day({V3: 10})
    assert fleet.lead_times(told) == [(V2, 72, "first_seen"), (V3, 24, "first_seen")]
    assert told["exposure_hours"] == 72 * 10


def test_rollouts_that_are_always_late_have_lead_times_too(fleet: Fleet) -> None:
    """V2 is reached on day 4, when V3 is out since day 3: 72 hours, though no instance runs the newest version."""
    fleet.publish(V2)
    fleet.day()
    fleet.day()
    fleet.publish(V3)
    fleet.day()
    told = fleet.day({V2: 10})
    assert fleet.lead_times(told) == [(V2, 72, "first_seen")]
    assert (told["on_newest_image"], told["behind_image"]) == (0, 10)


def test_a_rollback_adds_exposure_and_no_second_lead_time(fleet: Fleet) -> None:
    """Two days on V2, a day back on V1, and on V2 again."""
    fleet.publish(V2)
    fleet.day()
    assert fleet.lead_times(fleet.day({V2: 10})) == [(V2, 24, "first_seen")]
    fleet.day({V1: 10})
    told = fleet.day({V2: 10})
    assert fleet.lead_times(told) == [(V2, 24, "first_seen")]
    assert told["exposure_hours"] == 2 * 240


def test_without_instances_nothing_is_waited_for(fleet: Fleet) -> None:
    """Scaled to 0 when V2 comes, and out again on it: neither exposure nor a lead time."""
    fleet.world.azure.scale_set(WEB)["sku"]["capacity"] = 0
    fleet.day({})
    fleet.publish(V2)
    fleet.day()
    fleet.world.azure.scale_set(WEB)["sku"]["capacity"] = 10
    told = fleet.day({V2: 10})
    assert fleet.lead_times(told) == []
    assert told["exposure_hours"] == 0
    fleet.publish(V3)
    fleet.day()
    assert fleet.lead_times(fleet.day({V3: 10})) == [(V3, 24, "first_seen")]


def test_an_instance_whose_version_is_not_reported_is_neither_on_it_nor_behind(fleet: Fleet) -> None:
    """While one is not known the last instance was not seen to arrive; it is left out of exposure."""
    fleet.publish(V2)
    fleet.day()
    told = fleet.day({V2: 9, "": 1})
    assert (told["on_newest_image"], told["behind_image"], told["count"]) == (9, 0, 10)
    assert fleet.lead_times(told) == []
    assert fleet.lead_times(fleet.day({V2: 10})) == [(V2, 48, "first_seen")]


def test_exposure_stands_still_while_instances_are_not_counted(fleet: Fleet) -> None:
    """The clock stops at the last count; when counts come back unchanged, the time between is filled in."""
    fleet.publish(V2)
    fleet.day({V1: 5, V2: 5})
    assert fleet.day()["exposure_hours"] == 24 * 5
    fleet.world.instances.faults.uncounted = {SUBSCRIPTION}
    for _ in range(3):
        assert fleet.day({V2: 10})["exposure_hours"] == 24 * 5
    fleet.world.instances.faults.uncounted = set()
    told = fleet.day()
    assert told["exposure_hours"] == 24 * 5 * 5
    assert fleet.lead_times(told) == [(V2, 24 * 5, "first_seen")]


def test_another_image_in_the_model_begins_anew(fleet: Fleet) -> None:
    """How old instances stand beside the new image is not known: no exposure is added, and none is lost."""
    fleet.publish(V2)
    fleet.day()
    reference = fleet.world.azure.scale_set(WEB)["properties"]["virtualMachineProfile"]["storageProfile"]
    reference["imageReference"] = {"publisher": "contoso", "offer": "own", "sku": "one", "version": "latest"}
    told = fleet.day()
    assert (told["on_newest_image"], told["behind_image"], told["exposure_hours"]) == (None, None, 240)
    assert fleet.day()["exposure_hours"] == 240


def test_a_state_is_not_written_while_nothing_changes(fleet: Fleet) -> None:
    """Exposure grows by the clock alone: the state holds since when how many are behind."""
    fleet.publish(V2)
    fleet.day()
    before = {stored.row.key: stored.row.body for stored in fleet.world.store.load()}
    assert fleet.day()["exposure_hours"] == 240
    assert {stored.row.key: stored.row.body for stored in fleet.world.store.load()} == before


def test_exposure_counts_from_the_first_reading() -> None:
    """What was behind before the service looked is not added up, and the moment is told."""
    fleet = Fleet()
    fleet.publish(V2)
    assert fleet.day({V1: 10})["exposure_from"] == (START + DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert fleet.day()["exposure_hours"] == 240


@pytest.mark.parametrize("body", [7, [], {}, {"image": "x"}, {"image": "x", "from": "not a moment"}, "text"])
def test_sums_of_another_form_are_added_up_anew(body: Any) -> None:
    """What a later release wrote is not known here, and takes nothing else of the instances with it."""
    kept = read_kept({"instances": {"glance": ["", ""], "behind_image": 3, "patching": body}}, None)
    assert (kept.instances.behind_image, kept.patching) == (3, None)
