"""Resource Graph on a good day: paging, scope, shapes, quota."""

from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from emulator.client.estate import PIPELINE, PORTAL_USER
from emulator.client.local import LocalAzure
from emulator.endpoint.access import Role
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import OTHER, SUBSCRIPTION, scale_set, scale_set_id

FLEET = """
resources
| where type =~ 'Microsoft.Compute/VirtualMachineScaleSets'
| project id, name, type, location, resourceGroup, subscriptionId, tenantId, managedBy, kind, sku, zones, tags,
    apiVersion, properties
| order by id asc
"""


def _ids(answer: Any) -> list[str]:
    return [row["id"].rsplit("/", 1)[1] for row in answer.json["data"]]


def test_the_sdk_reads_every_page_of_a_fleet(azure: LocalAzure, credential: ManagedIdentityCredential) -> None:
    """Following the tokens yields each scale set once, ordered by id, as many as totalRecords says."""
    azure.control.create_fleet(scale_sets=230, instances=0)
    client = ResourceGraphClient(credential, base_url=azure.arm_endpoint)
    found: list[str] = []
    token = None
    while True:
        page = client.resources(QueryRequest(query=FLEET, options=QueryRequestOptions(top=100, skip_token=token)))
        assert page.result_truncated == "false"
        assert page.total_records == 230
        found += [row["id"] for row in cast("list[dict[str, Any]]", page.data)]
        token = page.skip_token
        if token is None:
            break
    assert len(found) == 230
    assert found == sorted(set(found))


def test_documents_come_back_as_they_are(azure: LocalAzure, http: Http) -> None:
    """Dynamic columns are JSON, type, group and location are in Resource Graph's spelling, the id keeps its case."""
    document = scale_set("web", externalHealthPolicy={"enabled": True})
    azure.control.put_scale_set(document)
    row = http.graph(FLEET).json["data"][0]
    assert row["id"] == document["id"]
    assert row["type"] == "microsoft.compute/virtualmachinescalesets"
    assert (row["kind"], row["managedBy"], row["zones"]) == ("", "", None)
    assert row["tags"] == {"environment": "production"}
    assert row["sku"]["capacity"] == 3
    assert row["properties"]["upgradePolicy"] == {"mode": "Manual"}
    assert row["properties"]["externalHealthPolicy"] == {"enabled": True}


def test_the_table_format_names_columns_and_types(azure: LocalAzure, http: Http) -> None:
    """The result format "table" answers columns and rows."""
    azure.control.put_scale_set(scale_set("web"))
    data = http.graph("resources | project name, sku, n = 1", options={"resultFormat": "table"}).json["data"]
    assert data["columns"] == [
        {"name": "name", "type": "string"},
        {"name": "sku", "type": "object"},
        {"name": "n", "type": "integer"},
    ]
    assert data["rows"] == [["web", {"name": "Standard_D2s_v5", "capacity": 3}, 1]]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        pytest.param("resources | where tags.environment =~ 'PRODUCTION' | project name", [{"name": "web"}], id="tags"),
        pytest.param("Resources | where kind == '' | project name", [{"name": "web"}], id="kind is a column"),
        pytest.param(
            "resources | project mode = tostring(properties.upgradePolicy.mode)", [{"mode": "Manual"}], id="dynamic"
        ),
        pytest.param("resources | project mode = properties.upgradePolicy.mode", [{"mode": "Manual"}], id="json text"),
        pytest.param("resources | summarize n = count() by type", [
            {"type": "microsoft.compute/virtualmachinescalesets", "n": 1}
        ], id="summarize"),
        pytest.param(
            "resources | join kind=inner (resourcecontainers | where type endswith '/subscriptions' "
            "| project subscriptionId, sub = name) on subscriptionId | project name, sub",
            [{"name": "web", "sub": "production"}],
            id="join",
        ),
        pytest.param(
            "resources | mv-expand z = parse_json('[1,2]') | project n = toint(z)", [{"n": 1}, {"n": 2}], id="mv-expand"
        ),
    ],
)  # fmt: skip
def test_kql_runs_as_in_azure(azure: LocalAzure, http: Http, query: str, rows: list[dict[str, Any]]) -> None:
    """The query text itself runs, whatever it asks."""
    azure.control.put_subscription(SUBSCRIPTION, "production")
    azure.control.put_scale_set(scale_set("web"))
    assert http.graph(query).json["data"] == rows


def test_a_limit_makes_paging_impossible(azure: LocalAzure, http: Http) -> None:
    """With a limit, or only dynamic columns, what is left out is truncated and there is no token."""
    azure.control.create_fleet(scale_sets=12, instances=0)
    for query in ("resources | project id | limit 10", "resources | project properties"):
        answer = http.graph(query, options={"$top": 5}).json
        assert (answer["resultTruncated"], "$skipToken" in answer) == ("true", False)
    whole = http.graph("resources | project id | limit 3", options={"$top": 5}).json
    assert (whole["resultTruncated"], whole["count"]) == ("false", 3)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"query": "resources | where"}, "InvalidQuery", id="no KQL"),
        pytest.param({"query": "resourcez"}, "InvalidQuery", id="unknown table"),
        pytest.param({"query": "resources | project nope"}, "InvalidQuery", id="unknown column"),
        pytest.param({"query": ""}, "QueryMissing", id="no query"),
        pytest.param({"query": "resources", "options": {"$top": 1001}}, "InvalidTop", id="top too large"),
        pytest.param({"query": "resources", "options": {"$skipToken": "!"}}, "InvalidSkipToken", id="no token"),
        pytest.param(
            {"query": "resources", "subscriptions": ["x"] * 1001}, "TooManyScopes", id="too many subscriptions"
        ),
    ],
)
def test_a_bad_request_is_told_in_the_nested_shape(
    azure: LocalAzure, http: Http, asked: dict[str, Any], code: str
) -> None:
    """400 has BadRequest outside and the reason in its details."""
    azure.control.put_scale_set(scale_set("web"))
    answer = http.graph(**asked)
    assert answer.status == 400
    assert answer.json["error"]["code"] == "BadRequest"
    assert answer.json["error"]["details"][0]["code"] == code


