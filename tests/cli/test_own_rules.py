"""Own rules in the commands: beside the catalogue in tables, JSON, SARIF, JUnit, and at the gate."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale_sets import document
from tests.scan.test_own_rules import RULE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a fleet and a rule in rules.d, as an operator has them."""
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "shop.toml").write_text(RULE)
    (tmp_path / "fleet.json").write_text(json.dumps([document("web")]))
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the folder."""
    return subprocess.run(
        [sys.executable, "-m", "scanner", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_judges_by_them(folder: Path) -> None:
    """The folder's rules.d is read; the gate closes; the table, the filter and the JSON name the rule."""
    done = run(folder, "check", "fleet.json")
    assert done.returncode == 1, done.stderr
    for text in ("SHOP-001", "batch-too-large-in-shop", "and 1 own rule"):
        assert text in done.stdout
    found = json.loads(run(folder, "check", "fleet.json", "--rule", "SHOP-001", "--format", "json").stdout)
    (verdict,) = [item for item in found["scale_sets"][0]["verdicts"] if item["rule_id"] == "SHOP-001"]
    assert (verdict["rule_name"], verdict["outcome"]) == ("batch-too-large-in-shop", "failed")
    assert verdict["remediation"]["note"] == "Set maxBatchInstancePercent to 10."
    assert run(folder, "check", "fleet.json", "--rules", "nowhere").returncode == 2


@pytest.mark.parametrize("form", ["sarif", "junit", "markdown"])
def test_formats_of_pipelines_have_them(folder: Path, form: str) -> None:
    """As any other rule."""
    assert "SHOP-001" in run(folder, "check", "fleet.json", "--format", form).stdout.replace("\\", "")


def test_sarif_lists_the_rule(folder: Path) -> None:
    """With its texts; without a page of its own there is no link."""
    written = json.loads(run(folder, "check", "fleet.json", "--format", "sarif").stdout)
    rule = written["runs"][0]["tool"]["driver"]["rules"][-1]
    assert (rule["id"], "helpUri" in rule) == ("SHOP-001", False)
    results = [item for item in written["runs"][0]["results"] if item["ruleId"] == "SHOP-001"]
    assert written["runs"][0]["tool"]["driver"]["rules"][results[0]["ruleIndex"]]["id"] == "SHOP-001"


def test_what_if_tries_them(folder: Path) -> None:
    """A new rule, before it judges; and one that is changed."""
    (folder / "new.toml").write_text(RULE.replace("at_most = 10", "at_most = 50"))
    done = run(folder, "whatif", "--rules", "new.toml", "fleet.json", "--format", "json")
    (item,) = json.loads(done.stdout)["scale_sets"]
    assert [(change["rule_id"], change["effect"]) for change in item["changes"]] == [("SHOP-001", "resolves")]
    (folder / "none").mkdir()
    done = run(folder, "whatif", "--rules", "none", "fleet.json", "--format", "json")
    (item,) = json.loads(done.stdout)["scale_sets"]
    assert [(change["rule_id"], change["effect"]) for change in item["changes"]] == [("SHOP-001", "is_withdrawn")]


def test_a_wrong_rule_stops_the_command(folder: Path) -> None:
    """With the file and what is wrong in it."""
    (folder / "rules.d" / "shop.toml").write_text(RULE.replace("at_most", "most"))
    done = run(folder, "check", "fleet.json")
    assert done.returncode == 2
    assert "SHOP-001: expects: max_batch_instance_percent (number) takes one of" in done.stderr


def test_exports_name_them(folder: Path) -> None:
    """From the JSON of a check: each finding has the name that its author gave the rule."""
    found = folder / "found.json"
    found.write_text(run(folder, "check", "fleet.json", "--format", "json").stdout)
    for form in (["csv", "--rows", "findings"], ["junit"], ["ocsf"]):
        done = run(folder, "export", str(found), "--format", *form)
        assert "batch-too-large-in-shop" in done.stdout, (form, done.stderr)
