"""What happens when an image is published: phases, batches, a failed batch, a rollback, a stall, a hook, a window."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient

from emulator.client.local import LocalAzure
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import SUBSCRIPTION, scale_set, scale_set_id

START = datetime(2026, 11, 9, 6, tzinfo=UTC)
IMAGE = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04"}
OLD, NEW = "22.04.202510010", "22.04.202511010"
WEB, NORTH = scale_set_id("web"), scale_set_id("north")
DEFINITION = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/corp/images/base"
)


def _upgraded(name: str, **properties: Any) -> dict[str, Any]:
    policy = {
        "mode": "Rolling",
        "rollingUpgradePolicy": {"maxBatchInstancePercent": 20, "pauseTimeBetweenBatches": "PT5M"},
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True, **properties.pop("automatic", {})},
    }
    profile = {"storageProfile": {"imageReference": properties.pop("image", {**IMAGE, "version": "latest"})}}
    return scale_set(name, upgradePolicy=policy, virtualMachineProfile=profile, **properties)


@pytest.fixture
def azure_at_start(azure: LocalAzure) -> LocalAzure:
    """Serve two scale sets of ten instances on the old image, in two regions."""
    azure.control.set_clock(START)
    azure.control.put_scale_set(_upgraded("web"))
    azure.control.put_scale_set(_upgraded("north") | {"location": "northeurope"})
    for resource_id in (WEB, NORTH):
        azure.control.set_instances(resource_id, {"count": 10, "exact_version": OLD, "health": "healthy"})
    return azure


@pytest.fixture
def compute(azure_at_start: LocalAzure, credential: ManagedIdentityCredential) -> Iterator[ComputeManagementClient]:
    """Use the real client."""
    with ComputeManagementClient(credential, SUBSCRIPTION, base_url=azure_at_start.arm_endpoint) as client:
        yield client


def _versions(azure: LocalAzure, resource_id: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in azure.control.instances(resource_id):
        version = item["properties"]["storageProfile"]["imageReference"]["exactVersion"]
        found[version] = found.get(version, 0) + 1
    return found


def _publish(azure: LocalAzure, regions: dict[str, float] | None = None, **course: Any) -> None:
    azure.control.publish(
        IMAGE, NEW, regions or {"westeurope": 0}, rollout_after_hours=1, spread_hours=0, course=course
    )


def _later(azure: LocalAzure, **time: float) -> None:
    azure.control.set_clock(azure.control.now() + timedelta(**time))


def test_none_ever_run_is_not_found(compute: ComputeManagementClient) -> None:
    """The status is 404 with a message of its own, and the history is empty."""
    with pytest.raises(ResourceNotFoundError, match="The entity was not found in this Azure location"):
        compute.virtual_machine_scale_set_rolling_upgrades.get_latest("rg-web", "web")
    assert list(compute.virtual_machine_scale_sets.get_os_upgrade_history("rg-web", "web")) == []


def test_an_image_reaches_regions_in_phases(azure_at_start: LocalAzure, compute: ComputeManagementClient) -> None:
    """A version is listed where it has arrived, and scale sets are upgraded there first."""
    _publish(azure_at_start, {"westeurope": 0, "northeurope": 24})
    images = compute.virtual_machine_images
    names = tuple(IMAGE.values())
    assert [item.name for item in images.list("westeurope", *names)] == [NEW]
    assert images.list("northeurope", *names) == []
    _later(azure_at_start, hours=10)
    assert (_versions(azure_at_start, WEB), _versions(azure_at_start, NORTH)) == ({NEW: 10}, {OLD: 10})
    _later(azure_at_start, hours=24)
    assert _versions(azure_at_start, NORTH) == {NEW: 10}


def test_a_rolling_upgrade_moves_batch_by_batch(azure_at_start: LocalAzure, compute: ComputeManagementClient) -> None:
    """Counts, instances and status agree at every moment; at the end there is one attempt in the history."""
    _publish(azure_at_start)
    _later(azure_at_start, hours=1, minutes=25)
    status = compute.virtual_machine_scale_set_rolling_upgrades.get_latest("rg-web", "web")
    assert status.running_status is not None
    assert status.running_status.code == "RollingForward"
    assert status.progress is not None
    # The first batch took ten minutes, the pause five, and the second one is done after twenty-five.
    assert (status.progress.successful_instance_count, status.progress.pending_instance_count) == (4, 6)
    assert _versions(azure_at_start, WEB) == {NEW: 4, OLD: 6}
    _later(azure_at_start, hours=2)
    attempts = list(compute.virtual_machine_scale_sets.get_os_upgrade_history("rg-web", "web"))
    assert len(attempts) == 1
    facts = attempts[0].as_dict()["properties"]
    assert facts["runningStatus"]["code"] == "Completed"
    assert facts["runningStatus"]["completedTime"] > facts["runningStatus"]["startTime"]
    assert (facts["startedBy"], facts["targetImageReference"]["version"]) == ("Platform", NEW)
    assert facts["progress"]["successfulInstanceCount"] == 10


@pytest.mark.parametrize(
    ("automatic", "code", "versions"),
    [
        pytest.param({}, "Cancelled", {NEW: 2, OLD: 8}, id="rolled back"),
        pytest.param({"disableAutomaticRollback": True}, "Cancelled", {NEW: 4, OLD: 6}, id="rollback disabled"),
    ],
)
def test_a_failed_batch_ends_it(
    azure_at_start: LocalAzure,
    compute: ComputeManagementClient,
    automatic: dict[str, Any],
    code: str,
    versions: dict[str, int],
) -> None:
    """The second batch fails: it is restored unless the model forbids it, and the rest is not touched."""
    azure_at_start.control.put_scale_set(_upgraded("web", automatic=automatic))
    _publish(azure_at_start, fails_in_batch=2)
    _later(azure_at_start, hours=1, minutes=26)
    moving = compute.virtual_machine_scale_set_rolling_upgrades.get_latest("rg-web", "web")
    assert moving.running_status is not None
    assert moving.running_status.code == ("Cancelled" if automatic else "RollingBack")
    _later(azure_at_start, hours=3)
    assert _versions(azure_at_start, WEB) == versions
    facts = next(iter(compute.virtual_machine_scale_sets.get_os_upgrade_history("rg-web", "web"))).as_dict()[
        "properties"
    ]
    assert (facts["runningStatus"]["code"], facts["progress"]["failedInstanceCount"]) == (code, 2)
    assert facts["error"]["code"] == "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade"
    assert ("rollbackInfo" in facts) is (not automatic)
    if not automatic:
        assert facts["rollbackInfo"]["successfullyRolledbackInstanceCount"] == 2


def test_a_stalled_upgrade_hangs_until_it_is_resumed(azure_at_start: LocalAzure) -> None:
    """Nothing moves for days, and then it goes on."""
    _publish(azure_at_start, stalls_after=2)
    _later(azure_at_start, days=3)
    assert _versions(azure_at_start, WEB) == {NEW: 4, OLD: 6}
    assert azure_at_start.control.resume_upgrade(WEB)
    _later(azure_at_start, hours=2)
    assert _versions(azure_at_start, WEB) == {NEW: 10}


def test_protected_instances_are_left_out(azure_at_start: LocalAzure) -> None:
    """Instance protection and SkipUpgrade hold instances back; protection from scale-in does not."""
    azure_at_start.control.set_instances(
        WEB,
        {"count": 2, "exact_version": OLD, "protect_from_actions": True},
        {"count": 2, "exact_version": OLD, "skip_upgrade": "true"},
        {"count": 2, "exact_version": OLD, "protect_from_scale_in": True},
    )
    _publish(azure_at_start)
    _later(azure_at_start, days=1)
    assert _versions(azure_at_start, WEB) == {OLD: 4, NEW: 2}


def test_a_window_holds_batches_back(azure_at_start: LocalAzure, compute: ComputeManagementClient) -> None:
    """No batch begins outside the window: an attempt that meets its end is cancelled, and the next window goes on."""
    window = {
        "startDateTime": "2026-11-01 08:00",
        "duration": "00:20",
        "timeZone": "UTC",
        "recurEvery": "Day",
    }
    configuration = (
        f"{WEB.rpartition('/providers/')[0]}/providers/Microsoft.Maintenance/maintenanceConfigurations/night"
    )
    azure_at_start.control.put_maintenance(configuration, window)
    azure_at_start.control.assign_maintenance(WEB, configuration)
    _publish(azure_at_start)
    azure_at_start.control.set_clock(START + timedelta(hours=1, minutes=59))
    assert _versions(azure_at_start, WEB) == {OLD: 10}
    azure_at_start.control.set_clock(START + timedelta(hours=12))
    assert _versions(azure_at_start, WEB) == {NEW: 4, OLD: 6}
    newest = next(iter(compute.virtual_machine_scale_sets.get_os_upgrade_history("rg-web", "web"))).as_dict()
    assert newest["properties"]["error"]["code"] == "RollingUpgradeBatchStartTimeNotWithinScheduledWindows"
    azure_at_start.control.set_clock(START + timedelta(days=4))
    assert _versions(azure_at_start, WEB) == {NEW: 10}


def test_a_hook_is_asked_first(azure_at_start: LocalAzure, compute: ComputeManagementClient) -> None:
    """The event is active until its time is over, then the default action is taken."""
    hooks = {
        "lifecycleHooks": [{"type": "UpgradeAutoOSScheduling", "waitDuration": "PT6H", "defaultAction": "Approve"}]
    }
    azure_at_start.control.put_scale_set(_upgraded("web", lifecycleHooksProfile=hooks))
    _publish(azure_at_start)
    _later(azure_at_start, hours=2)
    events = list(compute.virtual_machine_scale_set_life_cycle_hook_events.list("rg-web", "web"))
    assert [(item.properties.state, item.properties.type) for item in events if item.properties] == [
        ("Active", "UpgradeAutoOSScheduling")
    ]
    assert _versions(azure_at_start, WEB) == {OLD: 10}
    _later(azure_at_start, hours=8)
    events = list(compute.virtual_machine_scale_set_life_cycle_hook_events.list("rg-web", "web"))
    assert [item.properties.state for item in events if item.properties] == ["Completed"]
    assert _versions(azure_at_start, WEB) == {NEW: 10}


def test_a_deferral_waits_for_somebody(azure_at_start: LocalAzure) -> None:
    """With a deferral nothing starts until it is approved."""
    azure_at_start.control.put_scale_set(_upgraded("web", automatic={"osRollingUpgradeDeferral": True}))
    _publish(azure_at_start, approved_after_hours=30)
    _later(azure_at_start, hours=30)
    assert _versions(azure_at_start, WEB) == {OLD: 10}
    _later(azure_at_start, hours=4)
    assert _versions(azure_at_start, WEB) == {NEW: 10}


def test_the_history_keeps_five_attempts_of_two_months(
    azure_at_start: LocalAzure, compute: ComputeManagementClient
) -> None:
    """The oldest go first, and old ones are forgotten."""
    for number in range(7):
        azure_at_start.control.publish(
            IMAGE, f"22.04.20260101{number}", {"westeurope": 0}, rollout_after_hours=0, spread_hours=0
        )
        _later(azure_at_start, days=1)
    history = compute.virtual_machine_scale_sets.get_os_upgrade_history
    found = [item.as_dict()["properties"]["targetImageReference"]["version"] for item in history("rg-web", "web")]
    assert found == [f"22.04.20260101{number}" for number in (6, 5, 4, 3, 2)]
    _later(azure_at_start, days=57)
    assert len(list(history("rg-web", "web"))) == 3


def test_the_platforms_own_changes_are_recorded_as_such(azure_at_start: LocalAzure, http: Http) -> None:
    """The provisioning state moves to and fro, in nobody's name, at the moment at which it happened."""
    _publish(azure_at_start)
    _later(azure_at_start, days=1)
    rows = http.graph(
        "resourcechanges | where properties.changeType == 'Update' | project a = properties.changeAttributes, "
        "c = properties.changes, id | order by id asc"
    ).json["data"]
    assert [row["c"]["properties.provisioningState"]["newValue"] for row in rows] == ["Updating", "Succeeded"]
    by = rows[0]["a"]
    assert (by["changedBy"], by["changedByType"], by["clientType"], by["operation"]) == (
        "System",
        "System",
        "Unspecified",
        "Unspecified",
    )
    assert set(by["correlationId"]) == {"0", "-"}
    assert by["timestamp"].startswith("2026-11-09T07:00:00")
    assert by["newResourceSnapshotId"].endswith(str(int((START + timedelta(hours=1)).timestamp())))


