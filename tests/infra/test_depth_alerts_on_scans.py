"""Alerts on rollouts, images, rings and pipelines over what the scanner itself sent: each is provoked, and else silent."""

from datetime import timedelta
from typing import Any

import pytest

from emulator.client.estate import PIPELINE, Who
from tests.infra.test_alerts_on_scans import MODE, fired, target, told
from tests.scale_sets import document, scale_set_id
from tests.world import World

WEB = scale_set_id("web")
IMAGE = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
HERE: dict[str, Any] = {"location": "westeurope", **IMAGE}
OLD, NEW = "22.04.202610010", "22.04.202611050"
DAY = timedelta(days=1)
EVE = Who(changed_by="eve@contoso.example")


@pytest.fixture
def fleet(world: World) -> World:
    """Put a scale set with ten instances on the newest image into the estate, and scan it."""
    world.asks_about_rollouts = world.asks_about_instances = True
    world.control.publish_image(**HERE, version=OLD)
    world.add("web")
    world.control.set_instances(WEB, {"count": 10, "exact_version": OLD, "health": "healthy"})
    world.scan()
    world.new_rows()
    return world


def subjects(world: World, rule: str) -> list[tuple[str | None, str]]:
    """Name the alerts of a rule that fire now: target and subject."""
    return [(alert.target, alert.dimensions["Subject"]) for alert in fired(world, rule)]


@pytest.mark.parametrize(
    ("course", "subject"),
    [
        pytest.param({"batch_minutes": 30}, "", id="all goes well"),
        pytest.param({"batch_minutes": 30, "fails_in_batch": 2, "rolled_back": False}, "rollout.failed", id="it fails"),
        pytest.param(
            {"batch_minutes": 30, "fails_in_batch": 2, "rolled_back": True},
            "rollout.rolled_back",
            id="it is taken back",
        ),
        pytest.param({"batch_minutes": 30, "stalls_after": 1}, "rollout.stalled", id="it hangs"),
    ],
)
def test_a_rollout_alerts_once_unless_it_arrives(fleet: World, course: dict[str, Any], subject: str) -> None:
    """From its start to a day later, scan by scan: one alert where it does not arrive, none where it does."""
    fleet.control.publish_image(**HERE, version=NEW)
    target_image = {**IMAGE, "version": "latest", "exactVersion": NEW}
    assert fleet.control.start_upgrade(WEB, target_image, started_by="Platform", course=course)
    seen, is_news = [], True
    for _ in range(9):
        fleet.scan()
        was_news, is_news = is_news, any(row["EventType"].startswith("rollout.") for row in fleet.new_rows())
        if is_news or was_news:
            seen += subjects(fleet, "rollout-failed")
    assert seen == ([(target("web"), subject)] if subject else [])


def test_an_image_that_does_not_arrive_alerts_after_its_service_level(fleet: World) -> None:
    """From the scan that first sees a version: nothing for 20 days, VMSS-033 after 21, and nothing more."""
    fleet.control.publish_image(**HERE, version=NEW)
    fleet.clock += DAY
    fleet.scan()
    assert fired(fleet, "high-finding-opened") == []
    fleet.clock += 20 * DAY
    fleet.scan()
    assert fired(fleet, "high-finding-opened") == []
    fleet.clock += DAY
    fleet.scan()
    assert subjects(fleet, "high-finding-opened") == [(target("web"), "VMSS-033")]
    fleet.scan()
    assert fired(fleet, "high-finding-opened") == []


def test_an_image_that_will_be_deprecated_alerts_within_90_days(fleet: World) -> None:
    """Scheduled in 100 days it is silent; eleven days later VMSS-037 opens, with the day in it."""
    day = fleet.clock + 100 * DAY
    fleet.control.deprecate_image(**HERE, version=OLD, state="ScheduledForDeprecation", at=day)
    fleet.clock += DAY
    fleet.scan()
    assert fired(fleet, "high-finding-opened") == []
    fleet.clock += 10 * DAY
    fleet.scan()
    (alert,) = fired(fleet, "high-finding-opened")
    assert (alert.target, alert.dimensions["Subject"]) == (target("web"), "VMSS-037")
    assert str(day.date()) in alert.dimensions["What"]