def test_a_token_belongs_to_its_query(azure: LocalAzure, http: Http) -> None:
    """A token of one query is no token of another."""
    azure.control.create_fleet(scale_sets=4, instances=0)
    token = http.graph("resources | project id | order by id asc", options={"$top": 2}).json["$skipToken"]
    answer = http.graph("resources | project name", options={"$skipToken": token})
    assert (answer.status, answer.json["error"]["details"][0]["code"]) == (400, "InvalidSkipToken")


def test_unreadable_subscriptions_are_left_out_without_a_word(azure: LocalAzure, http: Http) -> None:
    """Only when nothing at all can be read is the answer 403."""
    azure.control.put_scale_set(scale_set("web"))
    azure.control.put_scale_set(scale_set("db", OTHER))
    assert sorted(_ids(http.graph(FLEET))) == ["db", "web"]
    assert _ids(http.graph(FLEET, subscriptions=[SUBSCRIPTION.upper()])) == ["web"]
    azure.control.revoke(Role.READER, OTHER)
    assert _ids(http.graph(FLEET)) == ["web"]
    assert _ids(http.graph(FLEET, subscriptions=[SUBSCRIPTION, OTHER])) == ["web"]
    assert http.graph(FLEET, subscriptions=[OTHER]).status == 403
    azure.control.revoke(Role.READER)
    assert http.graph(FLEET).status == 403


def test_management_groups_are_a_scope(azure: LocalAzure, http: Http) -> None:
    """A query over a management group sees its subscriptions."""
    azure.control.put_subscription(SUBSCRIPTION, "a", management_group="mg-shop")
    azure.control.put_scale_set(scale_set("web"))
    azure.control.put_scale_set(scale_set("db", OTHER))
    assert _ids(http.graph(FLEET, managementGroups=["mg-shop"])) == ["web"]


def test_the_sixteenth_query_in_five_seconds_is_throttled(azure: LocalAzure, http: Http) -> None:
    """Every answer says what is left; then comes 429 in Azure's shape, with the time to wait and no Retry-After."""
    azure.control.put_scale_set(scale_set("web"))
    left = [http.graph("resources | project id").headers["x-ms-user-quota-remaining"] for _ in range(15)]
    assert left == [str(number) for number in range(14, -1, -1)]
    throttled = http.graph("resources | project id")
    assert throttled.status == 429
    assert throttled.json["error"]["details"][0]["code"] == "RateLimiting"
    assert throttled.headers["x-ms-user-quota-resets-after"].startswith("00:00:0")
    assert "Retry-After" not in throttled.headers


def test_a_page_that_is_too_large_fails(azure: LocalAzure, credential: ManagedIdentityCredential) -> None:
    """The SDK raises on ResponsePayloadTooLarge; a smaller page passes."""
    azure.control.create_fleet(scale_sets=40, instances=0)
    azure.control.set_limits(page_bytes=40_000)
    client = ResourceGraphClient(credential, base_url=azure.arm_endpoint)
    with pytest.raises(HttpResponseError) as caught:
        client.resources(QueryRequest(query=FLEET))
    assert caught.value.error is not None
    assert caught.value.error.details[0].code == "ResponsePayloadTooLarge"
    page = client.resources(QueryRequest(query=FLEET, options=QueryRequestOptions(top=10)))
    assert (page.count, page.total_records) == (10, 40)


def test_changes_say_who_what_and_when(azure: LocalAzure, http: Http) -> None:
    """Creation, update and deletion are recorded; an update names each changed path, but not new ones."""
    web = scale_set_id("web")
    azure.control.put_scale_set(scale_set("web"), by=PIPELINE)
    azure.control.change(
        web, {"properties.upgradePolicy.mode": "Automatic", "properties.overprovision": False}, by=PORTAL_USER
    )
    azure.control.delete_scale_set(web)
    rows = http.graph(
        "resourcechanges | extend a = properties.changeAttributes | project kind = tostring(properties.changeType), "
        "by = tostring(a.changedBy), client = tostring(a.clientType), changes = properties.changes, "
        "at = tostring(a.timestamp) | order by at asc"
    ).json["data"]
    assert [row["kind"] for row in rows] == ["Create", "Update", "Delete"]
    assert rows[1]["changes"] == {
        "properties.upgradePolicy.mode": {"previousValue": "Manual", "newValue": "Automatic", "isTruncated": "false"}
    }
    assert (rows[1]["by"], rows[1]["client"]) == (PORTAL_USER.changed_by, "Azure Portal")


def test_the_index_can_fall_behind(azure: LocalAzure, http: Http) -> None:
    """While the index is held, Resource Graph shows what was; released, it shows what is."""
    azure.control.put_scale_set(scale_set("web"))
    azure.control.hold_index(held=True)
    azure.control.put_scale_set(scale_set("new"))
    azure.control.delete_scale_set(scale_set_id("web"))
    assert _ids(http.graph(FLEET)) == ["web"]
    azure.control.hold_index(held=False)
    assert _ids(http.graph(FLEET)) == ["new"]
