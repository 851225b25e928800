"""The command ``doctor``: where its settings come from, what it prints, how it ends, and what it never prints."""

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.endpoint.faults import FaultKind
from scanner.adapters.azure.token_claims import TokenClaims, read_claims
from scanner.cli import main
from scanner.cli.settings_file import read_settings_file
from scanner.doctor.check import PROVES, Check, Result, failed, ok
from scanner.doctor.settings_checks import AZD_NAMES, examine_settings
from scanner.doctor.who import assignee, check_sign_in
from scanner.errors import SettingsError
from scanner.settings import SETTINGS
from tests.doctor.conftest import Deployment

ROOT = Path(__file__).parent.parent.parent
_TOKEN = re.compile(r"eyJ[\w-]{10,}|Bearer |sig=|AccountKey=")


def _file(deployment: Deployment, folder: Path) -> str:
    """Write the settings as az lists those of an app, among others that are not ours."""
    listed = [{"name": name, "slotSetting": False, "value": value} for name, value in deployment.settings.items()]
    listed.append({"name": "APPLICATIONINSIGHTS_CONNECTION_STRING", "slotSetting": False, "value": "the-secret"})
    path = folder / "settings.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    return str(path)


def test_a_deployment_that_works_ends_with_0(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings from a file, every check in the table, and whose roles were looked at."""
    assert main(["doctor", "--as-identity", "--settings", _file(deployment, tmp_path)]) == 0
    said = capsys.readouterr().out
    for name in PROVES:
        assert name in said
    assert "managed identity" in said


def test_whoever_is_signed_in_is_told_that_the_roles_are_theirs(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --as-identity the answer says whose roles it saw."""
    assert main(["doctor", "--settings", _file(deployment, tmp_path), "--format", "json"]) == 0
    assert "not the app's" in json.loads(capsys.readouterr().out)["note"]


def test_a_failed_check_ends_with_1_and_its_command_is_on_one_line(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fix can be copied, however wide the terminal is."""
    deployment.settings["VMSS_SUBSCRIPTION"] = "x"
    assert main(["doctor", "--as-identity", "--settings", _file(deployment, tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "Did you mean VMSS_SUBSCRIPTIONS?" in said
    assert re.search(r"^  \$ azd provision$", said, re.MULTILINE)


def test_json_has_every_field_of_every_check(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What each check proves goes with it."""
    deployment.control.add_fault("table", FaultKind.STATUS, status=403, count=None)
    assert main(["doctor", "--as-identity", "--settings", _file(deployment, tmp_path), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert [check["name"] for check in document["checks"]] == list(PROVES)
    assert all(set(check) == {"name", "result", "found", "fix", "command", "proves"} for check in document["checks"])


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not JSON"), ("[]", "holds no settings"), ('{"IsEncrypted": true}', "encrypted"), (None, "cannot be read")],
)
def test_a_file_without_settings_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    """Nothing was examined, which is no clean bill of health; the message says how to get the file."""
    path = tmp_path / "settings.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(["doctor", "--settings", str(path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "document",
    [
        [{"name": "VMSS_CLOUD", "value": "AzureCloud"}, {"name": "VMSS_SUBSCRIPTIONS", "value": None}],
        {"IsEncrypted": False, "Values": {"VMSS_CLOUD": "AzureCloud", "VMSS_SUBSCRIPTIONS": ""}},
        {"VMSS_CLOUD": "AzureCloud", "VMSS_SUBSCRIPTIONS": None},
    ],
    ids=["az", "local.settings.json", "plain"],
)
def test_settings_come_in_three_forms(tmp_path: Path, document: object, encoding: str) -> None:
    """As az lists them, as the Functions tools keep them, or as names and values; PowerShell's UTF-16 too."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(document), encoding=encoding)
    assert read_settings_file(path) == {"VMSS_CLOUD": "AzureCloud", "VMSS_SUBSCRIPTIONS": ""}


def test_a_settings_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """JSON that holds no settings is not read as an empty list of them."""
    path = tmp_path / "settings.json"
    path.write_text('"text"', encoding="utf-8")
    with pytest.raises(SettingsError):
        read_settings_file(path)


def test_no_token_key_or_secret_is_printed(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not when all is well, and not when everything is refused."""
    path = _file(deployment, tmp_path)
    main(["doctor", "--as-identity", "--settings", path])
    for endpoint in ("graph", "arm", "table", "ingestion"):
        deployment.control.add_fault(endpoint, FaultKind.STATUS, status=401, count=None)
    main(["doctor", "--as-identity", "--settings", path, "--format", "json"])
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert _TOKEN.search(said) is None
    for secret in ("the-secret", deployment.azure.environment()["IDENTITY_HEADER"], deployment.control.key):
        assert secret not in said


def test_hostile_text_is_shown_and_not_obeyed(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape sequences and markup in settings and in names from Azure reach the terminal as plain text."""
    deployment.settings["VMSS_\x1b[31mEVIL"] = "x"
    deployment.settings["VMSS_CLOUD"] = "[red]\x1b[2J"
    deployment.control.put_subscription("5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02", "\x1b[2J[bold]name")
    assert main(["doctor", "--as-identity", "--settings", _file(deployment, tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\\u001b[31mEVIL" in said
    assert "[red]" in said


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.W10.c", "a.eyJvaWQiOiJ4OyBybSAtcmYgLyJ9.c"])
def test_a_token_that_cannot_be_read_is_a_token_all_the_same(token: str) -> None:
    """What it does not say, or says in no plain form, stays empty: it ends up in commands."""
    assert read_claims(token) == TokenClaims()
    assert "<object id>" in assignee(TokenClaims())


def test_who_is_not_signed_in_is_told_how() -> None:
    """A laptop is told to sign in, not to look after a managed identity."""
    check = check_sign_in("sign-in to storage", OSError("nobody\nthere"), as_identity=False, client_id=None)
    assert check.result is Result.FAILED
    assert "az login" in check.command


def test_a_bad_outcome_cannot_be_without_its_fix_or_name() -> None:
    """Whoever adds a check is told so by the check itself."""
    with pytest.raises(ValueError, match="no fix"):
        failed("table", "broken", "")
    with pytest.raises(ValueError, match="not declared"):
        ok("weather", "fine")
    with pytest.raises(ValueError, match="no fix"):
        Check(name="table", result=Result.WARNING, found="odd")


def test_names_that_the_deployment_uses_for_itself_are_no_mistakes() -> None:
    """Every option and output of the infrastructure that begins as settings do is known."""
    parameters = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    bicep = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(VMSS_\w+)", parameters)) | set(re.findall(r"^output (VMSS_\w+)", bicep, re.MULTILINE))
    shared = {setting.name for setting in SETTINGS}
    assert used - shared <= AZD_NAMES


@given(
    st.dictionaries(
        st.sampled_from([setting.name for setting in SETTINGS]) | st.text(max_size=20).map("VMSS_{}".format),
        st.text(max_size=40)
        | st.sampled_from(["https://a.example", "https://<x y>", "1", f"dcr-{'0' * 32}", "* * * * * *"]),
    )
)
def test_no_settings_are_too_strange_to_be_examined(environment: dict[str, str]) -> None:
    """Whatever the values are, each problem is told, and the rest can be used."""
    read, checks = examine_settings(environment)
    assert read.settings.table_endpoint.startswith("https://")
    assert read.wrong >= {"VMSS_TABLE_ENDPOINT"} or environment["VMSS_TABLE_ENDPOINT"].strip()
    assert all(check.result is Result.OK or check.fix for check in checks)


def test_the_policy_of_the_current_folder_is_examined(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that scan and check would judge by, where there is one."""
    (tmp_path / "policy.toml").write_text("nonsense = 1", encoding="utf-8")
    with contextlib.chdir(tmp_path):
        assert main(["doctor", "--as-identity", "--settings", _file(deployment, tmp_path), "--format", "json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["policy"]["result"] == "failed"
    assert "nonsense" in checks["policy"]["found"]
