"""The deployment page says what is deployed: its options, its costs, its commands."""

import json
import re
import subprocess
from typing import Any

from tests.infra import costs
from tests.infra.declared import INFRA, ROOT, bicep


def page() -> str:
    """Read the page."""
    return (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


def test_costs_are_the_computed_ones() -> None:
    """The table of costs is what prices, sizes and formulas give, and the defaults that it rests on are the Bicep's."""
    assert costs.table() in page()
    main = bicep("main.bicep")
    assert f"param retentionDays int = {costs.INTERACTIVE_DAYS}" in main
    assert f"param totalRetentionDays int = {costs.TOTAL_DAYS}" in main
    assert f"param scanEveryMinutes int = {24 * 60 * costs.DAYS // costs.SCANS}" in main
    assert f"instanceMemoryMB: {costs.MEMORY_GB * 1024}" in bicep("app.bicep")
    rules = json.loads((INFRA / "alerts.json").read_text(encoding="utf-8"))["rules"]
    assert len(rules) == costs.LOG_ALERTS
    assert {rule["frequency"] for rule in rules} == {"PT15M"}


def test_every_option_is_on_the_page() -> None:
    """Each variable that azd passes on is in the table of options with its default, and none that it does not know."""
    passed = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    known = dict(
        found for entry in passed.values() for found in re.findall(r"\$\{(VMSS_\w+)=([^}]*)\}", entry["value"])
    )
    rows = re.findall(r"(?m)^\| (`VMSS_[^|]*) \| ([^|]*)\|", page())
    shown: dict[str, str] = {}
    for names, defaults in rows:
        variables = re.findall(r"`(\w+)`", names)
        values = re.findall(r"`([^`]*)`", defaults) or [""] * len(variables)
        shown |= dict(zip(variables, values, strict=True))
    assert shown == known


def test_commands_name_what_there_is() -> None:
    """Templates, outputs and functions that the commands name are there."""
    text = page()
    assert all((ROOT / path).is_file() for path in re.findall(r"infra/[\w-]+\.bicep", text))
    outputs = set(re.findall(r"(?m)^output (\w+) ", bicep("main.bicep")))
    assert set(re.findall(r"azd env get-value (\w+)", text)) <= outputs
    functions = set(re.findall(r"(?m)^def ([a-z]\w*)\(", (ROOT / "function_app.py").read_text(encoding="utf-8")))
    assert set(re.findall(r"--function-name (\w+)", text)) <= functions
    listed = re.search(r"six functions \(([^)]*)\)", text)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed.group(1))) == functions


def test_commands_can_be_pasted() -> None:
    """Commands have no prompt and no gap to fill in, parse as shell, and use no variable that was not set before."""
    commands = re.findall(r"```sh\n(.*?)```", page(), re.DOTALL)
    assert len(commands) >= 8
    whole = "\n".join(commands)
    assert "```console" not in page()
    assert not re.search(r"(?m)^\$ |<[a-z ]+>|…", whole)
    subprocess.run(["sh", "-n"], input=whole, text=True, check=True)
    used = {match.group(1): match.start() for match in reversed(list(re.finditer(r"\$([a-z_]+)", whole)))}
    given = {match.group(1): match.start() for match in reversed(list(re.finditer(r"(?m)^([a-z_]+)=", whole)))}
    assert set(used) <= set(given)
    assert all(given[name] < used[name] for name in used)


def test_links_of_the_page_resolve() -> None:
    """Links to files of the repository lead to files that are there, and the doctor is one of them."""
    links = re.findall(r"\]\((?!https:)([^)#]+)", page())
    assert "doctor.md" in links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


def test_queries_of_the_page_are_right(answers: dict[str, Any]) -> None:
    """The language service finds nothing in the queries that the page tells people to run."""
    found = {name: answer["diagnostics"] for name, answer in answers.items() if name.startswith("page deploy ")}
    assert len(found) >= 1
    assert {name: said for name, said in found.items() if said} == {}


def test_narrower_rights_are_said_to_leave_the_wider_ones() -> None:
    """Where a role depends on a setting, the page says that a later change of it takes none away, and how to do that."""
    conditions = [
        found
        for name in ("roles.bicep", "access-subscription.bicep")
        for found in re.findall(r"roleAssignments@\S+ = if \(([^\n]*)\) \{", bicep(name))
    ]
    assert any("tablesOnly" in condition for condition in conditions)
    assert any("role ==" in condition for condition in conditions)
    section = page().split("### Narrower rights later\n")[1].split("\n### ")[0]
    for setting in ("VMSS_READER_ROLE", "VMSS_ALERTS_READ_TABLES_ONLY", "VMSS_READ_OWN_SUBSCRIPTION"):
        assert setting in section
    assert section.count("az role assignment delete") == 2
