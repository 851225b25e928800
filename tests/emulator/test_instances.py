"""Instances: kept by the run, shown one by one, in Resource Graph and in Compute."""

from collections import Counter
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from emulator.estate.instances import InstanceState, Run, changed, joined, numbered, resized, total
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import scale_set, scale_set_id

OLD, NEW = InstanceState(exact_version="1"), InstanceState(exact_version="2")
CENSUS = """
computeresources
| where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines'
| extend scaleSet = tolower(substring(id, 0, indexof(tolower(id), '/virtualmachines/')))
| summarize n = count(), examples = make_list(id, 3) by scaleSet,
    version = tostring(properties.storageProfile.imageReference.exactVersion),
    power = tostring(properties.extended.instanceView.powerState.code),
    latest = tostring(properties.latestModelApplied)
| order by version asc, power asc
"""


def test_runs_split_and_join() -> None:
    """A change of some instances splits a run; when all are alike again there is one."""
    runs = joined([Run(first=0, count=10, state=OLD)])
    half, done = changed(runs, lambda _state: NEW, most=4)
    assert done == 4
    assert [(run.first, run.count, run.state.exact_version) for run in half] == [(0, 4, "2"), (4, 6, "1")]
    whole, rest = changed(half, lambda _state: NEW, where=lambda state: state == OLD)
    assert (whole, rest) == (joined([Run(first=0, count=10, state=NEW)]), 6)


def test_scaling_keeps_numbers() -> None:
    """The last instances go first, and a newcomer never gets the number of one that is still there."""
    runs = joined([Run(first=0, count=3, state=OLD), Run(first=5, count=2, state=NEW)])
    assert [number for number, _ in numbered(resized(runs, 7, NEW))] == [0, 1, 2, 5, 6, 7, 8]
    assert [number for number, _ in numbered(resized(runs, 2, NEW))] == [0, 1]
    assert total(resized((), 4, NEW)) == 4


@pytest.fixture
def web(azure: LocalAzure) -> str:
    """Give a scale set of zones five instances: one behind, one stopped."""
    azure.control.put_scale_set(scale_set("web") | {"zones": ["1", "2"]})
    azure.control.set_instances(
        scale_set_id("web"),
        {"count": 3, "exact_version": "1.2.0"},
        {"count": 1, "exact_version": "1.1.0", "latest_model": False, "protect_from_actions": True},
        {"count": 1, "exact_version": "1.2.0", "power": "deallocated"},
    )
    return scale_set_id("web")


