"""``vmss-posture check`` on plans: what a change would deploy, in the words and with the ids of the service."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.cli import main
from scanner.formats.writers import WRITERS
from scanner.ports.store import StateWrite
from scanner.state.text import encode
from tests.plans.terraform_plans import LINUX, ORCHESTRATED, change, configured, health, linux, plan
from tests.state.golden_states import STATE

MARKER = "Hunter2-Marker"
NEVER = ("--fail-on", "never")


def written(folder: Path, document: Any, name: str = "plan.json", encoding: str = "utf-8") -> str:
    """Write a document; answer its name."""
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding=encoding)
    return str(path)


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run ``check`` in this process; answer code, output and errors."""
    code = main(["check", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Run ``check --format json`` and answer the scale sets."""
    _, out, _ = check(capsys, *words, "--format", "json", *NEVER)
    found: list[dict[str, Any]] = json.loads(out)["scale_sets"]
    return found


def verdict(item: dict[str, Any], rule_id: str) -> dict[str, Any]:
    """Find the verdict of a rule."""
    return next(found for found in item["verdicts"] if found["rule_id"] == rule_id)


OFF = plan(change(LINUX, linux(tags={"owner": "web"})))
ROLLING = {
    "max_batch_instance_percent": 20,
    "max_unhealthy_instance_percent": 20,
    "max_unhealthy_upgraded_instance_percent": 20,
    "pause_time_between_batches": "PT5M",
}


def test_a_plan_is_judged_like_what_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The address names the scale set, the place says where it is declared, and the gate closes."""
    (tmp_path / "main.tf").write_text(f'\nresource "{LINUX}" "web" {{\n}}\n', encoding="utf-8")
    name = written(tmp_path, OFF)
    (item,) = judged(capsys, name)
    assert item["name"] == "web"
    assert item["scale_set_id"] is None
    assert item["plan"]["address"] == f"{LINUX}.web"
    assert (item["plan"]["source"], item["plan"]["action"], item["plan"]["line"]) == ("terraform", "create", 2)
    assert verdict(item, "VMSS-001")["outcome"] == "failed"
    code, out, err = check(capsys, name)
    assert (code, err) == (1, "")
    assert "VMSS-001" in out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_powershell_may_have_written_it(encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A redirect in PowerShell makes UTF-16."""
    assert len(judged(capsys, written(tmp_path, OFF, encoding=encoding))) == 1


def test_an_orchestrated_set_cannot_say_automatic_os_upgrade(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The provider has no attribute for it: unknown, with that reason, whatever the policy asks for."""
    after = {"name": "flex", "sku_name": "x", "os_profile": [{"linux_configuration": [{}]}], "upgrade_mode": "Manual"}
    policy = tmp_path / "policy.toml"
    policy.write_text('flexible_auto_os_upgrade = "evaluate"\n', encoding="utf-8")
    (item,) = judged(capsys, written(tmp_path, plan(change(ORCHESTRATED, after))), "--policy", str(policy))
    found = verdict(item, "VMSS-001")
    assert found["outcome"] == "unknown"
    assert "has no attribute for automatic OS image upgrade" in found["reason"]


def test_an_unknown_says_what_the_plan_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Known only after apply is the reason, with the path."""
    unknown = plan(change(LINUX, linux(), unknown={"automatic_os_upgrade_policy": True}))
    (item,) = judged(capsys, written(tmp_path, unknown))
    assert verdict(item, "VMSS-001")["outcome"] == "unknown"
    assert "automaticOSUpgradePolicy is known only after apply" in verdict(item, "VMSS-001")["reason"]


def test_rules_about_tags_say_that_there_may_be_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tags that a policy or the provider adds are not in a plan."""
    (item,) = judged(capsys, written(tmp_path, plan(change(LINUX, linux(tags=None)))))
    assert verdict(item, "VMSS-080")["outcome"] == "failed"
    assert "Azure Policy adds" in verdict(item, "VMSS-080")["reason"]
    assert "Azure Policy" not in verdict(item, "VMSS-001")["reason"]


def test_a_dynamic_block_is_seen_in_the_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan's configuration leaves dynamic blocks out: with the sources beside it, extensions are unknown, not absent."""
    document = plan(
        change(LINUX, linux(), unknown={"id": True, "extension": True}),
        configuration={"resources": [configured(LINUX, {"sku": {"constant_value": "a"}})]},
    )
    name = written(tmp_path, document)
    assert judged(capsys, name)[0]["facts"]["application_health"] == "none"
    (tmp_path / "main.tf").write_text(
        f'resource "{LINUX}" "web" {{\n  dynamic "extension" {{\n    for_each = var.x\n  }}\n}}\n', encoding="utf-8"
    )
    assert judged(capsys, name)[0]["facts"]["application_health"] is None


TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"mode": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "apiVersion": "2024-07-01",
            "name": "web",
            "properties": {"upgradePolicy": {"mode": "[parameters('mode')]"}, "virtualMachineProfile": {}},
        }
    ],
}
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "parameters": {"mode": {"value": "Automatic"}},
}


