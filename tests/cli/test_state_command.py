"""``vmss-posture state``: what is damaged is listed with its key, and one thing at a time is dropped."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

WEB = scale_set_id("web").lower()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Make a state file that knows a scale set, with a record, a state and an outbox entry that are damaged."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        world.azure.put_scale_set(document("web"))
        world.request = {"is_delivering": False}
        world.scan()
        store.put_records({"coverage": "{"})
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE state SET body = '{}'")
        db.execute("UPDATE outbox SET events = '[5]' WHERE id = 1")
    return path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    command = [sys.executable, "-m", "scanner", "state", *words]
    return subprocess.run(command, env=ours, capture_output=True, text=True, timeout=60, check=False)


def test_everything_that_is_damaged_is_listed_and_can_be_dropped(state: Path) -> None:
    """Exit code 1 while something is damaged; the keys that are shown are the ones that drop takes."""
    done = run("check", "--state", str(state))
    assert done.returncode == 1, done.stderr
    keys = [line for line in done.stdout.splitlines() if line.startswith(("state:", "entry:", "record:"))]
    assert sorted(keys) == ["entry:1", "record:coverage", f"state:{WEB}"]
    for key in keys:
        assert run("drop", "--state", str(state), key).returncode == 0
    done = run("check", "--state", str(state))
    assert (done.returncode, "can be read" in done.stdout) == (0, True)


def test_a_resource_id_is_enough_for_a_state(state: Path) -> None:
    """In any case; once it is dropped it is not there."""
    assert run("drop", "--state", str(state), scale_set_id("web")).returncode == 0
    again = run("drop", "--state", str(state), scale_set_id("web"))
    assert (again.returncode, "is not in the state" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["drop", "--state", "{state}", "web"], "is not a key"),
        (["check", "--state", "{state}.not"], "is not a file"),
        (["drop", "--state", "{state}"], "KEY"),
        ([], "ACTION"),
    ],
)
def test_what_cannot_be_done_is_said(state: Path, words: list[str], said: str) -> None:
    """Exit code 2, and nothing is created."""
    done = run(*[word.format(state=state) for word in words])
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not state.with_name("state.sqlite.not").exists()


def test_nothing_is_dropped_while_a_scan_runs(state: Path) -> None:
    """The scan holds the lease, and says who it is."""
    with closing(SqliteStore(state)) as store:
        store.acquire_lease("a scan", datetime.now(UTC), timedelta(minutes=10))
        done = run("drop", "--state", str(state), "record:coverage")
        assert (done.returncode, "another scan" in done.stderr) == (2, True)
