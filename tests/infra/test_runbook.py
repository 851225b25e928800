"""Every alert has its page in the runbook, and the runbook's queries run."""

import re
from typing import Any

import pytest

from tests.infra.declared import ROOT, alert_rules, bicep

SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def runbook() -> str:
    """Read the runbook."""
    return (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


def alert_names() -> list[str]:
    """Name every alert that is deployed, as its runbook heading is."""
    text = bicep("alerts.bicep")
    linked = re.findall(r"\$\{runbook\}#([\w-]+)'", text)
    linked += re.findall(r"\$\{runbookUrl\}#([\w-]+)'", bicep("availability.bicep"))
    metrics = text.split("var metricAlerts = [")[1].split("\n]")[0]
    return [rule.name for rule in alert_rules()] + re.findall(r"(?m)^    name: '([\w-]+)'", metrics) + linked


def test_headings_are_the_alerts() -> None:
    """The runbook has a heading for each alert, in any order, and none for an alert that is not deployed."""
    assert sorted(re.findall(r"(?m)^## (\S+)$", runbook())) == sorted(alert_names())


@pytest.mark.parametrize("name", alert_names())
def test_heading_says_all_four(name: str) -> None:
    """Each heading says what the alert means, what suffers, how to find out and what to do."""
    page = runbook().split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert re.findall(r"(?m)^### (\w+)$", page) == SECTIONS
    assert all(len(part.strip()) > 20 for part in re.split(r"(?m)^### \w+$", page)[1:])


def test_links_lead_to_headings() -> None:
    """A link within the runbook leads to a heading of it."""
    headings = set(re.findall(r"(?m)^## (\S+)$", runbook()))
    assert set(re.findall(r"\]\(#([\w-]+)\)", runbook())) <= headings


def test_queries_of_the_page_are_right(answers: dict[str, Any]) -> None:
    """The language service finds nothing in the queries that the page tells people to run."""
    found = {name: answer["diagnostics"] for name, answer in answers.items() if name.startswith("page runbook ")}
    assert len(found) >= 5
    assert {name: said for name, said in found.items() if said} == {}


def test_alerts_link_to_the_runbook() -> None:
    """Each alert's description ends with its heading."""
    text = bicep("alerts.bicep")
    assert "${runbook}#${each.rule.name}" in text
    assert "${runbook}#${alert.name}" in text
    assert "var runbook = 'Runbook: ${runbookUrl}'" in text
    assert "param runbookUrl string = 'docs/runbook.md'" in bicep("main.bicep")
