"""What infra/ declares: its queries, alert rules, functions and Bicep, read from the files that are deployed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.estate.index import JSON_COLUMNS, TEXT_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
QUERIES = INFRA / "queries"
WORKSPACE_ID = (
    "/subscriptions/0/resourcegroups/rg-posture/providers/microsoft.operationalinsights/workspaces/log-posture"
)
DEPLOYMENT = "k3n5q2w7x4y6z"
"""The deployment that the queries are deployed for."""
OTHER_DEPLOYMENT = "z9z9z9z9z9z9z"
"""Another one that sends its rows to the same workspace."""
DEPLOYED_AT = datetime(2026, 9, 1, tzinfo=UTC)
"""When it was deployed, unless a test says otherwise: long before anything happens."""
COLLECTION_RULE_ID = (
    "/subscriptions/0/resourcegroups/rg-posture/providers/microsoft.insights/datacollectionrules/dcr-posture"
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
    threshold: int
    repeat: str | None
    routed: bool
    owner: str = ""
    """With a route: the owner that the rule is for."""
    routed_owners: tuple[str, ...] = ()
    """The owners that have a rule of their own."""


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
    """Read the functions that functions.bicep saves: each under its versioned name, and under its plain one."""
    text = bicep("functions.bicep")
    version = functions_version()
    pattern = re.compile(
        r"alias: '(\w+)'.*?parameters: '([^']*)'\s*arguments: '([^']*)'\s*query: loadTextContent\('([^']+)'\)",
        re.DOTALL,
    )
    found: list[Function] = []
    for name, parameters, arguments, path in pattern.findall(text):
        body = (INFRA / path).read_text(encoding="utf-8")
        found.append(Function(name=f"{name}{version}", parameters=parameters, body=body))
        found.append(Function(name=name, parameters=parameters, body=f"{name}{version}({arguments})"))
    return tuple(found)


def functions_version() -> str:
    """Read the version that the functions' names carry."""
    found = re.search(r"var version = '(V\d+)'", bicep("functions.bicep"))
    assert found is not None
    return found.group(1)


def loaded_queries(name: str) -> dict[str, str]:
    """Read the texts that a Bicep file loads into its ``queries``, by their key there."""
    block = re.search(r"var queries = \{(.*?)\n\}", bicep(name), re.DOTALL)
    assert block is not None, f"{name} has no queries"
    return {
        key: (INFRA / path).read_text(encoding="utf-8")
        for key, path in re.findall(r"'?([\w-]+)'?: loadTextContent\('([^']+)'\)", block.group(1))
    }


def alert_rules(
    *, every: int = 30, deployed_at: datetime = DEPLOYED_AT, routed_owners: tuple[str, ...] = (), owner: str = ""
) -> tuple[AlertRule, ...]:
    """Read alerts.json and put each rule together as alerts.bicep does, for scans ``every`` so many minutes."""
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
            query=_deployed(
                f"{queries[rule['name']]}\n{targets}" if rule["aggregate"] else queries[rule["name"]],
                rule["frequency"],
                every=every,
                deployed_at=deployed_at,
                routed_owners=routed_owners,
            ),
            dimensions=tuple(rule["dimensions"]),
            target=rule.get("target"),
            measure=rule.get("measure"),
            aggregate=rule["aggregate"],
            severity=rule["severity"],
            threshold=threshold_of(rule, every),
            repeat=rule.get("repeat"),
            routed=rule["routed"],
            owner=owner,
            routed_owners=routed_owners,
        )
        for rule in declared
    )


def threshold_of(rule: Mapping[str, Any], every: int) -> int:
    """Compute a rule's threshold as alerts.bicep does."""
    if "refused" in rule:
        return refused_requests(every)
    if "schedules" in rule:
        longest = 1440 if rule["schedules"] > 2 else 2640
        return min(int(rule["schedules"]) * every + int(rule["minutes"]), longest)
    return int(rule["threshold"])


def refused_requests(every: int) -> int:
    """Compute how many refused requests are no alert yet, as alerts.bicep does."""
    return max(2, 30 // every + 1) + 4


def refused_window(every: int) -> timedelta:
    """Over which time refused requests are counted, as alerts.bicep says it."""
    return timedelta(hours=6) if every <= 30 else timedelta(days=1)


def alert_rule(name: str, **how: Any) -> AlertRule:
    """Read one alert rule, deployed as ``alert_rules`` says."""
    return next(rule for rule in alert_rules(**how) if rule.name == name)


def allowed_intervals() -> list[int]:
    """Read the allowed minutes between two scans."""
    allowed = re.search(r"@allowed\(\[([\d\s]+)\]\)\s*param scanEveryMinutes", bicep("main.bicep"))
    assert allowed is not None
    return [int(text) for text in allowed.group(1).split()]


def windows() -> dict[str, str]:
    """Read what the queries take as new, by frequency."""
    block = re.search(r"var windows = \{(.*?)\n\}", bicep("alerts.bicep"), re.DOTALL)
    assert block is not None
    return dict(re.findall(r"(PT\w+): '(\w+)'", block.group(1)))


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
    """Read the workbook's queries that are asked of the workspace, for the deployment that is looked at."""
    graph = graph_queries()
    return {name: for_deployment(text) for name, text in loaded_queries("workbook.bicep").items() if name not in graph}


def graph_tables() -> list[dict[str, Any]]:
    """Declare the Resource Graph table of policy states, as every one of its tables is.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
    """
    columns = [{"name": name, "type": "string"} for name in TEXT_COLUMNS]
    columns += [{"name": name, "type": "dynamic"} for name in JSON_COLUMNS]
    return [{"name": "policyresources", "columns": columns}]


def for_deployment(text: str, deployment: str = DEPLOYMENT) -> str:
    """Fill in the deployment that a panel is looked at for."""
    return text.replace("{Deployment}", deployment)


def _deployed(query: str, frequency: str, *, every: int, deployed_at: datetime, routed_owners: tuple[str, ...]) -> str:
    filled = {
        "{workspaceId}": WORKSPACE_ID,
        "{deployment}": DEPLOYMENT,
        "{deployedAt}": deployed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "{collectionRuleId}": COLLECTION_RULE_ID,
        "{settled}": "5m",
        "{window}": windows()[frequency],
        "{hour}": "65m",
        "{errors}": "6h" if every <= 30 else "1d",
        "{routedOwners}": json.dumps(list(routed_owners), ensure_ascii=False, separators=(",", ":")),
    }
    for placeholder, value in filled.items():
        query = query.replace(placeholder, value)
    return query
