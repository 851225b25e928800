"""``vmss-posture export``: each format from a state file, to a file that only its owner reads or to standard output."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.cli.report_options import EXPORTS
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document

TEXTS = [name for name in EXPORTS if name != "xlsx"]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Remember a scale set that is well and one with findings, whose owner is a person."""
    path = tmp_path_factory.mktemp("state") / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        world.azure.put_scale_set(document("web"))
        pinned = document("orders")
        pinned["tags"]["owner"] = "ann@contoso.example"
        pinned["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"] = "1.2.3"
        world.azure.put_scale_set(pinned)
        world.scan()
    return path


def run(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Export a state file."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "scanner", "export", "--state", str(state), *words],
        env=ours,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("form", EXPORTS)
def test_a_file_is_its_owners(state: Path, tmp_path: Path, form: str) -> None:
    """Whatever the format; the screen says where it was read and how people are named."""
    out = tmp_path / "export"
    done = run(state, "--format", form, "--out", str(out))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    assert out.stat().st_size > 200
    assert "from the state file state.sqlite; people: pseudonym." in done.stderr


@pytest.mark.parametrize("form", TEXTS)
def test_standard_output_has_the_same(state: Path, form: str) -> None:
    """Both scale sets, and no name of a person unless it is asked for."""
    done = run(state, "--format", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert "orders" in done.stdout
    assert "ann@contoso.example" not in done.stdout
    assert "VMSS-030" in done.stdout.replace("\\", "") or form == "csv"


def test_names_are_written_when_they_are_asked_for(state: Path) -> None:
    """And the JSON says which."""
    document = json.loads(run(state, "--format", "json", "--names", "name").stdout)
    assert document["about"]["people"] == "name"
    assert [item["labels"]["owner"] for item in document["scale_sets"]].count("ann@contoso.example") == 1
    none = json.loads(run(state, "--format", "json", "--names", "none").stdout)
    assert "ann@contoso.example" not in json.dumps(none)


def test_rows_of_csv_may_be_findings(state: Path) -> None:
    """One for each finding, with its evidence and the controls that it is evidence for."""
    done = run(state, "--format", "csv", "--rows", "findings")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("Remediation,Controls")
    assert {line.split(",")[1] for line in lines[1:]} == {"orders"}
    assert "imageReference" in done.stdout
    assert "NIST SP 800-53" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--format", "xlsx"], "name its file with --out", id="a workbook on the screen"),
        pytest.param(["--format", "pdf"], "invalid choice", id="no format"),
        pytest.param([], "--format", id="none"),
        pytest.param(["--format", "csv", "--out", "/proc/nowhere/x.csv"], "cannot be written", id="no place"),
    ],
)
def test_what_cannot_be_written_is_said(state: Path, words: list[str], said: str) -> None:
    """Exit code 2, and one sentence."""
    done = run(state, *words)
    assert done.returncode == 2
    assert said in done.stderr