def test_a_model_change_rolls_under_rolling_mode(azure_at_start: LocalAzure) -> None:
    """A pinned version reaches the instances batch by batch, and they are behind the model until then."""
    path = "properties.virtualMachineProfile.storageProfile.imageReference.version"
    azure_at_start.control.change(WEB, {path: "22.04.1"})
    latest = [item["properties"]["latestModelApplied"] for item in azure_at_start.control.instances(WEB)]
    assert latest == [False] * 10
    _later(azure_at_start, minutes=11)
    assert _versions(azure_at_start, WEB) == {"22.04.1": 2, OLD: 8}
    _later(azure_at_start, hours=3)
    assert _versions(azure_at_start, WEB) == {"22.04.1": 10}


def test_new_instances_run_the_newest_image(azure_at_start: LocalAzure) -> None:
    """Scaling out mixes versions, as in Azure; scaling in takes the last ones."""
    azure_at_start.control.publish_image(location="westeurope", **IMAGE, version=NEW)
    azure_at_start.control.change(WEB, {"sku.capacity": 12})
    assert _versions(azure_at_start, WEB) == {OLD: 10, NEW: 2}
    azure_at_start.control.change(WEB, {"sku.capacity": 4})
    assert _versions(azure_at_start, WEB) == {OLD: 4}