def test_a_template_takes_parameter_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The later file goes first; one that is no parameter file is an error."""
    name = written(tmp_path, TEMPLATE, "main.json")
    first = written(tmp_path, PARAMETERS, "first.json")
    second = written(tmp_path, {**PARAMETERS, "parameters": {"MODE": {"value": "Rolling"}}}, "second.json")
    assert judged(capsys, name)[0]["facts"]["upgrade_mode"] is None
    assert judged(capsys, name, "--parameters", first)[0]["facts"]["upgrade_mode"] == "automatic"
    assert judged(capsys, name, "--parameters", first, "--parameters", second)[0]["facts"]["upgrade_mode"] == "rolling"
    code, _, err = check(capsys, name, "--parameters", name)
    assert code == 2
    assert "is not a parameter file" in err


def test_a_parameter_file_is_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a template it is named, and alone nothing was judged."""
    parameters = written(tmp_path, PARAMETERS, "p.json")
    code, _, err = check(capsys, parameters, "--format", "github")
    assert code == 2
    assert "is a parameter file" in err
    assert len(judged(capsys, parameters, written(tmp_path, TEMPLATE, "main.json"))) == 1


def test_bicep_is_compiled_where_its_cli_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ``.bicepparam`` brings its own parameters, and not those of the next file."""
    both = json.dumps({"templateJson": json.dumps(TEMPLATE), "parametersJson": json.dumps(PARAMETERS)})
    program = tmp_path / "bicep"
    program.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{both}\nEND\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    first = written(tmp_path, "using 'main.bicep'", "main.bicepparam")
    found = judged(capsys, first, written(tmp_path, TEMPLATE, "other.json"))
    assert [item["facts"]["upgrade_mode"] for item in found] == ["automatic", None]


def test_bicep_without_its_cli_is_a_clear_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is judged, the exit code is 2, and the answer says what to install or to give."""
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = check(capsys, written(tmp_path, "param x string", "main.bicep"))
    assert code == 2
    assert "neither bicep nor az is installed" in err


EMPTY = plan(change("azurerm_resource_group", {"name": "x"}))


def test_a_plan_without_a_scale_set_passes_only_where_that_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gate does not pass on nothing, unless it is told that nothing is right; the writers say so either way."""
    code, _, err = check(capsys, written(tmp_path, EMPTY))
    assert (code, "add --allow-empty" in err) == (2, True)
    sarif = tmp_path / "out.sarif"
    code, _, err = check(capsys, written(tmp_path, EMPTY), "--allow-empty", "--write", f"sarif={sarif}")
    assert code == 0
    assert "nothing to judge" in err
    assert json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"] == []


def test_a_hook_passes_over_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--allow-empty`` a file without a scale set is no error; one that is not JSON still is."""
    other = written(tmp_path, {"name": "x", "scripts": {}}, "package.json")
    assert check(capsys, other)[0] == 2
    assert check(capsys, other, "--allow-empty")[0] == 0
    assert check(capsys, other, written(tmp_path, OFF), "--allow-empty")[0] == 1
    assert check(capsys, written(tmp_path, "{", "broken.json"), "--allow-empty")[0] == 2


