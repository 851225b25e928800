"""Images over Resource Manager and Resource Graph: platform versions, galleries, shared and community ones."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient

from emulator.client.local import LocalAzure
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import SUBSCRIPTION, scale_set, scale_set_id

IMAGE = {"location": "westeurope", "publisher": "Canonical", "offer": "jammy", "sku": "22_04"}
NAMES = tuple(IMAGE.values())
GALLERY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/corp/images/base"
)


@pytest.fixture
def compute(azure: LocalAzure, credential: ManagedIdentityCredential) -> Iterator[ComputeManagementClient]:
    """Serve three versions of a platform image."""
    azure.control.put_subscription(SUBSCRIPTION, "images")
    azure.control.put_group(SUBSCRIPTION, "rg-images")
    for version in ("8.9.0", "8.10.0", "08.11.0"):
        azure.control.publish_image(**IMAGE, version=version)
    with ComputeManagementClient(credential, SUBSCRIPTION, base_url=azure.arm_endpoint) as client:
        yield client


def test_one_of_a_list_is_not_the_newest(compute: ComputeManagementClient) -> None:
    """A list of one is the first as text; descending it is the last as text; neither is the newest."""
    images = compute.virtual_machine_images
    assert [item.name for item in images.list(*NAMES, top=1)] == ["08.11.0"]
    assert [item.name for item in images.list(*NAMES, top=1, orderby="name desc")] == ["8.9.0"]


def test_a_list_with_properties_says_what_is_deprecated(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """Each version has its properties; a cloud may leave the deprecation to the single read."""
    when = datetime(2027, 1, 1, tzinfo=UTC)
    azure.control.deprecate_image(**IMAGE, version="8.9.0", state="ScheduledForDeprecation", at=when)
    images = compute.virtual_machine_images
    states = {
        item.name: item.image_deprecation_status.image_state if item.image_deprecation_status else None
        for item in images.list_with_properties(*NAMES, expand="properties")
    }
    assert states == {"08.11.0": "Active", "8.10.0": "Active", "8.9.0": "ScheduledForDeprecation"}
    azure.control.list_deprecation(listed=False)
    listed = images.list_with_properties(*NAMES, expand="properties")
    assert [item.image_deprecation_status for item in listed] == [None] * 3
    one = images.get("westeurope", "Canonical", "jammy", "22_04", "8.9.0")
    assert one.image_deprecation_status is not None
    assert one.image_deprecation_status.scheduled_deprecation_time == when
    with pytest.raises(ResourceNotFoundError):
        images.get("westeurope", "Canonical", "jammy", "22_04", "latest")


def test_an_edge_zone_has_versions_of_its_own(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """A zone without any answers an empty list."""
    zones = compute.virtual_machine_images_edge_zone
    assert zones.list("westeurope", "zone1", *NAMES[1:]) == []
    azure.control.publish_image(**IMAGE, version="7.0.0", edge_zone="zone1")
    assert [item.name for item in zones.list("westeurope", "zone1", *NAMES[1:])] == ["7.0.0"]


def test_gallery_versions_are_rows_and_documents(
    azure: LocalAzure, compute: ComputeManagementClient, http: Http
) -> None:
    """What was put is in Resource Graph with its type in lower case, and in Resource Manager by list and by id."""
    azure.control.put_gallery_version(
        f"{GALLERY}/versions/1.0.0",
        location="westeurope",
        publishingProfile={
            "publishedDate": "2026-10-01T00:00:00Z",
            "endOfLifeDate": "2026-12-01T00:00:00Z",
            "targetRegions": [{"name": "West Europe", "excludeFromLatest": True}],
        },
        safetyProfile={"reportedForPolicyViolation": True},
    )
    row = http.graph(
        "resources | where type =~ 'microsoft.compute/galleries/images/versions' | project id, name, location, properties"
    ).json["data"][0]
    assert (row["id"], row["name"]) == (f"{GALLERY}/versions/1.0.0", "1.0.0")
    assert row["properties"]["publishingProfile"]["targetRegions"][0]["excludeFromLatest"] is True
    assert row["properties"]["safetyProfile"]["reportedForPolicyViolation"] is True
    listed = list(compute.gallery_image_versions.list_by_gallery_image("rg-images", "corp", "base"))
    assert [item.name for item in listed] == ["1.0.0"]
    with pytest.raises(ResourceNotFoundError):
        compute.gallery_image_versions.get("rg-images", "corp", "base", "9.9.9")


def test_community_images_are_in_a_table_of_their_own(
    azure: LocalAzure, compute: ComputeManagementClient, http: Http
) -> None:
    """Gallery, image and version are rows in each region, and the same versions answer over Resource Manager."""
    azure.control.put_shared_version(
        "pub-1", "base", "1.0.0", regions=["westeurope", "northeurope"], community=True, imageState="Active"
    )
    rows = http.graph(
        "communitygalleryresources | where type =~ 'microsoft.compute/locations/communitygalleries/images/versions' "
        "| project location, unique = tostring(properties.identifier.uniqueId) | order by location asc"
    ).json["data"]
    assert rows == [
        {"location": place, "unique": "/CommunityGalleries/pub-1/Images/base/Versions/1.0.0"}
        for place in ("northeurope", "westeurope")
    ]
    versions = compute.community_gallery_image_versions
    assert [item.name for item in versions.list("westeurope", "pub-1", "base")] == ["1.0.0"]


def test_shared_galleries_have_narrow_limits(azure: LocalAzure, compute: ComputeManagementClient) -> None:
    """They are in no table; who is not on the share list is refused; a handful of lists uses the budget up."""
    azure.control.put_shared_version(
        "shared-1",
        "base",
        "2.0.0",
        regions=["westeurope"],
        imageState="SoftDeleted",
        consumptionEndTime="2026-12-01T00:00:00Z",
    )
    versions = compute.shared_gallery_image_versions
    found = list(versions.list("westeurope", "shared-1", "base", shared_to="tenant"))
    assert [(item.name, item.properties.image_state) for item in found if item.properties] == [("2.0.0", "SoftDeleted")]
    azure.control.share_gallery("shared-1", shared=False)
    with pytest.raises(HttpResponseError) as caught:
        list(versions.list("westeurope", "shared-1", "base"))
    assert caught.value.status_code == 403
    report = azure.control.budgets()["ListGalleryArtifactSubscriptionMaximum"]
    assert (report["burst"], report["taken"]) == (200, 2)


@pytest.mark.parametrize("table", ["maintenanceresources", "patchassessmentresources", "patchinstallationresources"])
def test_other_tables_hold_what_is_put(azure: LocalAzure, http: Http, table: str) -> None:
    """A row keeps its type, and belongs to the subscription and group of its id."""
    azure.control.put_scale_set(scale_set("web"))
    resource_id = f"{scale_set_id('web')}/providers/Microsoft.Example/things/one"
    azure.control.put_resource(
        {"id": resource_id, "type": "Microsoft.Example/things", "properties": {"a": 1}}, table=table
    )
    rows = http.graph(f"{table} | project id, type, resourceGroup, subscriptionId, properties").json["data"]
    assert rows == [
        {
            "id": resource_id,
            "type": "microsoft.example/things",
            "resourceGroup": "rg-web",
            "subscriptionId": SUBSCRIPTION,
            "properties": {"a": 1},
        }
    ]
    assert azure.control.delete_resource(resource_id, table=table)
    assert http.graph(f"{table} | count").json["data"] == [{"Count": 0}]


def test_a_load_balancer_is_read_by_id_and_by_query(azure: LocalAzure, http: Http) -> None:
    """Probes are in the document of their load balancer."""
    azure.control.put_group(SUBSCRIPTION, "rg-net")
    azure.control.put_subscription(SUBSCRIPTION, "net")
    balancer = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/loadBalancers/lb"
    probe = {"id": f"{balancer}/probes/https", "name": "https", "properties": {"protocol": "Https", "port": 443}}
    azure.control.put_resource(
        {
            "id": balancer,
            "type": "Microsoft.Network/loadBalancers",
            "location": "westeurope",
            "properties": {"probes": [probe]},
        }
    )
    rows = http.graph("resources | where type =~ 'microsoft.network/loadbalancers' | project properties").json["data"]
    assert rows[0]["properties"]["probes"] == [probe]
    assert http.send("GET", f"{balancer}?api-version=2025-01-01").json["properties"]["probes"] == [probe]
    assert http.send("GET", f"{balancer}x?api-version=2025-01-01").status == 404
