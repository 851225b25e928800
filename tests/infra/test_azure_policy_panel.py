"""Azure Policy's verdict beside ours on VMSS-001: both halves of the panel, and how the workbook merges them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.infra import rows
from tests.infra.declared import bicep, graph_queries, panels, workbook, workspace_queries
from tests.infra.log_analytics import LogAnalytics
from tests.infra.resource_graph import ask, policy_state

NOW = rows.moment("2026-11-20 12:00")
SNAPSHOT_AT = rows.moment("2026-11-20 06:00")
FLEET: dict[str, dict[str, Any]] = {
    "web": {},
    "off": {"Outcomes": {"VMSS-001": "failed"}, "UpgradesItself": "no"},
    "agreed": {
        "Outcomes": {"VMSS-001": "failed"},
        "UpgradesItself": "no",
        "Exemptions": [rows.exemption("2026-12-31")],
    },
    "stuck": {"UpgradesItself": "blocked", "BlockedBy": ["VMSS-003", "VMSS-005"]},
    "unsure": {"UpgradesItself": "unknown"},
    "pool": {"Outcomes": {"VMSS-001": "not_applicable"}, "UpgradesItself": "managed", "ManagedBy": "AKS"},
    "flex": {
        "Outcomes": {"VMSS-001": "unknown"},
        "UpgradesItself": "unknown",
        "Posture": {"orchestration_mode": "flexible"},
    },
    "unread": {"Outcomes": {"VMSS-001": "unknown"}, "UpgradesItself": "unknown"},
    "new": {"Outcomes": {}, "UpgradesItself": "unknown"},
}
"""Scale sets of the last snapshot, by what our verdict on them is."""


@pytest.fixture
def seeded(workspace: LogAnalytics) -> LogAnalytics:
    """Let a snapshot of the fleet arrive, and an older one in which everything passed."""
    for at, fleet in ((SNAPSHOT_AT - timedelta(days=1), {name: {} for name in FLEET}), (SNAPSHOT_AT, FLEET)):
        found = [rows.snapshot(name, at, **columns) for name, columns in fleet.items()]
        workspace.send("VmssPostureSnapshot_CL", found, received=at)
        workspace.send("VmssPostureEvents_CL", [rows.snapshot_completed(at)], received=at)
    return workspace


def shown(workspace: LogAnalytics, name: str, states: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show a merged panel: run the queries of both its halves and merge their rows as the workbook is told to."""
    merge = merge_of(name)
    named = {step[side] for step in merge["merges"] for side in ("leftTable", "rightTable")}
    ours = {key: text for key, text in workspace_queries().items() if key in named}
    tables = {key: workspace.query(text, now=NOW, reach=timedelta(days=30)) for key, text in ours.items()}
    tables |= {key: ask(text, states) for key, text in graph_queries().items() if key in named}
    return merged(merge, tables)


def merge_of(name: str) -> dict[str, Any]:
    """Read how a panel is merged."""
    (found,) = [panel["merge"] for panel in panels() if panel.get("name") == name]
    merge: dict[str, Any] = found
    return merge