def test_a_plan_that_ended_in_an_error_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there is judged, and the exit code says that it is not all."""
    code, out, err = check(capsys, written(tmp_path, {**OFF, "errored": True}), *NEVER)
    assert code == 2
    assert "ended in an error" in err
    assert "web" in out


def exempted(tmp_path: Path, selector: str) -> str:
    """Write an exemption file with one entry for VMSS-001."""
    text = f'[[exemption]]\nrules = ["VMSS-001"]\nreason = "agreed"\nowner = "web"\nuntil = 2999-12-31\n{selector}\n'
    return written(tmp_path, text, "exemptions.toml")


SELECTORS = [
    pytest.param(f'address = "{LINUX}.web"', True, id="by address"),
    pytest.param(f'address = "{LINUX.upper()}.*"', True, id="by a pattern of addresses, without case"),
    pytest.param(f'address = "{LINUX}.api"', False, id="another address"),
    pytest.param('name = "we*"', True, id="by a pattern of names"),
    pytest.param('name = "api*"', False, id="another name"),
    pytest.param('tags = { owner = "web" }', True, id="by tags"),
    pytest.param('resource_group = "shop"', True, id="by resource group"),
    pytest.param('subscription = "11111111-1111-1111-1111-111111111111"', False, id="by what a plan does not know"),
]


@pytest.mark.parametrize(("selector", "applies"), SELECTORS)
def test_exemptions_apply_to_what_is_planned(
    selector: str, *, applies: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By address, name pattern, tags or group: before there is a resource id."""
    name = written(tmp_path, OFF)
    (item,) = judged(capsys, name, "--exemptions", exempted(tmp_path, selector))
    assert (verdict(item, "VMSS-001")["exemption"] is not None) is applies


def test_exemptions_of_the_rest_of_the_fleet_are_not_told_to_a_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan is a part of the fleet; and an address is of plans, so an export says nothing about it."""
    by_name, by_address = exempted(tmp_path, 'name = "other"'), 'address = "other"'
    fleet = written(tmp_path, [runs("Rolling", 20)], "fleet.json")
    assert "match" not in check(capsys, written(tmp_path, OFF), "--exemptions", by_name, *NEVER)[1]
    assert "matches no scale set" in check(capsys, fleet, "--exemptions", by_name, *NEVER)[1]
    assert "match" not in check(capsys, fleet, "--exemptions", exempted(tmp_path, by_address), *NEVER)[1]


def test_an_address_of_brackets_is_no_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``web["blue"]`` is that instance, and not one of some letters."""
    document = plan(change(LINUX, linux(), index="blue"), change(LINUX, linux(), index="b"))
    exemptions = exempted(tmp_path, f"address = '{LINUX}.web[\"blue\"]'")
    first, second = judged(capsys, written(tmp_path, document), "--exemptions", exemptions)
    assert verdict(first, "VMSS-001")["exemption"]
    assert verdict(second, "VMSS-001")["exemption"] is None


ID = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def runs(mode: str, batch: int) -> dict[str, Any]:
    """Make what runs: automatic OS upgrade off."""
    return {
        "id": ID,
        "name": "web",
        "tags": {"owner": "web"},
        "sku": {"capacity": 10},
        "properties": {
            "orchestrationMode": "Uniform",
            "upgradePolicy": {"mode": mode, "rollingUpgradePolicy": {"maxBatchInstancePercent": batch}},
            "virtualMachineProfile": {},
        },
    }


def planned(batch: int = 50, **rest: Any) -> dict[str, Any]:
    """Make a plan of a rolling scale set."""
    policy = {**ROLLING, "max_batch_instance_percent": batch}
    after = linux(upgrade_mode="Rolling", rolling_upgrade_policy=[policy], instances=10, tags={"owner": "web"}, **rest)
    return plan(change(LINUX, after))


