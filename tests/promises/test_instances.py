"""What the instances run, over the local Azure: real queries, real lists, real budgets, and faults of each."""

from datetime import timedelta
from typing import Any

import pytest

from emulator.endpoint.faults import FaultKind
from tests.scale_sets import SUBSCRIPTION, scale_set_id
from tests.world import World

OLD, NEW = "22.04.202608140", "22.04.202609100"
WEB = scale_set_id("web")
COLUMNS = ("latestModelApplied", "protectionPolicy")


@pytest.fixture
def watched(world: World) -> World:
    """Answer a world in which Compute is asked, with one scale set on the newest image."""
    world.asks_about_instances = True
    world.add("web")
    world.control.set_instances(WEB, {"count": 10, "exact_version": NEW, "health": "healthy"})
    world.scan()
    world.news()
    return world


def findings(world: World, hours: int = 1) -> set[tuple[str, str]]:
    """Scan so many hours later, and name what happened to findings."""
    world.clock += timedelta(hours=hours - 1)
    world.scan()
    return {(event, detail) for event, _, detail in world.news() if event.startswith("finding.")}


def told(world: World) -> dict[str, Any]:
    """Answer what the last scan says of its census."""
    row = world.last_scan()["Instances"]
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize("offered", [True, False], ids=["the table has the columns", "the table lacks them"])
def test_behind_the_model_is_found_either_way(watched: World, offered: bool) -> None:  # noqa: FBT001 - a case
    """By the census where the cloud offers the model, else by Compute; and the scan says which."""
    if not offered:
        watched.control.set_limits(columns_not_offered=COLUMNS)
    watched.control.set_instances(
        WEB,
        {"count": 7, "exact_version": NEW, "health": "healthy"},
        {"count": 3, "exact_version": OLD, "health": "healthy", "latest_model": False},
    )
    assert findings(watched, hours=23) == set()
    assert told(watched)["offers_model"] is offered
    assert findings(watched, hours=23) == set()
    assert findings(watched, hours=5) == {("finding.opened", "VMSS-010")}
    watched.control.set_instances(WEB, {"count": 10, "exact_version": NEW, "health": "healthy"})
    assert findings(watched, hours=4) == {("finding.resolved", "VMSS-010")}


def test_unhealthy_instances_and_suspended_repairs(watched: World) -> None:
    """Both are known to Compute alone, and found within a day."""
    watched.control.set_instances(
        WEB,
        {"count": 6, "exact_version": NEW, "health": "healthy"},
        {"count": 4, "exact_version": NEW, "health": "unhealthy"},
    )
    watched.control.set_repairs(WEB, "Suspended")
    assert findings(watched, hours=25) == {("finding.opened", "VMSS-042"), ("finding.opened", "VMSS-043")}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (FaultKind.TRUNCATE, {}),
        (FaultKind.STATUS, {"status": 400}),
        (FaultKind.MALFORMED, {}),
    ],
)
def test_a_census_that_fails_loses_and_invents_nothing(watched: World, kind: FaultKind, more: dict[str, Any]) -> None:
    """The scan goes on, says what was not counted, and keeps what is known."""
    watched.time_limit = timedelta(seconds=20)  # of which the census may take a quarter
    watched.control.add_fault("graph", kind, contains="summarize instances", count=6, **more)
    watched.control.set_instances(WEB, {"count": 10, "exact_version": OLD, "latest_model": False, "health": "healthy"})
    assert findings(watched, hours=2) == set()
    if kind is not FaultKind.MALFORMED:
        assert told(watched)["problem"]
    assert watched.last_scan()["Status"] == "complete"
    watched.control.clear_faults()
    assert findings(watched) == set()


def test_compute_that_refuses_is_left_alone(watched: World) -> None:
    """Others have used up the budget: the scan is complete, and what is known stays."""
    watched.control.add_fault(
        "arm", FaultKind.STATUS, status=429, contains="virtualmachines", count=None, retry_after=1
    )
    watched.control.set_instances(WEB, {"count": 10, "exact_version": NEW, "health": "unhealthy"})
    assert findings(watched, hours=26) == set()
    assert watched.last_scan()["Status"] == "complete"
    assert told(watched)["asked"] == 0


def test_a_subscription_without_access_to_instances_is_complete_too(watched: World) -> None:
    """403 from Compute is not known, and no failure of the scan."""
    watched.control.add_fault("arm", FaultKind.STATUS, status=403, contains="virtualmachines", count=None)
    watched.control.set_instances(WEB, {"count": 10, "exact_version": NEW, "health": "unhealthy"})
    assert findings(watched, hours=26) == set()
    assert watched.last_scan()["Status"] == "complete"
    assert SUBSCRIPTION in WEB