def test_production_ahead_of_its_canary_alerts(fleet: World) -> None:
    """While both run one version nothing fires; when production alone runs the newer one, VMSS-072 does, at production."""
    canary = document("canary")
    canary["tags"] |= {"application": "shop", "ring": "canary"}
    fleet.control.put_scale_set(canary)
    fleet.control.edit_tags(WEB, {"application": "shop"})
    fleet.control.set_instances(scale_set_id("canary"), {"count": 4, "exact_version": OLD, "health": "healthy"})
    for _ in range(3):
        fleet.scan()
        assert fired(fleet, "high-finding-opened") == []
    fleet.control.publish_image(**HERE, version=NEW)
    fleet.control.set_instances(WEB, {"count": 10, "exact_version": NEW, "health": "healthy"})
    seen = []
    for _ in range(3):
        fleet.scan()
        seen += subjects(fleet, "high-finding-opened")
    assert seen == [(target("web"), "VMSS-072")]


def test_a_change_outside_the_pipeline_alerts_with_a_name(fleet: World) -> None:
    """A pipeline's change of what code manages is silent; a person's fires once, and says who."""
    fleet.control.edit_tags(WEB, {"managed-by": "terraform"}, by=PIPELINE)
    fleet.control.change(
        WEB, {"properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": 10}, by=PIPELINE
    )
    for _ in range(2):
        fleet.scan()
        assert fired(fleet, "changed-outside-pipeline") == []
    fleet.control.change(WEB, {MODE: "Automatic"}, by=EVE)
    seen = []
    for _ in range(3):
        fleet.scan()
        seen += fired(fleet, "changed-outside-pipeline")
    (alert,) = seen
    assert (alert.target, alert.dimensions["Subject"]) == (target("web"), "VMSS-083")
    assert "eve@contoso.example" in alert.dimensions["What"]


def test_from_publication_to_the_last_instance(fleet: World) -> None:
    """Azure publishes, waits a day, and rolls out: behind, under way, done, in scans three hours apart; one lead time."""
    course = {"batch_minutes": 60}
    fleet.control.publish(IMAGE, NEW, {"westeurope": 0}, rollout_after_hours=24, spread_hours=0, course=course)
    behind: list[int] = []
    happened: list[str] = []
    while "rollout.completed" not in happened and len(behind) < 15:
        fleet.clock += timedelta(hours=2)
        fleet.scan()
        happened += [row["EventType"] for row in fleet.new_rows()]
        whole = fleet.last_scan()["Numbers"]["all"]
        behind.append(whole["instances_behind"])
    assert happened == ["rollout.started", "rollout.completed"]
    assert 4 <= behind.count(10) <= 7  # the list of versions is read every 6 to 12 hours, and Azure begins after 24
    assert 0 < behind[-2] < 10
    assert behind[-1] == 0
    assert (whole["lead_times"], whole["image_compliance_percent"]) == (1, 100.0)
    fleet.snapshot()
    (row,) = fleet.control.rows("VmssPostureSnapshot_CL")
    (lead_time,) = row["LeadTimes"]
    assert (lead_time["version"], lead_time["published_is"]) == (NEW, "first_seen")
    moved = [count for count in behind if count]
    assert row["ExposureHours"] == 3 * sum(moved)
    assert lead_time["hours"] == 3 * len(moved)
    assert told(fleet) == {}


def test_an_image_that_is_deprecated_stops_scale_out(fleet: World) -> None:
    """Deprecated for good: VMSS-037 opens; a newer version that is active resolves it, though no instance has it yet."""
    fleet.control.deprecate_image(**HERE, version=OLD, state="Deprecated")
    fleet.clock += DAY
    fleet.scan()
    assert ("finding.opened", "web", "VMSS-037") in fleet.news()
    fleet.control.publish_image(**HERE, version=NEW)
    fleet.clock += DAY
    happened = []
    for _ in range(2):
        fleet.scan()
        happened += fleet.news()
    assert ("finding.resolved", "web", "VMSS-037") in happened
