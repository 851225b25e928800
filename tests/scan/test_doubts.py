"""Old is not new: what Resource Graph says is believed at once when it is news, and confirmed when it may be old."""

from copy import deepcopy
from typing import Any

import pytest

from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

KEY = scale_set_id("web").lower()
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-shop"
OWNER = "/subscriptions/x/providers/Microsoft.ContainerService/managedClusters/z"


@pytest.fixture
def world() -> FakeWorld:
    """Make a service that knows one scale set, with everything in order."""
    world = FakeWorld()
    world.azure.put_subscription(SUBSCRIPTION, "shop-production")
    world.azure.put_scale_set(document("web"))
    world.scan()
    world.news()
    return world


def put_batch(world: FakeWorld, percent: int) -> None:
    """Change the batch size."""
    policy = world.azure.scale_set(KEY)["properties"]["upgradePolicy"]["rollingUpgradePolicy"]
    policy["maxBatchInstancePercent"] = percent


def put_flag(world: FakeWorld, *, on: bool) -> None:
    """Switch the automatic OS image upgrade."""
    policy = world.azure.scale_set(KEY)["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]
    policy["enableAutomaticOSUpgrade"] = on


def old_answer(world: FakeWorld) -> dict[str, Any]:
    """Keep the present answer of Resource Graph, to be given again later."""
    return deepcopy(world.azure.scale_set(KEY))


BATCH = "max_batch_instance_percent"
WORSE = [
    ("posture.drifted", "web", BATCH),
    ("finding.opened", "web", "VMSS-020"),
    ("finding.opened", "web", "VMSS-021"),
]
BETTER = [
    ("posture.drifted", "web", BATCH),
    ("finding.resolved", "web", "VMSS-020"),
    ("finding.resolved", "web", "VMSS-021"),
]


def test_an_old_answer_makes_no_event(world: FakeWorld) -> None:
    """An answer from before the change neither resolves nor strengthens, and the next one opens nothing again."""
    before = old_answer(world)
    put_batch(world, 100)
    world.scan()
    assert world.news() == WORSE
    world.azure.faults.stale = {KEY: before}
    for _ in range(3):
        assert world.scan().record.status == "complete"
    world.azure.faults.stale = {}
    world.scan()
    assert world.news() == []


def test_a_remediation_is_told_at_once_when_compute_confirms_it(world: FakeWorld) -> None:
    """One question to Compute, and the finding is resolved in the same scan."""
    put_batch(world, 100)
    world.scan()
    assert world.news() == WORSE
    asked = world.azure.compute_calls
    put_batch(world, 20)
    world.scan()
    assert world.news() == BETTER
    assert world.azure.compute_calls == asked + 1


def test_without_compute_good_news_waits_for_the_same_answer_in_a_second_scan(world: FakeWorld) -> None:
    """And is told then, once."""
    put_batch(world, 100)
    world.scan()
    assert world.news() == WORSE
    world.azure.faults.compute_is_silent = True
    put_batch(world, 20)
    world.scan()
    assert world.news() == []
    assert world.store_view().current[KEY].open_findings.keys() == {"VMSS-020", "VMSS-021"}
    world.scan()
    assert world.news() == BETTER
    world.scan()
    assert world.news() == []


def test_without_compute_one_old_answer_is_not_believed(world: FakeWorld) -> None:
    """Another answer in the next scan, and what was claimed is forgotten."""
    before = old_answer(world)
    put_batch(world, 100)
    world.scan()
    world.news()
    world.azure.faults.compute_is_silent = True
    for stale in ({KEY: before}, {}, {KEY: before}, {}):
        world.azure.faults.stale = stale
        world.scan()
    assert world.news() == []


def test_a_new_worse_value_is_told_at_once_also_without_compute(world: FakeWorld) -> None:
    """Beside good news that waits: the flag was never off before, and the batch may be an old answer."""
    put_batch(world, 100)
    world.scan()
    world.news()
    world.azure.faults.compute_is_silent = True
    put_batch(world, 20)
    put_flag(world, on=False)
    world.scan()
    assert world.news() == [
        ("posture.drifted", "web", "automatic_os_upgrade"),
        ("posture.drifted", "web", "upgrades_itself"),
        ("finding.opened", "web", "VMSS-001"),
    ]
    world.scan()
    assert world.news() == BETTER


def test_a_worse_value_that_was_there_before_needs_compute(world: FakeWorld) -> None:
    """It may be the answer from before the remediation; confirmed by Compute it is told in the same scan."""
    put_batch(world, 100)
    world.scan()
    old = old_answer(world)
    put_batch(world, 20)
    world.scan()
    world.news()
    world.azure.faults.stale = {KEY: old}
    world.scan()
    assert world.news() == []
    world.azure.faults.stale = {}
    put_batch(world, 100)
    world.scan()
    assert world.news() == WORSE


def test_a_removed_scale_set_does_not_come_back_from_an_old_answer(world: FakeWorld) -> None:
    """Until Compute has it again, whatever Resource Graph says, and however often."""
    old = old_answer(world)
    world.azure.delete_scale_set(KEY)
    world.scan()
    world.scan()
    assert world.news() == [("scale_set.removed", "web", "")]
    world.azure.faults.stale = {KEY: old}
    for is_silent in (False, True, True, False):
        world.azure.faults.compute_is_silent = is_silent
        world.scan()
    assert world.news() == []
    world.azure.put_scale_set(document("web"))
    world.scan()
    assert world.news() == [("scale_set.discovered", "web", "")]


def test_another_resource_under_the_same_id_is_confirmed(world: FakeWorld) -> None:
    """An old answer with the unique id of a predecessor is no re-creation."""
    first = old_answer(world)
    for unique_id, expected in (("u1", []), ("u2", [("scale_set.recreated", "web", "")])):
        world.azure.scale_set(KEY)["properties"]["uniqueId"] = unique_id
        first = first if unique_id == "u2" else old_answer(world)
        world.scan()
        assert world.news() == expected
    world.azure.faults.stale = {KEY: first}
    world.scan()
    world.azure.faults.stale = {}
    world.scan()
    assert world.news() == []


class TestOwners:
    """A resource group whose owner is left out once is not free, and one that gets an owner is believed the second time."""

    @pytest.fixture
    def owned(self) -> FakeWorld:
        """Make a scale set that another service owns, and that nobody else would call well kept."""
        world = FakeWorld()
        world.azure.put_subscription(SUBSCRIPTION, "shop-production")
        world.azure.put_group(SUBSCRIPTION, "rg-shop", managed_by=OWNER)
        world.azure.put_scale_set(document("web"))
        put_flag(world, on=False)
        world.scan()
        world.news()
        return world

    def test_left_out_once(self, owned: FakeWorld) -> None:
        """No event, in this scan or the next."""
        owned.azure.faults.without_owner = {GROUP}
        assert owned.scan().record.headlines == {"managed": 1}
        owned.azure.faults.without_owner = set()
        owned.scan()
        assert owned.news() == []

    def test_gone(self, owned: FakeWorld) -> None:
        """Told when two scans have said so."""
        owned.azure.put_group(SUBSCRIPTION, "rg-shop")
        owned.scan()
        assert owned.news() == []
        owned.scan()
        assert ("finding.opened", "web", "VMSS-001") in owned.news()

    def test_an_owner_that_appears_once(self, world: FakeWorld) -> None:
        """An old answer that names an owner withdraws nothing."""
        put_flag(world, on=False)
        world.scan()
        world.news()
        for owner in (OWNER, ""):
            world.azure.put_group(SUBSCRIPTION, "rg-shop", managed_by=owner)
            world.scan()
        assert world.news() == []
        world.azure.put_group(SUBSCRIPTION, "rg-shop", managed_by=OWNER)
        world.scan()
        world.scan()
        assert ("finding.withdrawn", "web", "VMSS-001") in world.news()


def test_an_exemption_that_an_old_answer_leaves_out_holds(world: FakeWorld) -> None:
    """The tag was set after the finding was opened; the answer from before it opens nothing."""
    put_flag(world, on=False)
    world.scan()
    without_tag = old_answer(world)
    tag = "rules=VMSS-001; until=2026-12-31; reason=r; owner=o"
    world.azure.scale_set(KEY)["tags"]["upgrade-posture-exempt"] = tag
    world.scan()
    assert world.news()[-1] == ("finding.exempted", "web", "VMSS-001")
    world.azure.faults.stale = {KEY: without_tag}
    world.scan()
    world.azure.faults.stale = {}
    world.scan()
    assert world.news() == []


def test_state_that_was_lost_starts_a_new_generation(world: FakeWorld) -> None:
    """The same finding at the same revision has another id: an event is never taken for a repeat."""
    put_flag(world, on=False)
    world.scan()
    world.store = type(world.store)()
    world.scan()
    rows = [row for rows in world.received.rows.values() for row in rows if row.get("ScaleSetName")]
    assert [(row["EventType"], row["Revision"]) for row in rows][-2:] == [
        ("scale_set.discovered", 1),
        ("finding.opened", 1),
    ]
    assert len({row["EventId"] for row in rows}) == len(rows)


@pytest.mark.parametrize("silent", [False, True])
def test_compute_out_of_order_does_not_take_the_scan(world: FakeWorld, silent: bool) -> None:  # noqa: FBT001 - a table's column
    """However many scale sets are in doubt, a subscription that does not answer is left alone after three questions."""
    for number in range(50):
        world.azure.put_scale_set(document(f"web-{number}"))
    world.scan()
    for number in range(50):
        world.azure.delete_scale_set(scale_set_id(f"web-{number}"))
    world.azure.faults.compute_is_silent = silent
    world.scan()
    asked = world.azure.compute_calls
    assert world.scan().failure is None
    assert world.azure.compute_calls - asked == (3 if silent else 50)
