"""Every query as it is deployed, checked by Microsoft's own parser and binder against the declared tables."""

import re
from typing import Any

import pytest

from tests.infra.declared import (
    QUERIES,
    alert_rules,
    functions,
    functions_version,
    graph_queries,
    loaded_queries,
    windows,
)
from tests.infra.language_service import deployed_queries

MINUTES = {"PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60}
"""Frequencies that a rule may be given."""


@pytest.mark.parametrize("name", deployed_queries())
def test_language_service_finds_nothing(answers: dict[str, Any], name: str) -> None:
    """No query has a diagnostic, and each has a result with columns of a known type."""
    answer = answers[name]
    assert answer["diagnostics"] == []
    assert answer["columns"]
    assert [column["name"] for column in answer["columns"] if column["type"] == "unknown"] == []


@pytest.mark.parametrize("name", graph_queries())
def test_language_service_finds_nothing_in_graph_queries(
    answers: dict[str, Any], graph_answers: dict[str, Any], name: str
) -> None:
    """What is asked of Azure Resource Graph is right over its tables, and knows nothing of the workspace's."""
    answer = graph_answers[name]
    assert answer["diagnostics"] == []
    assert [column["name"] for column in answer["columns"] if column["type"] == "unknown"] == []
    assert answers[f"graph {name}"]["diagnostics"], "the workspace has no such table"


@pytest.mark.parametrize("name", graph_queries())
def test_graph_queries_can_be_paged(name: str) -> None:
    """Azure Resource Graph pages a result that is ordered by an id it shows, and nothing that is summed up or cut."""
    text = graph_queries()[name]
    assert text.strip().endswith("| order by id asc")
    assert re.search(r"\| project\s+id,", text)
    assert not re.search(r"\b(summarize|limit|take|sample|distinct|mv-expand)\b", text)


def test_language_service_is_really_asked(answers: dict[str, Any]) -> None:
    """A column that is not declared is found, in a query and through a function."""
    assert "RuleName2" in answers["wrong table"]["diagnostics"][0]["message"]
    assert "Evidence" in answers["wrong function"]["diagnostics"][0]["message"]
    assert answers["wrong argument"]["diagnostics"]


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
    """What a query takes as new is what arrived between two evaluations, five minutes ago: no gap, no overlap."""
    window = MINUTES[rule.frequency]
    assert "ingestion_time()" in rule.query or "FirstIngestedAt" in rule.query
    assert set(re.findall(r"ago\((\w+)\)", rule.query)) - {"65m"} == {f"{window + 5}m", "5m"}


def test_every_frequency_has_its_window() -> None:
    """A rule may be looked at every 5 to 60 minutes: the window of each frequency is as long, and five minutes older."""
    spans = {frequency: int(window.removesuffix("m")) for frequency, window in windows().items()}
    assert spans == {frequency: minutes + 5 for frequency, minutes in MINUTES.items()}


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
    loaded["functions"] = {path.stem for path in (QUERIES / "functions").glob("*.kql")}
    assert {item.name.removesuffix(functions_version()) for item in functions()} == loaded["functions"]
    there = {folder: {path.stem for path in (QUERIES / folder).glob("*.kql")} for folder in loaded}
    assert loaded == there
    assert {rule.name for rule in alert_rules()} == set(loaded_queries("alerts.bicep"))
