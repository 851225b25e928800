"""Without any extra the commands work as plain text and JSON; one that needs an extra says which."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.cli.test_check import PINNED, write

_WITHOUT_EXTRAS = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        missing = {"rich", "shtab", "duckdb", "duckdb_kql", "pytz", "jinja2", "xlsxwriter"}
        if name.partition(".")[0] in missing or name == "azure.monitor.query":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from scanner.cli import main
sys.exit(main(sys.argv[1:]))
"""


EVIDENCE = ("evidence", "--workspace", "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01", "--interactive-days", "99999")


def run(
    *words: str, environment: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as ``pip install .`` leaves it."""
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT_EXTRAS, *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent), **(environment or {})},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["rules"], "VMSS-030", id="rules"),
        pytest.param(["rules", "--format", "json"], "VMSS-030", id="rules as JSON"),
        pytest.param(["explain", "VMSS-030"], "image-version-pinned", id="explain"),
        pytest.param(["--help"], "completion", id="help"),
        pytest.param(["check", "--help"], "az vmss list", id="help of a command"),
    ],
)
def test_a_command_without_input_works(words: list[str], said: str) -> None:
    """As plain text."""
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


@pytest.mark.parametrize("form", ["table", "json"])
def test_check_works(tmp_path: Path, form: str) -> None:
    """As plain text and as JSON."""
    done = run("check", write(tmp_path, PINNED), "--format", form)
    assert (done.returncode, done.stderr) == (1, "")
    assert "VMSS-030" in done.stdout


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_scan_works(tmp_path: Path, form: str) -> None:
    """Against an Azure, with its state in the user's folder."""
    with LocalAzure() as azure:
        azure.control.put_scale_set(PINNED)
        environment = {**azure.environment(), "NO_PROXY": "127.0.0.1", "XDG_STATE_HOME": str(tmp_path)}
        done = run("scan", "--arm-endpoint", azure.arm_endpoint, "--format", form, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "VMSS-030" in done.stdout
    assert len(list(tmp_path.rglob("*.sqlite"))) == 1
    if form == "json":
        assert len(json.loads(done.stdout)["scale_sets"]) == 1


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        pytest.param(["completion", "bash"], "cli", id="completion"),
        pytest.param(["demo"], "emulator", id="demo"),
        pytest.param(["report", "rows.jsonl"], "report", id="report"),
        pytest.param([*EVIDENCE, "--at", "2026-11-20", "--out", "x"], "evidence", id="evidence of a workspace"),
        pytest.param(["export", "rows.jsonl", "--format", "xlsx", "--out", "x.xlsx"], "excel", id="a workbook"),
    ],
)
def test_what_needs_an_extra_says_which(tmp_path: Path, words: list[str], extra: str) -> None:
    """One line with the command that installs it, and exit code 2."""
    row = {"SchemaVersion": 1, "SnapshotAt": "2026-11-15T06:00:00Z", "ScaleSetId": "/a", "ScaleSetName": "a"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    done = run(*words, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"[{extra}]" in done.stderr
    assert "pip install" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_completion_knows_every_command_and_option(shell: str) -> None:
    """For each shell, from the parser itself."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "completion", shell], capture_output=True, text=True, check=True, timeout=60
    )
    for word in ("scan", "check", "doctor", "replay", "explain", "rules", "fail-on", "subscription"):
        assert word in done.stdout


def test_bash_completes_files(tmp_path: Path) -> None:
    """Where an argument names a file."""
    (tmp_path / "fleet-of-mine.json").touch()
    script = (
        f'eval "$({sys.executable} -m scanner completion bash)"; COMP_WORDS=(vmss-posture check fleet);'
        ' COMP_CWORD=2; _shtab_vmss_posture vmss-posture fleet check; echo "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "fleet-of-mine.json" in done.stdout, done.stderr


def test_bash_completes(tmp_path: Path) -> None:
    """A shell that has read the script offers what begins like the word."""
    script = (
        f'eval "$({sys.executable} -m scanner completion bash)"; COMP_WORDS=(vmss-posture check --fail);'
        " COMP_CWORD=2; complete -p vmss-posture; _shtab_vmss_posture vmss-posture --fail check;"
        ' echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert set(done.stdout.splitlines()[-1].split()) == {"--fail-on", "--fail-on-new"}, done.stderr