def test_a_gallery_version_is_not_late_while_it_replicates(
    azure_at_start: LocalAzure, compute: ComputeManagementClient, http: Http
) -> None:
    """The row is there at once; the region has it when its replication is complete, and upgrades follow."""
    control = azure_at_start.control
    control.put_group(SUBSCRIPTION, "rg-images")
    control.put_scale_set(_upgraded("web", image={"id": DEFINITION}))
    control.publish({"id": DEFINITION}, "2.0.0", {"West Europe": 3}, rollout_after_hours=0, spread_hours=0)
    query = "resources | where type =~ 'microsoft.compute/galleries/images/versions' | project name, properties"
    row = http.graph(query).json["data"][0]
    assert row["properties"]["provisioningState"] == "Creating"
    assert row["properties"]["publishingProfile"]["publishedDate"].startswith("2026-11-09T06:00")
    assert "replicationStatus" not in row["properties"]
    versions = compute.gallery_image_versions
    found = versions.get("rg-images", "corp", "base", "2.0.0", expand="ReplicationStatus")
    assert found.replication_status is not None
    assert [item.state for item in found.replication_status.summary or ()] == ["Replicating"]
    _later(azure_at_start, hours=8)
    assert versions.get("rg-images", "corp", "base", "2.0.0").replication_status is None
    assert http.graph(query).json["data"][0]["properties"]["provisioningState"] == "Succeeded"
    assert _versions(azure_at_start, WEB) == {"2.0.0": 10}