def merged(merge: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Merge rows as a workbook does, for the two kinds that ours use: inner and leftanti, on one column each.

    https://learn.microsoft.com/azure/azure-monitor/visualize/workbooks-data-sources#merge
    """
    (step,) = merge["merges"]
    left, right = tables[step["leftTable"]], tables[step["rightTable"]]
    found: list[dict[str, Any]] = []
    for row in left:
        matches = [other for other in right if other[step["rightColumn"]] == row[step["leftColumn"]]]
        if step["mergeType"] == "leftanti":
            pairs: list[dict[str, Any]] = [] if matches else [{}]
        else:
            pairs = matches
        for match in pairs:
            columns = {f"[{step['leftTable']}].{name}": value for name, value in row.items()}
            columns |= {f"[{step['rightTable']}].{name}": value for name, value in match.items()}
            found.append(
                {
                    item["mergedName"]: columns[item["originalName"]]
                    for item in merge["projectRename"]
                    if "mergedName" in item
                }
            )
    return found


@pytest.mark.parametrize(
    ("name", "verdict", "ours", "compared", "why"),
    [
        pytest.param("web", "Compliant", "passed", "agree", "", id="both find the flag on"),
        pytest.param("off", "NonCompliant", "failed", "agree", "", id="both find the flag off"),
        pytest.param("agreed", "NonCompliant", "failed", "agree", "An exemption covers it", id="off, and exempt here"),
        pytest.param(
            "unsure", "Compliant", "passed", "agree", "is not known", id="on, and nobody knows whether it runs"
        ),
        pytest.param("stuck", "Compliant", "passed", "differ", "blocked by VMSS-003, VMSS-005", id="on, and blocked"),
        pytest.param(
            "pool", "NonCompliant", "not_applicable", "differ", "Service-managed by AKS", id="service-managed"
        ),
        pytest.param(
            "pool", "Compliant", "not_applicable", "differ", "Service-managed by AKS", id="service-managed, on"
        ),
        pytest.param("flex", "NonCompliant", "unknown", "differ", "Flexible: ", id="Flexible without the flag"),
        pytest.param("unread", "NonCompliant", "unknown", "differ", "Not enough was read", id="not read here"),
        pytest.param("new", "NonCompliant", "unknown", "differ", "Not enough was read", id="a rule without an outcome"),
        pytest.param("off", "Compliant", "failed", "differ", "One of the two is older", id="switched off since"),
        pytest.param("web", "NonCompliant", "passed", "differ", "One of the two is older", id="switched on since"),
        pytest.param("web", "Exempt", "passed", "no verdict of Azure Policy", "", id="exempt in Azure Policy"),
        pytest.param("web", "Conflict", "passed", "no verdict of Azure Policy", "", id="two assignments in conflict"),
    ],
)
def test_both_verdicts_stand_side_by_side(
    seeded: LogAnalytics, name: str, verdict: str, *, ours: str, compared: str, why: str
) -> None:
    """A scale set whose policy state was read is one row: both verdicts, whether they agree, and if not why."""
    (row,) = shown(seeded, "azure-policy-beside-vmss-001", [policy_state(name, verdict)])
    assert row["ScaleSetId"] == rows.scale_set_id(name)
    assert (row["Azure Policy"], row["VMSS-001"], row["Compared"]) == (verdict, ours, compared)
    assert why in row["Why"]
    assert bool(row["Why"]) == bool(why)
    assert (row["Assignment"], row["EvaluatedAt"].isoformat()) == ("vmss-auto-os-upgrade", "2026-11-20T05:00:00")


def test_no_state_is_no_verdict(seeded: LogAnalytics) -> None:
    """Where no policy state can be read nothing is compared, and every scale set is named as not read."""
    assert shown(seeded, "azure-policy-beside-vmss-001", []) == []
    assert [row["ScaleSetId"] for row in shown(seeded, "azure-policy-not-read", [])] == sorted(
        rows.scale_set_id(name) for name in FLEET
    )


def test_scale_sets_without_a_state_are_named(seeded: LogAnalytics) -> None:
    """A scale set whose policy state was not read is named once with our verdict, and those that were read are not."""
    states = [policy_state(name, "Compliant") for name in FLEET if name != "off"]
    (row,) = shown(seeded, "azure-policy-not-read", states)
    assert (row["ScaleSetId"], row["VMSS-001"]) == (rows.scale_set_id("off"), "failed")


def test_each_assignment_is_a_row(seeded: LogAnalytics) -> None:
    """A policy that is assigned twice has two verdicts, and both are shown."""
    states = [policy_state("web", "Compliant"), policy_state("web", "Exempt", assignment="platform-baseline")]
    found = shown(seeded, "azure-policy-beside-vmss-001", states)
    assert sorted((row["Assignment"], row["Compared"]) for row in found) == [
        ("platform-baseline", "no verdict of Azure Policy"),
        ("vmss-auto-os-upgrade", "agree"),
    ]


def test_other_policies_are_left_out(seeded: LogAnalytics) -> None:
    """States of another definition or of another type of resource are none of ours."""
    other = [
        policy_state(
            "web", "NonCompliant", policyDefinitionId="/providers/microsoft.authorization/policydefinitions/x"
        ),
        policy_state("web", "NonCompliant", resourceType="Microsoft.Compute/virtualMachines"),
        {**policy_state("web", "NonCompliant"), "type": "microsoft.policyinsights/policymetadata"},
    ]
    assert shown(seeded, "azure-policy-beside-vmss-001", other) == []


def test_merges_name_columns_that_there_are(answers: dict[str, Any], graph_answers: dict[str, Any]) -> None:
    """Every column that a merge joins on, renames or leaves out is a column of its table, and every one is dealt with."""
    asked = {name: answers[f"panel {name}"] for name in workspace_queries()} | graph_answers
    columns = {name: {column["name"] for column in answer["columns"]} for name, answer in asked.items()}
    for panel in panels():
        if "merge" not in panel:
            continue
        (step,) = panel["merge"]["merges"]
        assert step["leftColumn"] in columns[step["leftTable"]]
        assert step["rightColumn"] in columns[step["rightTable"]]
        tables = [step["leftTable"]] if step["mergeType"] == "leftanti" else [step["leftTable"], step["rightTable"]]
        there = {f"[{table}].{column}" for table in tables for column in columns[table]}
        renamed = [item["originalName"] for item in panel["merge"]["projectRename"]]
        assert set(renamed) <= there
        assert there - set(renamed) <= {f"[{step['leftTable']}].Pair"}
        assert {item.get("fromId", step["id"]) for item in panel["merge"]["projectRename"]} == {step["id"]}


def test_sources_of_merges_are_in_the_same_tab() -> None:
    """The panels that a merge takes rows from are steps of its own section, and those nobody should read are hidden."""
    for section in workbook()["sections"]:
        names = {panel.get("query") for panel in section["panels"]}
        used = {
            step[side]
            for panel in section["panels"]
            for step in panel.get("merge", {}).get("merges", [])
            for side in ("leftTable", "rightTable")
        }
        hidden = {panel["query"] for panel in section["panels"] if panel.get("hidden")}
        assert hidden <= used <= names


def test_reader_is_told_what_no_row_means() -> None:
    """The tab and its panels say that no row is no verdict, rather than compliance."""
    (section,) = [section for section in workbook()["sections"] if section["name"] == "policy"]
    assert "No row means not read, and never compliant." in section["text"]
    states = [panel for panel in section["panels"] if panel.get("source") == "resource-graph"]
    beside = [panel for panel in section["panels"] if panel.get("name") == "azure-policy-beside-vmss-001"]
    assert all("not assigned" in panel["noData"] for panel in states + beside)
    assert not any(panel.get("hidden") for panel in states)


def test_states_are_asked_for_in_every_subscription() -> None:
    """The workbook asks Azure Resource Graph across subscriptions, and merges by its own data source."""
    text = bicep("workbook.bicep")
    assert "queryType: 1\n                      resourceType: 'microsoft.resourcegraph/resources'" in text
    assert "'value::all'" in text
    assert "queryType: 7\n                  query: string(panel.merge)" in text