def test_only_what_the_change_opens_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """VMSS-001 was open before; the larger batch is the change's."""
    fleet = written(tmp_path, [runs("Rolling", 20)], "fleet.json")
    name = written(tmp_path, planned(health_probe_id="/p"))
    (item,) = judged(capsys, name, "--against", fleet)
    assert "VMSS-020" in item["change"]["opened"]
    assert "VMSS-001" not in item["change"]["opened"]
    assert any("max_batch_instance_percent 20 → 50 (weakened)" in line for line in item["change"]["sentences"])
    for level, code in (("medium", 1), ("high", 1), ("never", 0)):
        assert check(capsys, name, "--against", fleet, "--fail-on-new", "--fail-on", level)[0] == code
    unchanged = written(tmp_path, planned(20, health_probe_id="/p"), "same.json")
    assert check(capsys, unchanged, "--against", fleet, "--fail-on", "medium")[0] == 1
    assert check(capsys, unchanged, "--against", fleet, "--fail-on", "medium", "--fail-on-new")[0] == 0


def test_a_report_is_compared_with_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What ``--format json`` wrote before is as good as the export."""
    fleet = written(tmp_path, [runs("Rolling", 20)], "fleet.json")
    _, report, _ = check(capsys, fleet, "--format", "json", *NEVER)
    name = written(tmp_path, planned(health_probe_id="/p"))
    by_export = judged(capsys, name, "--against", fleet)[0]["change"]
    by_report = judged(capsys, name, "--against", written(tmp_path, report, "report.json"))[0]["change"]
    assert by_report == by_export


def test_the_state_of_a_scan_is_compared_with_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Found by group and name; what was open there is not the change's, and the file is left as it is."""
    path = tmp_path / "state.sqlite"
    store = SqliteStore(path)
    store.commit([StateWrite(row=encode(STATE, "c"), replaces=None)])
    store.close()
    before = path.read_bytes()
    after = linux(
        name="WEB",
        resource_group_name="RG-Shop",
        upgrade_mode="Rolling",
        rolling_upgrade_policy=[{**ROLLING, "max_batch_instance_percent": 100}],
        instances=10,
        health_probe_id="/p",
    )
    (item,) = judged(capsys, written(tmp_path, plan(change(LINUX, after))), "--against", str(path))
    assert verdict(item, "VMSS-020")["outcome"] == "failed"
    assert "VMSS-020" not in item["change"]["opened"]
    assert "VMSS-001" in item["change"]["opened"]
    assert path.read_bytes() == before


def test_the_json_of_a_plan_is_documented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its schema knows every part: the plan, the change, and what is not known."""
    schema = json.loads((Path(__file__).parents[2] / "docs" / "scan.schema.json").read_text(encoding="utf-8"))
    fleet = written(tmp_path, [runs("Rolling", 20)], "fleet.json")
    for document in (planned(), secret_plan(), OFF, TEMPLATE):
        _, out, _ = check(capsys, written(tmp_path, document), "--against", fleet, "--format", "json", *NEVER)
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(out))]
        assert errors == []


AGAINST = [
    pytest.param("nothing.json", None, "cannot be read", id="no such file"),
    pytest.param("empty.json", "[]", "holds no scale set", id="nothing in it"),
    pytest.param("broken.json", "{", "is not JSON", id="not JSON"),
    pytest.param(
        "state.sqlite", "SQLite format 3\0 and then something else", "is not the state of a scan", id="no state"
    ),
]


@pytest.mark.parametrize(("file", "content", "said"), AGAINST)
def test_what_cannot_be_compared_with_is_said(
    file: str, content: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comparison with nothing would pass everything: it is an error."""
    other = str(tmp_path / file) if content is None else written(tmp_path, content, file)
    code, _, err = check(capsys, written(tmp_path, OFF), "--against", other)
    assert code == 2
    assert said in err


