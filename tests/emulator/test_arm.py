"""Resource Manager and Compute, through azure-mgmt-compute and as plain HTTP."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient

from emulator.client.local import LocalAzure
from emulator.endpoint.access import Role
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import OTHER, SUBSCRIPTION, scale_set, scale_set_id

VERSION = "?api-version=2026-04-01"


@pytest.fixture
def compute(azure: LocalAzure, credential: ManagedIdentityCredential) -> Iterator[ComputeManagementClient]:
    """Use the real client against one subscription with two scale sets."""
    azure.control.put_scale_set(scale_set("web"))
    azure.control.put_scale_set(scale_set("api"))
    with ComputeManagementClient(credential, SUBSCRIPTION, base_url=azure.arm_endpoint) as client:
        yield client


def test_the_sdk_reads_a_scale_set(compute: ComputeManagementClient) -> None:
    """The model holds what was put, and what Azure itself adds."""
    web = compute.virtual_machine_scale_sets.get("rg-web", "web")
    assert (web.name, web.location, web.provisioning_state) == ("web", "westeurope", "Succeeded")
    assert web.upgrade_policy is not None
    assert web.upgrade_policy.mode == "Manual"
    assert web.unique_id


def test_the_sdk_lists_a_group_and_a_subscription(compute: ComputeManagementClient) -> None:
    """Both listings name the same scale sets."""
    assert [item.name for item in compute.virtual_machine_scale_sets.list("RG-WEB")] == ["api", "web"]
    assert [item.name for item in compute.virtual_machine_scale_sets.list_all()] == ["api", "web"]


def test_the_sdk_follows_next_links(azure: LocalAzure, credential: ManagedIdentityCredential) -> None:
    """A long listing comes in pages."""
    fleet = azure.control.create_fleet(scale_sets=450, subscriptions=1, instances=0)
    with ComputeManagementClient(credential, fleet.subscriptions[0], base_url=azure.arm_endpoint) as client:
        assert len({item.id for item in client.virtual_machine_scale_sets.list_all()}) == 450
    assert len(azure.control.requests("arm")) == 3


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param(scale_set_id("nope"), 404, "ResourceNotFound", id="no such scale set"),
        pytest.param(scale_set_id("web", group="rg-nope"), 404, "ResourceGroupNotFound", id="no such group"),
        pytest.param(scale_set_id("web", "0" * 8), 404, "SubscriptionNotFound", id="no such subscription"),
        pytest.param(scale_set_id("db", OTHER), 403, "AuthorizationFailed", id="not readable"),
        pytest.param("/subscriptions/x/providers/Microsoft.Web/sites", 404, "InvalidResourceType", id="another type"),
    ],
)
def test_absence_and_refusal_are_told_apart(azure: LocalAzure, http: Http, path: str, status: int, code: str) -> None:
    """Only ResourceNotFound and ResourceGroupNotFound say that something is gone."""
    azure.control.put_scale_set(scale_set("web"))
    azure.control.put_scale_set(scale_set("db", OTHER))
    azure.control.revoke(Role.READER, OTHER)
    answer = http.send("GET", path + VERSION)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_an_api_version_is_required(http: Http) -> None:
    """Without one the answer is 400."""
    answer = http.send("GET", "/subscriptions")
    assert (answer.status, answer.json["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_only_readable_subscriptions_are_listed(azure: LocalAzure, http: Http) -> None:
    """The list is what the identity can read now."""
    azure.control.put_subscription(SUBSCRIPTION, "production")
    azure.control.put_subscription(OTHER, "sandbox")
    azure.control.revoke(Role.READER, OTHER)
    value = http.send("GET", f"/subscriptions{VERSION}").json["value"]
    assert [(item["subscriptionId"], item["displayName"]) for item in value] == [(SUBSCRIPTION, "production")]


def test_groups_say_who_manages_them(azure: LocalAzure, http: Http) -> None:
    """A group that belongs to a cluster has managedBy."""
    azure.control.put_subscription(SUBSCRIPTION, "production")
    azure.control.put_group(SUBSCRIPTION, "MC_x", managed_by="/subscriptions/x/cluster")
    value = http.send("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups{VERSION}").json["value"]
    assert [(item["name"], item["managedBy"]) for item in value] == [("MC_x", "/subscriptions/x/cluster")]


def test_a_reader_may_not_change_anything(compute: ComputeManagementClient) -> None:
    """Deleting needs a role that no identity has by default."""
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machine_scale_sets.begin_delete("rg-web", "web")
    assert caught.value.error is not None
    assert (caught.value.status_code, caught.value.error.code) == (403, "AuthorizationFailed")


def test_a_contributor_deletes_through_the_sdk(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """The deletion is accepted, polled to its end, and then the scale set is gone everywhere."""
    azure.control.grant(Role.CONTRIBUTOR, SUBSCRIPTION)
    compute.virtual_machine_scale_sets.begin_delete("rg-web", "web").result(timeout=30)
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machine_scale_sets.get("rg-web", "web")


def test_a_contributor_changes_through_the_api(azure: LocalAzure, http: Http) -> None:
    """PUT creates, PATCH merges and null removes; both are recorded as the identity's changes."""
    azure.control.grant(Role.CONTRIBUTOR)
    azure.control.put_scale_set(scale_set("web"))
    path = scale_set_id("new") + VERSION
    created = http.send("PUT", path, {"location": "northeurope", "tags": {"a": "1", "b": "2"}})
    patched = http.send("PATCH", path, {"tags": {"a": None, "c": "3"}, "properties": {"overprovision": False}})
    assert (created.status, patched.status) == (201, 200)
    assert patched.json["tags"] == {"b": "2", "c": "3"}
    assert patched.json["properties"]["uniqueId"] == created.json["properties"]["uniqueId"]
    changes = http.graph(
        "resourcechanges | where id contains '/new/' | project by = properties.changeAttributes.changedByType"
    )
    assert {row["by"] for row in changes.json["data"]} == {"Application"}


def test_a_new_model_leaves_manual_instances_behind(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """Under Manual mode instances stay as they are until they are brought to the latest model."""
    web = scale_set_id("web")
    azure.control.put_instances([
        {"id": f"{web}/virtualMachines/{n}", "location": "westeurope", "properties": {"latestModelApplied": True}}
        for n in range(2)
    ])  # fmt: skip
    azure.control.change(web, {"properties.virtualMachineProfile.storageProfile.imageReference.version": "1.2.3"})
    azure.control.move_instances(web, latest_model=True, exact_version="1.2.3", share=0.5)
    found = list(compute.virtual_machine_scale_set_vms.list("rg-web", "web"))
    assert [item.latest_model_applied for item in found] == [True, False]


def test_platform_image_versions_are_listed(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """Versions come in the order of text: 10 before 9."""
    for version in ("1.9.0", "1.10.0"):
        azure.control.publish_image(
            location="westeurope", publisher="Canonical", offer="jammy", sku="22_04", version=version
        )
    found = compute.virtual_machine_images.list("westeurope", "canonical", "Jammy", "22_04")
    assert [item.name for item in found] == ["1.10.0", "1.9.0"]
