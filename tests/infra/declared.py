"""What infra/ declares: its queries, alert rules, functions and Bicep, read from the files that are deployed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.estate.index import JSON_COLUMNS, TEXT_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
QUERIES = INFRA / "queries"
WORKSPACE_ID = (
    "/subscriptions/0/resourcegroups/rg-posture/providers/microsoft.operationalinsights/workspaces/log-posture"
)
LOOK_BACK = timedelta(days=2)
"""What every log alert reads, as alerts.bicep says it (overrideQueryTimeRange)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Log Analytics function: its alias, its parameters as ``name:type``, its body."""

    name: str
    parameters: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A log alert, with the query as it is deployed."""

    name: str
    title: str
    description: str
    kind: str
    frequency: str
    query: str
    dimensions: tuple[str, ...]
    target: str | None
    measure: str | None
    aggregate: bool
    severity: int


def bicep(name: str) -> str:
    """Read a Bicep file of infra/, without its comments."""
    return re.sub(r"(?m)(^|\s)//.*$", "", (INFRA / name).read_text(encoding="utf-8"))


def bicep_files() -> Mapping[str, str]:
    """Read every Bicep file by name, without comments."""
    return {path.name: bicep(path.name) for path in sorted(INFRA.glob("*.bicep"))}


def tables() -> list[dict[str, Any]]:
    """Read the declaration of the Log Analytics tables."""
    declared: list[dict[str, Any]] = json.loads((ROOT / "scanner/data/tables.json").read_text(encoding="utf-8"))[
        "tables"
    ]
    return declared


def functions() -> tuple[Function, ...]:
    """Read the functions that functions.bicep saves."""
    pattern = re.compile(r"alias: '(\w+)'.*?parameters: '([^']*)'\s*query: loadTextContent\('([^']+)'\)", re.DOTALL)
    return tuple(
        Function(name=name, parameters=parameters, body=(INFRA / path).read_text(encoding="utf-8"))
        for name, parameters, path in pattern.findall(bicep("functions.bicep"))
    )


def loaded_queries(name: str) -> dict[str, str]:
    """Read the texts that a Bicep file loads into its ``queries``, by their key there."""
    block = re.search(r"var queries = \{(.*?)\n\}", bicep(name), re.DOTALL)
    assert block is not None, f"{name} has no queries"
    return {
        key: (INFRA / path).read_text(encoding="utf-8")
        for key, path in re.findall(r"'?([\w-]+)'?: loadTextContent\('([^']+)'\)", block.group(1))
    }


def alert_rules() -> tuple[AlertRule, ...]:
    """Read alerts.json and put each query together as alerts.bicep does."""
    queries = loaded_queries("alerts.bicep")
    targets = (QUERIES / "alerts/targets.kql").read_text(encoding="utf-8")
    declared = json.loads((INFRA / "alerts.json").read_text(encoding="utf-8"))["rules"]
    return tuple(
        AlertRule(
            name=rule["name"],
            title=rule["title"],
            description=rule["description"],
            kind=rule["kind"],
            frequency=rule["frequency"],
            query=_deployed(queries[rule["name"]], targets if rule["aggregate"] else ""),
            dimensions=tuple(rule["dimensions"]),
            target=rule.get("target"),
            measure=rule.get("measure"),
            aggregate=rule["aggregate"],
            severity=rule["severity"],
        )
        for rule in declared
    )


def alert_rule(name: str) -> AlertRule:
    """Read one alert rule."""
    return next(rule for rule in alert_rules() if rule.name == name)


def workbook() -> dict[str, Any]:
    """Read the sections and panels of the workbook."""
    declared: dict[str, Any] = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
    return declared


def panels() -> list[dict[str, Any]]:
    """Read the panels of the workbook, of all its sections."""
    return [panel for section in workbook()["sections"] for panel in section["panels"]]


def graph_queries() -> dict[str, str]:
    """Read the workbook's queries that are asked of Azure Resource Graph."""
    asked = {panel["query"] for panel in panels() if panel.get("source") == "resource-graph"}
    return {name: text for name, text in loaded_queries("workbook.bicep").items() if name in asked}


def workspace_queries() -> dict[str, str]:
    """Read the workbook's queries that are asked of the workspace."""
    return {name: text for name, text in loaded_queries("workbook.bicep").items() if name not in graph_queries()}


def graph_tables() -> list[dict[str, Any]]:
    """Declare the Resource Graph table of policy states, as every one of its tables is.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
    """
    columns = [{"name": name, "type": "string"} for name in TEXT_COLUMNS]
    columns += [{"name": name, "type": "dynamic"} for name in JSON_COLUMNS]
    return [{"name": "policyresources", "columns": columns}]


def _deployed(query: str, ending: str) -> str:
    return (f"{query}\n{ending}" if ending else query).replace("{workspaceId}", WORKSPACE_ID)