def test_fail_on_new_needs_something_to_compare_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The switch alone says nothing."""
    code, _, err = check(capsys, written(tmp_path, OFF), "--fail-on-new")
    assert code == 2
    assert "--against" in err


def secret_plan() -> dict[str, Any]:
    """Make a plan with a marker wherever a value may be sensitive."""
    after = linux(
        upgrade_mode=MARKER,
        health_probe_id=MARKER,
        admin_password=MARKER,
        custom_data=MARKER,
        tags={"owner": MARKER, "environment": MARKER},
        source_image_id=MARKER,
        location=MARKER,
        sku=MARKER,
        extension=[
            health(name=MARKER, protected_settings=MARKER),
            health({"protocol": MARKER, "requestPath": MARKER, "token": MARKER}, name="other"),
            health(publisher=MARKER, type=MARKER, type_handler_version=MARKER, provision_after_extensions=[MARKER]),
            health(settings=MARKER),
        ],
        rolling_upgrade_policy=[{**ROLLING, "pause_time_between_batches": MARKER}],
    )
    sensitive = {
        **dict.fromkeys(("upgrade_mode", "health_probe_id", "admin_password", "custom_data", "extension", "sku"), True),
        "tags": {"owner": True, "environment": True},
        "source_image_id": True,
        "location": True,
        "rolling_upgrade_policy": [{"pause_time_between_batches": True}],
    }
    return plan(change(LINUX, after, sensitive=sensitive, before=after, actions=("update",)))


@pytest.mark.parametrize("format_name", ["table", "json", *WRITERS])
def test_a_sensitive_value_never_leaves_the_parser(
    format_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No output, error or traceback holds a value that the plan marks sensitive, whatever else is asked for."""
    name = written(tmp_path, secret_plan())
    fleet = written(tmp_path, [runs("Rolling", 20)], "fleet.json")
    for words in ([], ["--against", fleet], ["--debug"], ["--rule", "VMSS-003"]):
        code, out, err = check(capsys, name, "--format", format_name, *NEVER, *words)
        assert MARKER not in f"{out}{err}"
        assert code in {0, 2}


def test_a_secret_of_a_template_never_leaves_the_parser(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Secure parameters are not read, also where a parameter file or a default gives them a value."""
    document = json.loads(json.dumps(TEMPLATE))
    document["parameters"] = {"mode": {"type": "secureString", "defaultValue": MARKER}}
    given = {**PARAMETERS, "parameters": {"mode": {"value": MARKER}}}
    name = written(tmp_path, document, "main.json")
    for format_name in ("table", "json", *WRITERS):
        _, out, err = check(
            capsys, name, "--parameters", written(tmp_path, given, "p.json"), "--format", format_name, "--debug"
        )
        assert MARKER not in f"{out}{err}"


def test_a_broken_plan_with_secrets_says_nothing_of_them(tmp_path: Path) -> None:
    """A file that is cut off, or of odd types, is an error that names the file only; with a traceback too."""
    text = json.dumps(secret_plan())
    odd = json.dumps(secret_plan()).replace('"rolling_upgrade_policy": [', '"rolling_upgrade_policy": [[7], ')
    for content in (text[: len(text) // 2], text.replace("{", "[", 5), odd):
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "check", written(tmp_path, content), "--debug"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "COLUMNS": "200"},
        )
        assert MARKER not in done.stdout + done.stderr


def test_formats_are_written_to_files_beside_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run gives a pipeline all that it wants; a summary is added to what other steps wrote."""
    name = written(tmp_path, OFF)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    words = [word for format_name in WRITERS for word in ("--write", f"{format_name}={tmp_path / format_name}")]
    code, out, _ = check(capsys, name, *words, "--write", f"markdown={summary}", "--format", "github", *NEVER)
    assert code == 0
    assert out.startswith("::error ")
    assert all((tmp_path / format_name).stat().st_size for format_name in WRITERS)
    assert summary.read_text(encoding="utf-8").startswith("before\n## Upgrade posture")
    code, _, err = check(capsys, name, "--write", f"sarif={tmp_path / 'none' / 'x'}", *NEVER)
    assert code == 2
    assert "cannot be written" in err
