"""Instances through Compute: lists, filters, views, and what Flexible sets refuse."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient

from emulator.client.local import LocalAzure
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import SUBSCRIPTION, scale_set, scale_set_id

VERSION = "api-version=2026-04-01"
HEALTH = {
    "extensionProfile": {
        "extensions": [
            {
                "name": "health",
                "properties": {"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux"},
            }
        ]
    },
    "storageProfile": {
        "imageReference": {"publisher": "Canonical", "offer": "jammy", "sku": "22", "version": "latest"}
    },
}


@pytest.fixture
def compute(azure: LocalAzure, credential: ManagedIdentityCredential) -> Iterator[ComputeManagementClient]:
    """Serve a Uniform set of 250 instances, ten of them behind, and a Flexible one of two."""
    azure.control.put_scale_set(
        scale_set("web", virtualMachineProfile=HEALTH, automaticRepairsPolicy={"enabled": True})
    )
    azure.control.put_scale_set(scale_set("flex", orchestrationMode="Flexible"))
    azure.control.set_instances(
        scale_set_id("web"),
        {"count": 239, "exact_version": "2.0.0", "health": "healthy"},
        {"count": 10, "exact_version": "1.0.0", "latest_model": False, "health": "unhealthy", "skip_upgrade": "true"},
        {"count": 1, "exact_version": "2.0.0", "power": "deallocated", "provisioning": "Failed"},
    )
    azure.control.set_instances(scale_set_id("flex"), {"count": 2, "exact_version": "2.0.0"})
    with ComputeManagementClient(credential, SUBSCRIPTION, base_url=azure.arm_endpoint) as client:
        yield client


def test_the_list_comes_in_pages(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """Every instance comes once, with its model state and image version, and without a view that was not asked for."""
    found = list(compute.virtual_machine_scale_set_vms.list("rg-web", "web"))
    assert [item.instance_id for item in found] == [str(number) for number in range(250)]
    assert found[0].instance_view is None
    reference = found[240].storage_profile.image_reference
    assert (found[240].latest_model_applied, reference.exact_version, reference.sku) == (False, "1.0.0", "22")
    assert len(azure.control.requests("arm", contains="virtualmachines")) == 2


def test_a_filter_answers_the_laggards_alone(compute: ComputeManagementClient) -> None:
    """The filter on the model state keeps those, and one that there is not is refused."""
    vms = compute.virtual_machine_scale_set_vms
    behind = list(vms.list("rg-web", "web", filter="properties/latestModelApplied eq false", expand="instanceView"))
    assert [item.instance_id for item in behind] == [str(number) for number in range(239, 249)]
    view = behind[0].instance_view
    assert view is not None
    assert view.vm_health is not None
    assert view.vm_health.status is not None
    assert view.vm_health.status.code == "HealthState/unhealthy"
    assert [status.code for status in view.statuses or ()] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert view.extensions is not None
    assert view.extensions[0].substatuses is not None
    assert view.extensions[0].substatuses[0].code == "ComponentStatus/CustomMetrics/succeeded"
    assert "SkipUpgrade" in str(view.extensions[0].substatuses[0].message)
    with pytest.raises(HttpResponseError) as caught:
        list(vms.list("rg-web", "web", filter="name eq 'x'"))
    assert caught.value.status_code == 400


def test_one_instance_is_read_with_its_view(compute: ComputeManagementClient) -> None:
    """A stopped machine has lost its instance view, all but the power state; another number is not found."""
    vms = compute.virtual_machine_scale_set_vms
    last = vms.get("rg-web", "web", "249", expand="instanceView")
    assert last.instance_view is not None
    assert [item.code for item in last.instance_view.statuses or ()] == [
        "ProvisioningState/failed",
        "PowerState/deallocated",
    ]
    assert last.instance_view.os_name is None
    assert vms.get_instance_view("rg-web", "web", "0").os_name == "ubuntu"
    with pytest.raises(ResourceNotFoundError):
        vms.get("rg-web", "web", "250")


def test_the_summary_counts_by_status(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """The scale set's own view has counts, extensions, and the state of its repairs with since when."""
    azure.control.set_repairs(scale_set_id("web"), "Suspended")
    view = compute.virtual_machine_scale_sets.get_instance_view("rg-web", "web")
    assert view.virtual_machine is not None
    counts = {item.code: item.count for item in view.virtual_machine.statuses_summary or ()}
    assert counts == {"ProvisioningState/succeeded": 249, "ProvisioningState/failed": 1}
    assert view.extensions is not None
    assert view.extensions[0].name == "health"
    service = (view.orchestration_services or [])[0]
    assert (service.service_name, service.service_state) == ("AutomaticRepairs", "Suspended")
    assert service.latest_operation_status == "Completed"
    assert service.last_status_change_time is not None


def test_flexible_sets_refuse(compute: ComputeManagementClient) -> None:
    """They have no instance view, no list with views, no single instance; the plain list has ids and no properties."""
    for call in (
        lambda: compute.virtual_machine_scale_sets.get_instance_view("rg-web", "flex"),
        lambda: list(compute.virtual_machine_scale_set_vms.list("rg-web", "flex", expand="instanceView")),
        lambda: compute.virtual_machine_scale_set_vms.get("rg-web", "flex", "0"),
    ):
        with pytest.raises(HttpResponseError, match="is not allowed on Virtual Machine Scale Set") as caught:
            call()
        assert caught.value.status_code == 400
    plain = list(compute.virtual_machine_scale_set_vms.list("rg-web", "flex"))
    assert [str(item.instance_id).startswith("flex_") for item in plain] == [True, True]
    assert plain[0].properties is None


def test_machines_of_a_flexible_set_are_listed_by_their_owner(compute: ComputeManagementClient) -> None:
    """The list of machines takes the owner's id as a filter, and an instance view with that filter alone."""
    owner = f"'virtualMachineScaleSet/id' eq '{scale_set_id('flex')}'"
    found = list(compute.virtual_machines.list("rg-web", filter=owner, expand="instanceView"))
    assert [item.instance_view is not None for item in found] == [True, True]
    assert compute.virtual_machines.get("rg-web", str(found[0].name)).vm_id == found[0].vm_id
    with pytest.raises(HttpResponseError) as caught:
        list(compute.virtual_machines.list("rg-web", expand="instanceView"))
    assert caught.value.status_code == 400


def test_the_index_answers_in_computes_place(compute: ComputeManagementClient, http: Http) -> None:
    """With useResourceGraph an answer has the index's version, no health, no extensions, and no Compute budget."""
    path = f"{scale_set_id('web')}/virtualMachines?{VERSION}&$expand=instanceView"
    plain, indexed = http.send("GET", path), http.send("GET", path + "&useResourceGraph=true")
    assert "vmHealth" in plain.json["value"][0]["properties"]["instanceView"]
    view = indexed.json["value"][0]["properties"]["instanceView"]
    assert "vmHealth" not in view
    assert "extensions" not in view
    assert indexed.json["value"][0]["apiVersion"]
    assert "useResourceGraph=true" in indexed.json["nextLink"]
    assert "x-ms-ratelimit-remaining-resource" in plain.headers
    assert "x-ms-ratelimit-remaining-resource" not in indexed.headers
    assert "x-ms-arg-snapshot-timestamp" not in indexed.headers
    one = http.send("GET", f"{scale_set_id('web')}/virtualMachines/0?{VERSION}&useResourceGraph=true")
    assert "x-ms-arg-snapshot-timestamp" in one.headers
    assert compute
