"""The Grafana dashboard: the workbook's queries over rows, as Grafana asks them."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.infra.declared import DEPLOYMENT, INFRA, for_deployment, loaded_queries, panels
from tests.infra.log_analytics import LogAnalytics
from tests.infra.test_workbook import NOW, seed

DASHBOARD: dict[str, Any] = json.loads((INFRA / "grafana.json").read_text(encoding="utf-8"))


def shown() -> list[dict[str, Any]]:
    """Read the panels that have a query."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def query_of(panel: dict[str, Any]) -> str:
    """Fill in what Grafana does: the chosen deployment."""
    (target,) = panel["targets"]
    text: str = target["azureLogAnalytics"]["query"].replace("${deployment}", DEPLOYMENT)
    assert "$" not in text
    return text


@pytest.fixture(scope="module")
def seeded() -> LogAnalytics:
    """Let a day pass of the small fleet of the workbook's tests."""
    return seed(LogAnalytics())


@pytest.mark.parametrize("panel", shown(), ids=lambda panel: panel["title"])
def test_panel_answers(seeded: LogAnalytics, panel: dict[str, Any]) -> None:
    """Every panel has rows of the small fleet, and a line chart a time and numbers."""
    found = seeded.query(query_of(panel), now=NOW, reach=timedelta(days=30))
    assert found
    if panel["type"] == "timeseries":
        first, *numbers = found[0].values()
        assert hasattr(first, "isoformat")
        assert all(isinstance(number, int | float) for number in numbers)


def test_dashboard_shows_what_the_workbook_shows() -> None:
    """Each query of the workspace that the workbook shows is a panel with the same title and text, and no other is."""
    ours = {
        panel["title"]: for_deployment(loaded_queries("workbook.bicep")[panel["query"]])
        for panel in panels()
        if "query" in panel and not panel.get("hidden") and panel.get("source") != "resource-graph"
    }
    assert {panel["title"]: query_of(panel) for panel in shown()} == ours


def test_dashboard_asks_with_what_is_chosen() -> None:
    """Data source, workspace and deployment are variables: nothing of one installation is in the file."""
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == [
        "datasource",
        "workspace",
        "deployment",
    ]
    text = json.dumps(DASHBOARD)
    assert not re.search(r"/subscriptions/|[0-9a-f]{8}-[0-9a-f]{4}-", text)
    for panel in shown():
        (target,) = panel["targets"]
        assert target["azureLogAnalytics"]["resources"] == ["${workspace}"]
        assert target["azureLogAnalytics"]["dashboardTime"] is True
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_deployments_to_choose_from(seeded: LogAnalytics) -> None:
    """The list of deployments is that of the scans."""
    (variable,) = [item for item in DASHBOARD["templating"]["list"] if item["name"] == "deployment"]
    found = seeded.query(variable["query"]["azureLogAnalytics"]["query"], now=NOW)
    assert [row["Deployment"] for row in found] == [DEPLOYMENT]
