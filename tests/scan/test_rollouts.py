"""Rollouts: each attempt is told once, with its end; Compute is asked only where something points to one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.ports.event import Table
from tests.fakes.world import FakeWorld
from tests.scale_sets import OS_UPGRADE, document, scale_set_id

WEB = scale_set_id("web")
HOUR = timedelta(hours=1)
TARGET = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-LTS", "version": "22.04.202611050"}
ERROR = {"code": "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade", "message": "2 are unhealthy."}
CLOSED = {"code": "RollingUpgradeBatchStartTimeNotWithinScheduledWindows", "message": "Later."}
RULES = ("VMSS-060", "VMSS-061", "VMSS-062")


class Fleet:
    """One scale set that rolls, with ten instances, scanned twice so that nothing is due."""

    def __init__(self, store: MemoryStore | None = None, *, hooks: list[dict[str, str]] | None = None) -> None:
        self.world = FakeWorld(store)
        self.world.azure.put_subscription(WEB.split("/")[2], "shop")
        made = document("web")
        if hooks is not None:
            made["properties"]["lifecycleHooksProfile"] = {"lifecycleHooks": hooks}
        self.world.azure.put_scale_set(made)
        self.instances(10)
        self.world.scan()
        self.world.scan()
        self._shown = len(self.world.received.rows[Table.EVENTS])

    def instances(self, new: int, old: int = 0) -> None:
        """Say how many instances run which version: that is what the census shows of a rollout."""
        runs = [{"count": new, "exact_version": "2.0.0"}, {"count": old, "exact_version": "1.0.0"}]
        self.world.instances.set_instances(WEB, *[run for run in runs if run["count"]])

    def start(self, **facts: Any) -> None:
        """Begin an upgrade half an hour before the next scan."""
        began = self.world.clock + HOUR / 2
        self.world.rollouts.put_upgrade(WEB, **{"started": began, "target": TARGET, "pending": 10, **facts})

    def rows(self) -> list[Mapping[str, Any]]:
        rows = self.world.received.rows[Table.EVENTS]
        fresh, self._shown = rows[self._shown :], len(rows)
        return fresh

    def scan(self, hours: float = 1) -> list[str]:
        """Scan; name the rollout events that are told."""
        self.world.scan(after=hours * HOUR)
        return [str(row["EventType"]) for row in self.rows() if str(row["EventType"]).startswith("rollout.")]

    @property
    def outcomes(self) -> list[str]:
        state = self.world.store_view().current[WEB.lower()]
        return [state.outcomes[rule_id] for rule_id in RULES]

    @property
    def asked(self) -> int:
        return len(self.world.rollouts.asked)


def test_a_rollout_is_told_from_its_start_to_its_end() -> None:
    """Started, nothing while it moves, completed: each once, and the rules say what they know."""
    fleet = Fleet()
    assert fleet.outcomes == ["not_applicable"] * 3
    fleet.start(in_progress=2, pending=8)
    fleet.instances(8, 2)
    assert fleet.scan() == ["rollout.started"]
    assert fleet.outcomes == ["unknown", "passed", "passed"]
    fleet.world.rollouts.change(WEB, successful=8, in_progress=2, pending=0)
    assert fleet.scan() == []
    fleet.world.rollouts.change(
        WEB, successful=10, in_progress=0, pending=0, code="Completed", ended=fleet.world.clock + HOUR / 4
    )
    fleet.world.scan()
    (row,) = [row for row in fleet.rows() if str(row["EventType"]).startswith("rollout.")]
    assert (row["EventType"], row["RolloutKind"], row["RolloutStartedBy"]) == (
        "rollout.completed",
        "os_upgrade",
        "platform",
    )
    assert row["RolloutTarget"] == "canonical/jammy/22_04-lts/22.04.202611050"
    assert (row["InstancesSucceeded"], row["InstancesPending"]) == (10, 0)
    assert row["RolloutId"] == "2026-11-09T08:30:00Z"
    assert fleet.scan() == []
    assert fleet.outcomes == ["passed"] * 3


@pytest.mark.parametrize(
    ("facts", "told", "outcomes"),
    [
        ({"code": "Completed", "successful": 10}, ["rollout.completed"], ["passed", "passed", "passed"]),
        ({"code": "Faulted", "failed": 2, "error": ERROR}, ["rollout.failed"], ["failed", "passed", "failed"]),
        (
            {"code": "Cancelled", "failed": 2, "is_os": False},
            ["rollout.failed"],
            ["failed", "passed", "not_applicable"],
        ),
        (
            {"code": "Faulted", "rollback": {"successfullyRolledbackInstanceCount": 2}},
            ["rollout.rolled_back"],
            ["failed", "passed", "failed"],
        ),
        ({"code": "Cancelled", "error": CLOSED}, [], ["passed", "passed", "passed"]),
        ({"code": "Resting"}, [], ["unknown", "unknown", "unknown"]),
    ],
)
def test_an_attempt_that_was_over_when_it_was_seen_has_its_end_alone(
    facts: dict[str, Any], told: list[str], outcomes: list[str]
) -> None:
    """Between two scans it began and ended: one event, and never a second one."""
    fleet = Fleet()
    fleet.start(**facts)
    fleet.instances(8, 2)
    assert fleet.scan() == told
    assert fleet.outcomes == outcomes
    for _ in range(3):
        assert fleet.scan() == []


def test_the_first_reading_tells_the_history() -> None:
    """What Azure still remembers becomes events, oldest first, so that it outlives Azure's five attempts."""
    world = FakeWorld()
    world.azure.put_subscription(WEB.split("/")[2], "shop")
    world.azure.put_scale_set(document("web"))
    for days, code in ((40, "Completed"), (20, "Faulted"), (3, "Completed")):
        world.rollouts.put_upgrade(WEB, started=world.clock - timedelta(days=days), code=code)
    world.scan()
    told = [row["EventType"] for row in world.received.rows[Table.EVENTS] if row.get("RolloutId")]
    assert told == ["rollout.completed", "rollout.failed", "rollout.completed"]


