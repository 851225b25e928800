"""A gate does not pass on nothing: what decides nothing is exit code 2, with the likely cause."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_check import GOOD, PINNED, check, write

TYPE = {"type": "Microsoft.Compute/virtualMachineScaleSets"}
CUT = {
    **{name: GOOD[name] for name in ("id", "location", "sku")},
    "tags": "@{owner=team-shop; application=shop}",
    "properties": {
        "orchestrationMode": "Uniform",
        "upgradePolicy": "@{mode=Rolling; rollingUpgradePolicy=; automaticOSUpgradePolicy=}",
        "virtualMachineProfile": "@{osProfile=; storageProfile=}",
    },
}
EXPRESSIONS = {
    **TYPE,
    "name": "[parameters('name')]",
    "tags": "[parameters('tags')]",
    "properties": "[variables('properties')]",
}
AKS = {**GOOD, "tags": {**GOOD["tags"], "aks-managed-poolName": "nodes"}}
FLAG = "properties.upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param([], "No scale set was found", id="an empty list"),
        pytest.param({"value": []}, "No scale set was found", id="an empty answer of ARM"),
        pytest.param({"Data": [], "SkipToken": None}, "No scale set was found", id="an empty answer of Search-AzGraph"),
        pytest.param([CUT], "ConvertTo-Json -Depth 100", id="cut by ConvertTo-Json"),
        pytest.param({"id": GOOD["id"]}, "projection", id="an id and nothing else"),
        pytest.param(EXPRESSIONS, "template expressions", id="a resource of a template, all of it expressions"),
        pytest.param([AKS], "managed by another Azure service", id="all of it is managed by another service"),
        pytest.param(
            {"format_version": "1.2", "planned_values": {}}, "terraform show -json", id="a plan without changes"
        ),
        pytest.param({"version": 4, "terraform_version": "1.9", "serial": 1}, "a Terraform state", id="a state of it"),
        pytest.param([{"Name": "web", "UpgradePolicy": {"Mode": 2}}], "Get-AzVmss", id="Get-AzVmss of PowerShell"),
        pytest.param({"version": "2.1.0", "runs": []}, "SARIF", id="a SARIF report"),
        pytest.param({"schema_version": 1, "judged_by": {}}, "report of vmss-posture", id="our own report"),
    ],
)
@pytest.mark.parametrize("fail_on", ["never", "high"])
def test_nothing_decided_does_not_pass(tmp_path: Path, content: Any, said: str, fail_on: str) -> None:
    """Exit code 2 whatever --fail-on says, and the message names what the document is."""
    done = check(write(tmp_path, content), "--fail-on", fail_on)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_governance_alone_decides_and_the_screen_says_what_was_not_read(tmp_path: Path) -> None:
    """A row with tags and without a model counts; its model is named as not read."""
    row = {name: value for name, value in GOOD.items() if name != "properties"}
    done = check(write(tmp_path, {**row, **TYPE}))
    assert done.returncode == 0
    assert "model of 1 scale set was not read" in done.stdout


def test_a_row_that_was_cut_fails_also_where_something_could_be_decided(tmp_path: Path) -> None:
    """Values that PowerShell cut deep in the model are a hole in the export, and the paths are named."""
    policy = {**GOOD["properties"]["upgradePolicy"], "rollingUpgradePolicy": "@{maxBatchInstancePercent=20}"}
    done = check(write(tmp_path, {**GOOD, "properties": {**GOOD["properties"], "upgradePolicy": policy}}))
    assert done.returncode == 2
    assert "properties.upgradePolicy.rollingUpgradePolicy" in done.stderr


def test_a_text_of_a_person_is_not_taken_for_a_cut(tmp_path: Path) -> None:
    """Tags and settings may hold what looks like PowerShell."""
    tags = {**GOOD["tags"], "note": "@{x=1}", "kind": "System.Object[]"}
    assert check(write(tmp_path, {**GOOD, "tags": tags})).returncode == 0


def _without_flag() -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(GOOD))
    del changed["properties"]["upgradePolicy"]
    return changed


@pytest.mark.parametrize(
    ("content", "fail_on", "code"),
    [
        pytest.param(PINNED, "blocked", 1, id="a blocked headline"),
        pytest.param(GOOD, "blocked", 0, id="no blocked headline"),
        pytest.param(_without_flag(), "unknown", 1, id="an unknown headline"),
        pytest.param(_without_flag(), "high,blocked", 0, id="unknown is not asked for"),
        pytest.param(_without_flag(), "high,blocked,unknown", 1, id="all three"),
        pytest.param({**GOOD, "tags": {}}, "low , BLOCKED", 1, id="blanks and capitals"),
        pytest.param(PINNED, "high,low", 2, id="two severities"),
        pytest.param(PINNED, "critical", 2, id="a word that is none"),
        pytest.param(PINNED, "never,high", 2, id="never and more"),
        pytest.param(PINNED, "", 2, id="nothing"),
    ],
)
def test_fail_on_is_a_list(tmp_path: Path, content: Any, fail_on: str, code: int) -> None:
    """One severity and any of blocked and unknown, both of the headline."""
    assert check(write(tmp_path, content), "--fail-on", fail_on).returncode == code


@pytest.mark.parametrize(
    ("words", "names", "code"),
    [
        pytest.param(["--owner", "TEAM-SHOP"], ["good", "pinned"], 1, id="an owner, without case"),
        pytest.param(["--owner", "team-pay"], ["other"], 0, id="another owner"),
        pytest.param(["--owner", "team-pay", "--owner", "team-shop"], ["good", "pinned", "other"], 1, id="either"),
        pytest.param(["--owner", "nobody"], [], 2, id="an owner of nothing"),
        pytest.param(["--owner", "team-shop", "--headline", "blocked"], ["pinned"], 1, id="owner and headline"),
        pytest.param(["--headline", "no"], [], 0, id="a headline that none has is an answer"),
        pytest.param(["--rule", "image-version-pinned", "--fail-on", "medium"], ["pinned"], 1, id="a rule that failed"),
        pytest.param(["--rule", "VMSS-030"], ["pinned"], 0, id="its severity is below high, and others do not count"),
        pytest.param(["--rule", "VMSS-999"], None, 2, id="no rule"),
        pytest.param(["--subscription", "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02"], [], 2, id="another subscription"),
        pytest.param(["--limit", "1"], ["good", "pinned", "other"], 1, id="a limit is of the screen"),
    ],
)
def test_filters_narrow_what_is_shown_and_what_counts(
    tmp_path: Path, words: list[str], names: list[str] | None, code: int
) -> None:
    """Whose scale sets, and which answers; a scope without any scale set is no pass."""
    other = {**GOOD, "id": GOOD["id"].replace("good", "other"), "tags": {"owner": "team-pay"}}
    done = check(write(tmp_path, [GOOD, PINNED, other]), "--format", "json", *words)
    assert done.returncode == code, done.stderr
    if names is not None:
        assert [item["name"] for item in json.loads(done.stdout)["scale_sets"]] == names


def test_quiet_prints_nothing_but_errors(tmp_path: Path) -> None:
    """The exit code says it."""
    done = check(write(tmp_path, PINNED), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_an_exemption_that_matches_nothing_is_told(tmp_path: Path) -> None:
    """By its place in the file and what it selects by; it changes no exit code. One that matches is not named."""
    file = tmp_path / "exemptions.toml"
    entry = '[[exemption]]\nname = "{}"\nrules = ["VMSS-030"]\nreason = "r"\nowner = "o"\nuntil = 2126-01-01\n'
    file.write_text(entry.format("good") + entry.format("gone-*"), encoding="utf-8")
    done = check(write(tmp_path, GOOD), "--exemptions", str(file), "--format", "json")
    assert done.returncode == 0
    (note,) = json.loads(done.stdout)["notes"]
    assert "exemption 2" in note
    assert "gone-*" in note
    assert note in " ".join(check(write(tmp_path, GOOD), "--exemptions", str(file)).stdout.split())


def test_what_stands_in_the_way_is_told_of_a_scale_set_that_is_off(tmp_path: Path) -> None:
    """Ready to enable: on the screen and in the JSON; not where the flag is on."""
    off = json.loads(json.dumps(PINNED))
    off["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
    report = json.loads(check(write(tmp_path, [GOOD, off]), "--format", "json").stdout)["scale_sets"]
    assert "ready_to_enable" not in report[0]
    assert (report[1]["ready_to_enable"], report[1]["blocked_if_enabled"]) == (False, ["VMSS-002"])
    assert "would be blocked by VMSS-002" in check(write(tmp_path, off)).stdout
