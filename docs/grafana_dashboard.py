"""The dashboard for Azure Managed Grafana, made from the workbook's sections and queries: one text, shown in two places.

https://learn.microsoft.com/azure/managed-grafana/how-to-create-dashboard
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SOURCE = {"type": "grafana-azure-monitor-datasource", "uid": "${datasource}"}
_KINDS = {"table": "table", "linechart": "timeseries"}
_WIDTH, _HEIGHT = 24, 9


def dashboard(root: Path, made: Mapping[str, str]) -> str:
    """Render the dashboard as JSON: a row for each section, a panel for each query of the workspace.

    ``made``: queries that are generated too, by name, as they will be written.
    """
    infra = root / "infra"
    workbook = json.loads((infra / "workbook.json").read_text(encoding="utf-8"))
    panels: list[dict[str, Any]] = []
    top = 0
    for section in workbook["sections"]:
        shown = [panel for panel in section["panels"] if _is_of_the_workspace(panel)]
        if not shown:
            continue
        panels.append(_row(len(panels) + 1, section["title"], top))
        top += 1
        for panel in shown:
            name = panel["query"]
            query = made.get(name) or (infra / "queries/workbook" / f"{name}.kql").read_text(encoding="utf-8")
            panels.append(_panel(len(panels) + 1, panel, query, top, section["text"]))
            top += _HEIGHT
    document = {
        "title": workbook["title"],
        "uid": "vmss-upgrade-posture",
        "tags": ["vmss-upgrade-monitor"],
        "editable": False,
        "schemaVersion": 39,
        "timezone": "utc",
        "refresh": "",
        "time": {"from": "now-30d", "to": "now"},
        "templating": {"list": _variables((infra / "queries/workbook/parameters/deployments.kql").read_text("utf-8"))},
        "panels": panels,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _is_of_the_workspace(panel: dict[str, Any]) -> bool:
    """Leave out merges, what serves them only, and Azure Resource Graph: Grafana merges otherwise."""
    return "query" in panel and not panel.get("hidden") and panel.get("source") != "resource-graph"


def _row(number: int, title: str, top: int) -> dict[str, Any]:
    place = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(number: int, panel: dict[str, Any], query: str, top: int, text: str) -> dict[str, Any]:
    is_table = panel["visualization"] == "table"
    return {
        "id": number,
        "type": _KINDS[panel["visualization"]],
        "title": panel["title"],
        "description": text,
        "datasource": _SOURCE,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": 0, "y": top},
        "targets": [_target(query, "table" if is_table else "time_series")],
    }


def _target(query: str, result: str) -> dict[str, Any]:
    return {
        "refId": "A",
        "datasource": _SOURCE,
        "queryType": "Azure Log Analytics",
        "azureLogAnalytics": {
            # The dashboard's time range is that of the query, as the functions take it from there.
            "dashboardTime": True,
            "timeColumn": "TimeGenerated",
            "query": query.replace("{Deployment}", "${deployment}"),
            "resources": ["${workspace}"],
            "resultFormat": result,
        },
    }


def _variables(deployments: str) -> list[dict[str, Any]]:
    query = _target(deployments, "table")
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": _SOURCE["type"]},
        {
            "name": "workspace",
            "label": "Resource id of the workspace",
            "type": "textbox",
            "query": "",
        },
        {
            "name": "deployment",
            "label": "Deployment",
            "type": "query",
            "datasource": _SOURCE,
            "query": query,
            "refresh": 2,
            "includeAll": False,
            "multi": False,
        },
    ]