def test_a_stalled_rollout_is_told_once_and_its_finding_resolves_when_it_goes_on() -> None:
    """Six hours without an instance that finishes; it goes on, and ends."""
    fleet = Fleet()
    fleet.start(in_progress=2, pending=8)
    fleet.instances(10, 0)
    fleet.instances(8, 2)
    assert fleet.scan() == ["rollout.started"]
    assert fleet.scan(5) == []
    assert fleet.scan() == ["rollout.stalled"]
    assert fleet.outcomes[1] == "failed"
    assert fleet.scan() == []
    fleet.world.rollouts.change(WEB, successful=2, in_progress=2, pending=6)
    assert fleet.scan() == []
    assert fleet.outcomes[1] == "passed"
    fleet.world.rollouts.change(WEB, code="Completed", successful=10)
    assert fleet.scan() == ["rollout.completed"]


def test_a_lifecycle_hook_that_holds_it_is_no_stall() -> None:
    """Azure is asked about hooks only when the rule would fail; until the wait is over nothing is told."""
    fleet = Fleet(hooks=[{"type": "UpgradeAutoOSRollingBatchStarting", "defaultAction": "Approve"}])
    fleet.start(in_progress=2, pending=8)
    fleet.instances(8, 2)
    fleet.scan()
    fleet.scan(4)
    assert fleet.world.rollouts.asked_for_hooks == []
    fleet.world.rollouts.hold(WEB, fleet.world.clock + 4 * HOUR)
    assert fleet.scan(2) == []
    assert len(fleet.world.rollouts.asked_for_hooks) == 1
    assert fleet.outcomes[1] == "passed"
    assert fleet.scan(3) == ["rollout.stalled"]


def test_compute_is_asked_only_where_something_points_to_a_rollout() -> None:
    """A fleet at rest is asked about by age; a census that changed, a model that changed and what moves at once."""
    fleet = Fleet()
    before = fleet.asked
    for _ in range(6):
        fleet.scan()
    assert fleet.asked == before
    fleet.instances(8, 2)
    fleet.scan()
    assert fleet.asked == before + 1
    fleet.scan()
    assert fleet.asked == before + 1
    storage = fleet.world.azure.scale_set(WEB)["properties"]["virtualMachineProfile"]["storageProfile"]
    storage["imageReference"]["sku"] = "22_04-LTS"
    fleet.scan()
    assert fleet.asked == before + 2
    fleet.start(in_progress=2)
    fleet.instances(7, 3)
    for _ in range(3):
        fleet.scan()
    assert fleet.asked == before + 5
    fleet.world.rollouts.change(WEB, code="Completed")
    fleet.scan()
    fleet.scan()
    assert fleet.asked == before + 6
    fleet.scan(12)
    assert fleet.asked == before + 7


