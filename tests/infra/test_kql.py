"""Every query as it is deployed, checked by Microsoft's own parser and binder against the declared tables."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from tests.infra.declared import (
    QUERIES,
    ROOT,
    alert_rules,
    functions,
    graph_queries,
    graph_tables,
    loaded_queries,
    tables,
    workspace_queries,
)


def deployed_queries() -> dict[str, str]:
    """Name every text that the workspace will run: functions by a call of theirs, alerts, panels."""
    calls = {f"function {item.name}": f"{item.name}({'now()' if item.parameters else ''})" for item in functions()}
    bodies = {
        f"body of {item.name}": f"let at = datetime(2026-11-20);\n{item.body}" if item.parameters else item.body
        for item in functions()
    }
    alerts = {f"alert {rule.name}": rule.query for rule in alert_rules()}
    panels = {f"panel {name}": text for name, text in workspace_queries().items()}
    return {**calls, **bodies, **alerts, **panels}


def check(queries: Mapping[str, str], *, of_graph: bool = False) -> dict[str, Any]:
    """Ask the Kusto language service about all queries at once, over the workspace or over Azure Resource Graph."""
    asked = {
        "tables": graph_tables() if of_graph else tables(),
        "functions": [] if of_graph else [asdict(function) for function in functions()],
        "queries": list(queries.values()),
    }
    done = subprocess.run(
        ["node", str(ROOT / "tests/infra/kusto_check.cjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(zip(queries, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Ask what the language service says of each query."""
    return check(deployed_queries())


@pytest.mark.parametrize("name", deployed_queries())
def test_language_service_finds_nothing(answers: dict[str, Any], name: str) -> None:
    """No query has a diagnostic, and each has a result with columns of a known type."""
    answer = answers[name]
    assert answer["diagnostics"] == []
    assert answer["columns"]
    assert [column["name"] for column in answer["columns"] if column["type"] == "unknown"] == []


@pytest.mark.parametrize("name", graph_queries())
def test_language_service_finds_nothing_in_graph_queries(name: str) -> None:
    """What is asked of Azure Resource Graph is right over its tables, and knows nothing of the workspace's."""
    text = graph_queries()[name]
    (answer,) = check({name: text}, of_graph=True).values()
    assert answer["diagnostics"] == []
    assert [column["name"] for column in answer["columns"] if column["type"] == "unknown"] == []
    assert check({name: text})[name]["diagnostics"]


@pytest.mark.parametrize("name", graph_queries())
def test_graph_queries_can_be_paged(name: str) -> None:
    """Azure Resource Graph pages a result that is ordered by an id it shows, and nothing that is summed up or cut."""
    text = graph_queries()[name]
    assert text.strip().endswith("| order by id asc")
    assert re.search(r"\| project\s+id,", text)
    assert not re.search(r"\b(summarize|limit|take|sample|distinct|mv-expand)\b", text)


def test_language_service_is_really_asked() -> None:
    """A column that is not declared is found, in a query and through a function."""
    wrong = {
        "table": "VmssPostureEvents_CL | where RuleName2 == ''",
        "function": "VmssPostureOpenFindings() | project Evidence",
        "argument": "VmssPostureCompliance()",
    }
    found = check(wrong)
    assert "RuleName2" in found["table"]["diagnostics"][0]["message"]
    assert "Evidence" in found["function"]["diagnostics"][0]["message"]
    assert found["argument"]["diagnostics"]


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_alert_columns_are_in_the_result(answers: dict[str, Any], rule: Any) -> None:
    """Target, measure and dimensions of a rule are columns of its query, and dimensions are strings."""
    columns = {column["name"]: column["type"] for column in answers[f"alert {rule.name}"]["columns"]}
    assert [columns.get(name) for name in rule.dimensions] == ["string"] * len(rule.dimensions)
    assert len(rule.dimensions) <= 6
    assert rule.target is None or columns[rule.target] == "string"
    assert rule.measure is None or columns[rule.measure] in ("long", "int", "real")


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_alert_queries_keep_azures_limits(rule: Any) -> None:
    """No operator that a log alert refuses, ago() of literals only, no reserved column, and a rule below 64 KB."""
    texts = [rule.query, *[item.body for item in functions()]]
    assert not re.search(r"bag_unpack|\bpivot\b|\bnarrow\b|AggregatedValue", "\n".join(texts))
    assert all(re.fullmatch(r"\d+[mhd]", span) for span in re.findall(r"ago\(([^)]*)\)", "\n".join(texts)))
    assert len(rule.query.encode()) < 32_768


@pytest.mark.parametrize(
    "rule", [rule for rule in alert_rules() if rule.kind == "transition"], ids=lambda rule: rule.name
)
def test_window_of_a_transition_is_its_frequency(rule: Any) -> None:
    """What a query takes as new is what arrived since the last evaluation: no gap, no overlap."""
    window = rule.frequency.removeprefix("PT").lower()
    assert "ingestion_time()" in rule.query or "FirstIngestedAt" in rule.query
    assert set(re.findall(r"ago\((\w+)\)", rule.query)) - {"1h"} == {window}


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.name)
def test_functions_have_no_clock(function: Any) -> None:
    """A saved function that asks for the time breaks the alerts that call it."""
    assert not re.search(r"\b(now|ago)\s*\(", function.body)


def test_every_query_file_is_deployed() -> None:
    """No query lies about unused, and none is deployed that is not in its folder."""
    loaded = {
        "alerts": {*loaded_queries("alerts.bicep"), "targets"},
        "functions": {item.name for item in functions()},
        "workbook": set(loaded_queries("workbook.bicep")),
    }
    there = {folder: {path.stem for path in (QUERIES / folder).glob("*.kql")} for folder in loaded}
    assert loaded == there
    assert {rule.name for rule in alert_rules()} == set(loaded_queries("alerts.bicep"))