def _rows(http: Http, query: str, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = http.graph(query, **asked).json["data"]
    return rows


def test_each_instance_of_a_uniform_set_is_a_row(http: Http, web: str) -> None:
    """Rows have ids, zones, sku and properties of their own."""
    rows = _rows(http, "computeresources | order by id asc")
    assert [row["id"] for row in rows] == [f"{web}/virtualMachines/{number}" for number in range(5)]
    assert [row["zones"] for row in rows] == [["1"], ["2"], ["1"], ["2"], ["1"]]
    assert len({row["properties"]["vmId"] for row in rows}) == 5
    behind = rows[3]["properties"]
    assert (behind["latestModelApplied"], behind["instanceId"]) == (False, "3")
    assert behind["protectionPolicy"]["protectFromScaleSetActions"] is True
    assert behind["storageProfile"]["imageReference"]["exactVersion"] == "1.1.0"
    assert rows[4]["properties"]["extended"]["instanceView"]["powerState"]["code"] == "PowerState/deallocated"


def test_a_census_counts_them_by_group(http: Http, web: str) -> None:
    """One row for each scale set, version, power and model state, with examples."""
    rows = _rows(http, CENSUS)
    assert [(row["version"], row["power"], row["latest"], row["n"]) for row in rows] == [
        ("1.1.0", "PowerState/running", "false", 1),
        ("1.2.0", "PowerState/deallocated", "true", 1),
        ("1.2.0", "PowerState/running", "true", 3),
    ]
    assert {row["scaleSet"] for row in rows} == {web.lower()}
    assert len(rows[2]["examples"]) == 3


def test_flexible_instances_are_virtual_machines(azure: LocalAzure, http: Http) -> None:
    """They name their scale set, and say nothing of its model."""
    azure.control.put_scale_set(scale_set("flex", orchestrationMode="Flexible"))
    azure.control.set_instances(scale_set_id("flex"), {"count": 2, "exact_version": "1.2.0"})
    rows = _rows(http, "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name, properties")
    assert [row["properties"]["virtualMachineScaleSet"]["id"] for row in rows] == [scale_set_id("flex")] * 2
    assert all(row["id"].endswith(f"/virtualMachines/{row['name']}") for row in rows)
    assert all("latestModelApplied" not in row["properties"] for row in rows)
    assert _rows(http, "computeresources | count") == [{"Count": 0}]


def test_a_cloud_may_not_offer_columns(azure: LocalAzure, http: Http, web: str) -> None:
    """Paths that are not offered are absent from every row, and the rest stays."""
    azure.control.set_limits(columns_not_offered=["latestModelApplied", "storageProfile.imageReference.exactVersion"])
    for row in _rows(http, "computeresources | where id startswith '" + web + "'"):
        assert "latestModelApplied" not in row["properties"]
        assert "exactVersion" not in row["properties"]["storageProfile"]["imageReference"]
        assert row["properties"]["extended"]["instanceView"]["powerState"]


def test_the_index_of_instances_can_fall_behind(azure: LocalAzure, http: Http, web: str) -> None:
    """While the index is held it shows the instances as they were."""
    azure.control.hold_index(held=True)
    azure.control.move_instances(web, exact_version="1.3.0")
    versions = "computeresources | summarize n = count() by v = tostring(properties.storageProfile.imageReference.exactVersion)"
    assert {row["v"] for row in _rows(http, versions)} == {"1.1.0", "1.2.0"}
    azure.control.hold_index(held=False)
    assert _rows(http, versions) == [{"v": "1.3.0", "n": 5}]


def test_instances_go_with_their_scale_set(azure: LocalAzure, http: Http, web: str) -> None:
    """A deletion takes them out of the index."""
    azure.control.delete_scale_set(web)
    assert _rows(http, "computeresources | count") == [{"Count": 0}]


def test_hash_deals_them_out(azure: LocalAzure, http: Http) -> None:
    """Slices by hash hold every scale set once."""
    azure.control.create_fleet(scale_sets=60, subscriptions=1, instances=1)
    found: Counter[str] = Counter()
    for number in range(4):
        query = f"resources | where type endswith 'scalesets' | where hash(tolower(id), 4) == {number} | project id"
        slice_ids = [row["id"] for row in _rows(http, query)]
        assert len(slice_ids) < 40
        found.update(slice_ids)
    assert set(found.values()) == {1}
    assert len(found) == 60


def test_a_summary_answers_one_page(azure: LocalAzure, http: Http) -> None:
    """More groups than a page holds are cut off: the answer says so, and there is no token."""
    azure.control.create_fleet(scale_sets=60, subscriptions=1, instances=1)
    answer = http.graph("resources | summarize count() by id | order by id asc", options={"$top": 50}).json
    assert (answer["count"], answer["resultTruncated"], "$skipToken" in answer) == (50, "true", False)
    inner = "resources | join (resources | summarize n = count() by id) on id | project id | order by id asc"
    assert "$skipToken" in http.graph(inner, options={"$top": 50}).json


def test_a_boolean_that_was_computed_is_a_number(http: Http, web: str) -> None:
    """A computed boolean comes as 0 or 1; one inside the document as it is."""
    row = _rows(
        http,
        "computeresources | order by id asc | project a = isnotnull(properties.vmId), b = name == 'x', "
        "c = properties.latestModelApplied",
    )[0]
    assert (row["a"], row["b"], row["c"]) == (1, 0, True)
    assert type(row["a"]) is int
    assert web


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param(
            "computeresources | join (resourcechanges) on id", "UnsupportedRemoteTableScenario", id="two special tables"
        ),
        pytest.param(
            "resources" + " | join (resourcecontainers | project id) on id" * 4,
            "DisallowedNumberOfOperators",
            id="joins",
        ),
        pytest.param("resources" + " | union (resources)" * 4, "DisallowedNumberOfOperators", id="unions"),
    ],
)
def test_too_much_in_one_query_is_refused(http: Http, web: str, query: str, code: str) -> None:
    """Joins, unions and tables have a limit; resources and one other table go together."""
    answer = http.graph(query)
    assert (answer.status, answer.json["error"]["details"][0]["code"]) == (400, code)
    assert http.graph("resources | union (computeresources) | summarize count()").json["data"][0]["count_"] == 6
    assert web


def test_many_instances_cost_little(azure: LocalAzure, http: Http) -> None:
    """Half a million instances are counted by scale set in one answer."""
    azure.control.create_fleet(scale_sets=500, subscriptions=1, instances=1000)
    azure.control.set_limits(page_bytes=64 * 1024 * 1024)
    rows = _rows(http, CENSUS.replace("| summarize", "| where scaleSet endswith 'we' | summarize"))
    assert sum(row["n"] for row in rows) > 100_000