def test_a_scale_set_that_cannot_roll_is_not_asked_about() -> None:
    """No Rolling mode and no automatic OS image upgrade: nothing is asked, and nothing applies."""
    fleet = Fleet()
    policy = fleet.world.azure.scale_set(WEB)["properties"]["upgradePolicy"]
    policy["mode"] = "Manual"
    policy["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
    before = fleet.asked
    fleet.instances(5, 5)
    fleet.scan()
    fleet.scan(24)
    assert fleet.asked == before


def test_what_is_not_answered_stands_and_is_asked_again() -> None:
    """A silent Compute ends no rollout, resolves nothing and invents nothing."""
    fleet = Fleet()
    fleet.start(in_progress=2)
    fleet.instances(8, 2)
    fleet.scan()
    fleet.world.rollouts.change(WEB, code="Faulted", failed=2, error=ERROR)
    fleet.world.rollouts.faults.is_silent = True
    before = fleet.outcomes
    for _ in range(3):
        assert fleet.scan() == []
    assert fleet.outcomes == before
    fleet.world.rollouts.faults.is_silent = False
    assert fleet.scan() == ["rollout.failed"]


def test_findings_about_instances_wait_while_a_rolling_upgrade_moves() -> None:
    """Instances behind the model open nothing while they are being brought forward; once it hangs they do."""
    fleet = Fleet()
    fleet.world.criteria = replace(
        fleet.world.criteria, policy=replace(fleet.world.criteria.policy, behind_model_grace_hours=2), version="2"
    )
    fleet.start(in_progress=2, pending=8)
    fleet.world.instances.set_instances(WEB, {"count": 5, "latest_model": True}, {"count": 5, "latest_model": False})
    opened: list[str] = []
    for _ in range(6):
        fleet.scan()
    opened += [str(row["RuleId"]) for row in fleet.rows() if row["EventType"] == "finding.opened"]
    assert "VMSS-010" not in opened
    assert fleet.world.store_view().current[WEB.lower()].outcomes["VMSS-010"] == "unknown"
    fleet.world.scan(after=2 * HOUR)
    told = [str(row.get("RuleId")) for row in fleet.rows() if row["EventType"] == "finding.opened"]
    assert {"VMSS-010", "VMSS-061"} <= set(told)


def test_a_scan_that_is_repeated_tells_an_attempt_once() -> None:
    """The id of the event names the attempt: a repeat is the same event."""
    fleet = Fleet()
    fleet.start(in_progress=2)
    fleet.instances(8, 2)
    fleet.world.scan()
    fleet.world.scan_again()
    rows = [row for row in fleet.rows() if row.get("RolloutId")]
    assert len({row["EventId"] for row in rows}) == 1


def test_a_state_that_was_lost_repeats_the_ids_of_its_rollouts() -> None:
    """Log Analytics keeps one row of each: the history has no doubles."""
    fleet = Fleet()
    fleet.start(code="Completed")
    fleet.instances(8, 2)
    fleet.world.scan()
    (first,) = [row["EventId"] for row in fleet.rows() if row.get("RolloutId")]
    fleet.world.store = MemoryStore()
    fleet.world.scan()
    assert [row["EventId"] for row in fleet.rows() if row.get("RolloutId")] == [first]


def test_the_flag_that_is_switched_off_does_not_end_the_watch() -> None:
    """A rollout under way is followed to its end, whatever the model says by then."""
    fleet = Fleet()
    fleet.start(in_progress=2)
    fleet.instances(8, 2)
    fleet.scan()
    block: Any = fleet.world.azure.scale_set(WEB)
    for name in OS_UPGRADE.split("."):
        block = block[name]
    block["enableAutomaticOSUpgrade"] = False
    fleet.world.azure.scale_set(WEB)["properties"]["upgradePolicy"]["mode"] = "Manual"
    fleet.scan()
    fleet.world.rollouts.change(WEB, code="Completed")
    assert fleet.scan() == ["rollout.completed"]
