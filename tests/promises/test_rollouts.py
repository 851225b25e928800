"""Rollouts and who changed what, over the local Azure: what Azure plays is what is told, each once, whatever fails."""

from datetime import timedelta
from typing import Any

import pytest

from emulator.client.estate import PIPELINE, Who
from emulator.endpoint.faults import FaultKind
from scanner.adapters.azure.compute_rollouts import ComputeRollouts
from scanner.errors import StoreError
from tests.scale_sets import OS_UPGRADE, scale_set_id
from tests.world import World

WEB = scale_set_id("web")
TARGET = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-LTS", "exactVersion": "22.04.202611050"}
EVE = Who(changed_by="eve@contoso.example")
ENDS = {"rollout.completed", "rollout.failed", "rollout.rolled_back"}


@pytest.fixture
def fleet(world: World) -> World:
    """Put a scale set with ten instances into the estate, and scan it."""
    world.asks_about_rollouts = world.asks_about_instances = True
    world.add("web")
    world.control.set_instances(WEB, {"count": 10, "exact_version": "22.04.202610010"})
    world.scan()
    world.new_rows()
    return world


def told(world: World, scans: int) -> list[tuple[str, dict[str, Any]]]:
    """Scan so often, an hour apart; name the rollout events, with their rows."""
    rows = []
    for _ in range(scans):
        world.scan()
        rows += [row for row in world.new_rows() if str(row["EventType"]).startswith("rollout.")]
    return [(str(row["EventType"]), row) for row in rows]


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param({"batch_minutes": 40}, ["rollout.started", "rollout.completed"], id="all goes well"),
        pytest.param({"batch_minutes": 1}, ["rollout.completed"], id="over between two scans"),
        pytest.param(
            {"batch_minutes": 40, "fails_in_batch": 2, "rolled_back": False},
            ["rollout.started", "rollout.failed"],
            id="a batch fails",
        ),
        pytest.param(
            {"batch_minutes": 40, "fails_in_batch": 2, "rolled_back": True},
            ["rollout.started", "rollout.rolled_back"],
            id="a batch is rolled back",
        ),
        pytest.param({"batch_minutes": 40, "stalls_after": 2}, ["rollout.started", "rollout.stalled"], id="it hangs"),
    ],
)
def test_a_rollout_is_told_as_azure_plays_it(fleet: World, course: dict[str, Any], expected: list[str]) -> None:
    """Whatever its course: one start, one stall, one end, in order, with the same attempt and target."""
    assert fleet.control.start_upgrade(WEB, TARGET, started_by="Platform", course=course)
    events = told(fleet, 11)
    assert [name for name, _ in events] == expected
    assert len({row["RolloutId"] for _, row in events}) == 1
    assert {row["RolloutTarget"] for _, row in events} == {"canonical/jammy/22_04-lts/22.04.202611050"}
    assert {row["RolloutStartedBy"] for _, row in events} == {"platform"}


@pytest.mark.parametrize("part", ["rollingUpgrades", "osUpgradeHistory"])
def test_a_source_that_fails_loses_and_invents_nothing(fleet: World, part: str) -> None:
    """While one of the two answers fails nothing is told; afterwards all is, once."""
    fleet.control.start_upgrade(
        WEB, TARGET, started_by="Platform", course={"batch_minutes": 40, "fails_in_batch": 2, "rolled_back": True}
    )
    fleet.control.add_fault("arm", FaultKind.STATUS, status=500, contains=part, count=None, retry_after=0)
    assert told(fleet, 3) == []
    fleet.control.clear_faults()
    fleet.rollouts.close()
    fleet.rollouts = ComputeRollouts(fleet.connection, lambda: fleet.clock)  # each scan of the service has its own
    assert [name for name, _ in told(fleet, 3)] == ["rollout.rolled_back"]


def test_a_scan_whose_state_fails_repeats_no_attempt(fleet: World) -> None:
    """A store that fails after a commit, and the scan after it: each event once in Log Analytics."""
    fleet.control.start_upgrade(WEB, TARGET, started_by="Platform", course={"batch_minutes": 1})
    store = fleet.store

    class Failing:
        """The store, which fails once its commit is done."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def commit(self, writes: Any) -> Any:
            store.commit(writes)
            raise StoreError("The answer was lost.")

    fleet.store = Failing()
    with pytest.raises(StoreError):
        fleet.scan()
    fleet.store = store
    told(fleet, 2)
    ends = [row["EventId"] for row in fleet.control.rows("VmssPostureEvents_CL") if row["EventType"] in ENDS]
    assert len(set(ends)) == 1


def test_a_portal_edit_has_a_name_to_it(fleet: World) -> None:
    """Who, with what and when stand in the event; the pipeline that puts it back has no person's name."""
    flag = f"{OS_UPGRADE}.enableAutomaticOSUpgrade"
    fleet.control.change(WEB, {flag: False}, by=EVE)
    fleet.scan()
    (row,) = [row for row in fleet.new_rows() if row["Field"] == "automatic_os_upgrade"]
    assert (row["ChangedBy"], row["ChangedByType"], row["ChangedWith"], row["Attribution"]) == (
        "eve@contoso.example",
        "User",
        "Azure Portal",
        "known",
    )
    fleet.control.change(WEB, {flag: True}, by=PIPELINE)
    fleet.clock += timedelta(minutes=5)
    fleet.scan()
    (row,) = [row for row in fleet.new_rows() if row["Field"] == "automatic_os_upgrade"]
    assert (row["ChangedBy"], row["Direction"]) == (PIPELINE.changed_by, "strengthened")