def test_shares_of_a_fleet_fail_and_stall(azure: LocalAzure) -> None:
    """Over a fleet the scripted shares come about, the same ones in every run."""
    found = []
    for _ in range(2):
        azure.control.reset()
        azure.control.set_clock(START)
        azure.control.create_fleet(scale_sets=300, subscriptions=1, instances=5, troubled=0)
        jammy = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
        azure.control.publish(jammy, "22.04.202601010", {"westeurope": 0, "northeurope": 12}, failing=0.2, stalling=0.2)
        _later(azure, days=10)
        found.append({item: _versions(azure, item) for item in azure.control.scale_set_ids()})
    assert found[0] == found[1]
    mixed = sum(len(versions) > 1 and "22.04.202601010" in versions for versions in found[0].values())
    complete = sum(set(versions) == {"22.04.202601010"} for versions in found[0].values())
    assert mixed > 3
    assert complete > mixed


def test_a_scale_set_that_comes_again_has_no_past(azure_at_start: LocalAzure, compute: ComputeManagementClient) -> None:
    """Rolling upgrades go with their scale set, also one that is under way."""
    _publish(azure_at_start)
    _later(azure_at_start, hours=1, minutes=12)
    azure_at_start.control.delete_scale_set(WEB)
    azure_at_start.control.put_scale_set(_upgraded("web"))
    azure_at_start.control.set_instances(WEB, {"count": 10, "exact_version": OLD})
    _later(azure_at_start, days=1)
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machine_scale_set_rolling_upgrades.get_latest("rg-web", "web")
    assert _versions(azure_at_start, WEB) == {OLD: 10}
