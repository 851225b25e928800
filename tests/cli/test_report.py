"""``vmss-posture report``: from each source one file that only its owner reads."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.cli import main
from tests.attack.victims import Deployed
from tests.fakes.world import FakeWorld
from tests.scale_sets import IMAGE, SUBSCRIPTION, document, scale_set_id
from tests.world import EVENTS, SCANS, SNAPSHOT, World, make_world

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with Azurite."""
    with LocalAzure(storage=True) as started:
        yield started


@pytest.fixture
def world(azure: LocalAzure, tmp_path: Path) -> Iterator[World]:
    """Make a world whose scans are of today, so that the days of a report reach them."""
    for made in make_world(azure, tmp_path):
        made.clock = datetime.now(UTC) - timedelta(hours=6)
        yield made


def run(*words: str, folder: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "scanner", "report", *words],
        env={
            **ours,
            "XDG_STATE_HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            **(environment or {}),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def page_in(folder: Path, name: str = "report.html") -> str:
    """Read a page, which only its owner may."""
    path = folder / name
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text(encoding="utf-8")


def remember(path: Path, *names: str) -> None:
    """Scan a fake fleet into a state file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        for name in names:
            world.azure.put_scale_set(document(name))
        world.scan()


def test_the_newest_state_of_this_machine_is_shown(tmp_path: Path) -> None:
    """Without a source; another is named by its file. The screen says what was read, and how to open the page."""
    remember(tmp_path / "vmss-posture" / "old.sqlite", "older")
    os.utime(tmp_path / "vmss-posture" / "old.sqlite", (1, 1))
    remember(tmp_path / "vmss-posture" / "new.sqlite", "newer")
    done = run(folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 scale set, from the state file new.sqlite" in done.stdout
    assert (tmp_path / "report.html").as_uri() in done.stdout
    assert "newer" in page_in(tmp_path)
    named = run("--state", "vmss-posture/old.sqlite", "--out", "pages/old.html", folder=tmp_path)
    assert named.returncode == 0, named.stderr
    assert "older" in page_in(tmp_path, "pages/old.html")


def test_exported_rows_and_the_json_of_a_scan_are_shown(tmp_path: Path, world: World) -> None:
    """As the demo writes them, and as ``check`` prints it."""
    world.add("web", "orders")
    world.scan()
    world.edit("orders", {f"{IMAGE}.version": "1.2.3"})
    world.scan()
    world.snapshot()
    for name, table in (("events", EVENTS), ("scans", SCANS), ("snapshot", SNAPSHOT)):
        (tmp_path / f"{name}.jsonl").write_text(world.control.export(table), encoding="utf-8")
    done = run("events.jsonl", "scans.jsonl", "snapshot.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 of 2 scale sets does not upgrade itself" in " ".join(_text(page_in(tmp_path)).split())
    (tmp_path / "fleet.json").write_text(json.dumps([document("alone")]), encoding="utf-8")
    words = [sys.executable, "-m", "scanner", "check", "fleet.json", "--format", "json"]
    checked = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    (tmp_path / "judged.json").write_text(checked.stdout, encoding="utf-8")
    done = run("judged.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The scale set is upgraded without people" in _text(page_in(tmp_path))


def _text(page: str) -> str:
    import re

    return re.sub(r"<[^>]+>", "", page)


def test_the_deployed_state_is_read_as_the_user_who_is_signed_in(azure: LocalAzure, tmp_path: Path) -> None:
    """With the settings of the app; what was accepted lately is shown as changes."""
    azure.control.reset()
    azure.control.put_subscription(SUBSCRIPTION, "shop")
    azure.control.put_scale_set(document("web"))
    service = Deployed(azure, None, tmp_path)
    assert service.start().wait(60) == 0
    file = tmp_path / "settings.json"
    ours = {name: value for name, value in service.environment.items() if name.startswith("VMSS_")}
    file.write_text(json.dumps({"Values": ours}), encoding="utf-8")
    rest = {name: value for name, value in service.environment.items() if not name.startswith("VMSS_")}
    done = run("--settings", str(file), folder=tmp_path, environment=rest)
    assert done.returncode == 0, done.stderr
    assert "1 scale set, from the state of the deployed service" in done.stdout
    assert "web" in page_in(tmp_path)
    week = [
        sys.executable,
        "-m",
        "demo.service_process",
        "report",
        "--at",
        service.at.isoformat(),
        "--out",
        "week.html",
    ]
    subprocess.run(week, env={**service.environment, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, check=True, timeout=60)
    assert "web" in page_in(tmp_path, "week.html"), "the demo ends with this report"


def test_a_workspace_is_queried_as_the_user_who_is_signed_in(azure: LocalAzure, world: World, tmp_path: Path) -> None:
    """Through the real client: the last snapshot, its events and scans. An address that asks for another is refused."""
    world.add("web", "orders")
    world.scan()
    world.snapshot()
    world.edit("orders", {f"{IMAGE}.version": "1.2.3"})
    world.scan()
    world.snapshot()
    environment = {**azure.environment(), "NO_PROXY": "localhost,127.0.0.1"}
    source = ("--workspace", azure.workspace_id, "--query-endpoint", azure.query_endpoint)
    done = run(*source, folder=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    text = " ".join(_text(page_in(tmp_path)).split())
    assert "1 of 2 scale sets does not upgrade itself" in text
    assert "Image pinned to a version: no → yes" in text
    nowhere = run("--workspace", str(azure.workspace_id)[::-1], *source[2:], folder=tmp_path, environment=environment)
    assert nowhere.returncode == 2
    assert "Log Analytics did not answer" in nowhere.stderr or "not a workspace id" in nowhere.stderr


def test_rows_of_several_deployments_need_a_name(
    azure: LocalAzure, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has its own truth; the message lists them."""
    world.add("web")
    for name in ("blue", 'it\'s "green"'):
        world.deployment = name
        world.scan()
        world.snapshot()
    words = ["report", "--workspace", azure.workspace_id, "--query-endpoint", azure.query_endpoint]
    words += ["--out", str(tmp_path / "report.html")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "--deployment" in said
    assert "blue" in said
    assert main([*words, "--deployment", 'it\'s "green"']) == 0
    assert "web" in page_in(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param([], "No scan is remembered", id="nothing was scanned"),
        pytest.param(["missing.jsonl"], "missing.jsonl cannot be read", id="no file"),
        pytest.param(["other.json"], "no row of ours", id="rows of others"),
        pytest.param(["text.txt"], "not JSON Lines", id="no JSON"),
        pytest.param(["broken.jsonl"], "broken.jsonl, line 2", id="a line that is cut"),
        pytest.param(["other.json", "--state", "other.json"], "Name one source", id="two sources"),
        pytest.param(["--state", "other.json"], "is not", id="no state"),
        pytest.param(["--workspace", "mine"], "is not a workspace id", id="no workspace"),
        pytest.param(["fleet.json", "--out", "folder"], "which is a folder", id="a folder"),
    ],
)
def test_what_cannot_be_shown_is_said_and_leaves_no_page(tmp_path: Path, words: list[str], said: str) -> None:
    """Exit code 2 and one line that names the cause; a page that was there stays as it was."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.json").write_text('{"a": 1}', encoding="utf-8")
    (tmp_path / "text.txt").write_text("no JSON", encoding="utf-8")
    (tmp_path / "broken.jsonl").write_text('{"SchemaVersion": 1}\n{"Schem', encoding="utf-8")
    row = {"SchemaVersion": 1, "SnapshotAt": "2026-11-15T06:00:00Z", "ScaleSetId": scale_set_id("web")}
    (tmp_path / "fleet.json").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "report.html").write_text("before", encoding="utf-8")
    done = run(*words, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "before"
    assert not list(tmp_path.glob(".report*"))
