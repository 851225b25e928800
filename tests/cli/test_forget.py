"""``vmss-posture forget``: a subscription that is gone for good is retired, once a person agrees."""

import json
import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from demo.scale_sets import OTHER_SUBSCRIPTION
from emulator.client.local import LocalAzure
from emulator.endpoint.faults import FaultKind
from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.cli.test_scan import Scanner
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Make a state file that knows one scale set."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        world.azure.put_scale_set(document("web"))
        world.request = {"is_delivering": False}
        world.scan()
    return path


def forget(*words: str, answer: str | None = None) -> tuple[int, str]:
    """Run the command; with an answer, at a terminal. Answer its exit code and all that it printed."""
    command = [sys.executable, "-m", "scanner", "forget", *words]
    if answer is None:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())
    leader, follower = pty.openpty()
    try:
        os.write(leader, f"{answer}\n".encode())
        done = subprocess.run(command, stdin=follower, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(leader)
        os.close(follower)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        pytest.param("y", 0, "is retired, with 1 scale set", id="yes"),
        pytest.param("Yes", 0, "is retired", id="yes, in full"),
        pytest.param("", 2, "Nothing was changed", id="just enter"),
        pytest.param("n", 2, "Nothing was changed", id="no"),
        pytest.param(None, 2, "Add --yes", id="nobody is there to answer"),
    ],
)
def test_a_person_agrees_first(state: Path, answer: str | None, code: int, said: str) -> None:
    """The question names the subscription and how many scale sets it has; only yes is yes."""
    ended, text = forget(SUBSCRIPTION.upper(), "--state", str(state), answer=answer)
    assert (ended, said in text) == (code, True), text
    assert answer is None or f"{SUBSCRIPTION} with 1 scale set?" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param([OTHER_SUBSCRIPTION, "--yes"], "Nothing is remembered", id="a subscription that is not known"),
        pytest.param(["shop", "--yes"], "is not a subscription id", id="a name"),
    ],
)
def test_what_is_not_known_is_not_retired(state: Path, words: list[str], said: str) -> None:
    """Exit code 2, and nothing changes."""
    ended, text = forget(*words, "--state", str(state))
    assert (ended, said in text) == (2, True)


def test_scans_are_complete_again_and_the_finding_is_withdrawn(tmp_path: Path) -> None:
    """Until it is retired every scan names the subscription; then one says what was withdrawn, and the rest is quiet."""
    with LocalAzure() as azure:
        scanner = Scanner(azure, tmp_path)
        azure.control.put_scale_set(document("web"))
        gone = document("old", OTHER_SUBSCRIPTION)
        gone["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
        azure.control.put_scale_set(gone)
        assert scanner.scan().returncode == 0
        azure.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER_SUBSCRIPTION,), count=None)
        assert scanner.scan().returncode == 3
        ended, text = forget(OTHER_SUBSCRIPTION, "--yes", "--state", str(tmp_path / "state.sqlite"))
        assert ended == 0, text
        report = json.loads(scanner.scan("--format", "json").stdout)
        assert report["scan"]["status"] == "complete"
        assert [item["name"] for item in report["scale_sets"]] == ["web"]
        told = {event["EventType"] for event in report["events"] if event["ScaleSetName"] == "old"}
        assert {"scale_set.retired", "finding.withdrawn"} <= told
        assert scanner.events() == []
