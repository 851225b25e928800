"""``vmss-posture scan`` as a person or a pipeline uses it, against the local Azure."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from emulator.endpoint.faults import FaultKind
from scanner.rules import DEPTH_RULES
from tests.cli.test_check import check, write
from tests.cli.test_schema import problems_of
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

BATCH = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"


@pytest.fixture(scope="module")
def started() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as azure:
        yield azure


@pytest.fixture
def azure(started: LocalAzure) -> LocalAzure:
    """Put two scale sets into two subscriptions."""
    started.control.reset()
    started.control.put_scale_set(document("web"))
    started.control.put_scale_set(document("staging", OTHER))
    return started


class Scanner:
    """Runs ``vmss-posture scan`` with a state of its own."""

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        self._azure = azure
        self._folder = folder

    def scan(self, *words: str, stdout: Any = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
        command = [sys.executable, "-m", "scanner", "scan", "--arm-endpoint", self._azure.arm_endpoint, *words]
        if "--state" not in words:
            command += ["--state", str(self._folder / "state.sqlite")]
        return subprocess.run(
            command,
            env={**kept, **self._azure.environment(), "NO_PROXY": "127.0.0.1", "XDG_STATE_HOME": str(self._folder)},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=180,
            check=False,
        )

    def events(self) -> list[tuple[str, str]]:
        """Scan, and name the events that were printed."""
        done = self.scan("--format", "json")
        assert done.returncode == 0, done.stderr
        return [(event["EventType"], event["ScaleSetName"]) for event in json.loads(done.stdout)["events"]]


@pytest.fixture
def scanner(azure: LocalAzure, tmp_path: Path) -> Scanner:
    """Make a scanner that remembers nothing."""
    return Scanner(azure, tmp_path)


def test_the_first_scan_and_the_second(azure: LocalAzure, scanner: Scanner) -> None:
    """The first scan shows the fleet; the second one what drifted since."""
    first = scanner.scan()
    assert first.returncode == 0
    assert "This was the first scan" in first.stdout
    assert "Numbers of all that is remembered, by environment" in first.stdout
    assert "Of 2 scale sets it was not read which image version the instances run." in first.stdout
    azure.control.change(scale_set_id("web"), {BATCH: 100})
    second = scanner.scan()
    assert "max_batch_instance_percent weakened from 20 to 100" in second.stdout
    assert "Nothing changed" in scanner.scan().stdout


def test_json_is_one_document(scanner: Scanner) -> None:
    """It holds the scan, its events, and every scale set as it is known."""
    document = json.loads(scanner.scan("--format", "json").stdout)
    assert document["scan"]["status"] == "complete"
    assert document["scan"]["headlines"] == {"yes": 2}
    assert [item["scale_set_id"].rsplit("/", 1)[-1] for item in document["scale_sets"]] == ["web", "staging"]


def test_the_json_of_scan_and_check_is_one(azure: LocalAzure, scanner: Scanner, tmp_path: Path) -> None:
    """As documented, by id, with every verdict in full; and a scale set is told as check tells it, but for its depth."""
    azure.control.put_scale_set(document("alpha"))
    azure.control.change(scale_set_id("alpha"), {BATCH: 100})
    report = json.loads(scanner.scan("--format", "json").stdout)
    assert problems_of(report) == []
    ids = [item["scale_set_id"].lower() for item in report["scale_sets"]]
    assert ids == sorted(ids)
    (mine,) = [item for item in report["scale_sets"] if item["name"] == "alpha"]
    exported = document("alpha")
    exported["properties"]["upgradePolicy"]["rollingUpgradePolicy"]["maxBatchInstancePercent"] = 100
    checked = json.loads(check(write(tmp_path, exported), "--format", "json").stdout)["scale_sets"][0]
    assert _told_by_the_row(mine) == _told_by_the_row(checked)


def _told_by_the_row(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a document does not hold: its id, and what is read beside the row."""
    beside = {rule.id for rule in DEPTH_RULES}
    verdicts = [verdict for verdict in item["verdicts"] if verdict["rule_id"] not in beside]
    return {**item, "scale_set_id": "", "facts": {}, "instances": None, "verdicts": verdicts}


def test_what_was_not_read_is_shown_as_last_known(azure: LocalAzure, scanner: Scanner) -> None:
    """With outcomes and findings as remembered, in the documented form, and marked."""
    azure.control.change(scale_set_id("web"), {BATCH: 100})
    scanner.scan()
    azure.control.add_fault("graph", FaultKind.VANISH, ids=(SUBSCRIPTION,), count=None)
    report = json.loads(scanner.scan("--format", "json").stdout)
    assert problems_of(report) == []
    read = {item["name"]: (item["is_read"], item["upgrades_itself"]) for item in report["scale_sets"]}
    assert read == {"web": (False, "yes"), "staging": (True, "yes")}


def test_quiet_keeps_what_it_did_not_show(scanner: Scanner) -> None:
    """Nothing is printed, and the next scan shows the changes."""
    assert scanner.scan("--quiet").stdout == ""
    assert len(scanner.events()) == 2


def test_a_gate_on_a_tenant_without_scale_sets_does_not_pass(started: LocalAzure, tmp_path: Path) -> None:
    """A report of nothing is fine; a gate over nothing is exit code 2."""
    started.control.reset()
    started.control.put_subscription(SUBSCRIPTION, "empty")
    scanner = Scanner(started, tmp_path)
    assert scanner.scan().returncode == 0
    gate = scanner.scan("--fail-on", "high")
    assert (gate.returncode, "No scale set was found" in gate.stderr) == (2, True)


def test_a_long_wait_says_what_it_waits_for(azure: LocalAzure, scanner: Scanner) -> None:
    """That Azure throttles, and for how long."""
    azure.control.add_fault("graph", FaultKind.STATUS, status=429, retry_after=6)
    done = scanner.scan()
    assert done.returncode == 0
    assert "throttled by Azure, retrying in 6 s" in done.stderr


@pytest.mark.parametrize("mode", [None, 0o644])
def test_only_its_owner_reads_the_state(scanner: Scanner, tmp_path: Path, mode: int | None) -> None:
    """A new state file, and one of an earlier version, have mode 0600; the screen says where it is."""
    state = tmp_path / "state.sqlite"
    if mode is not None:
        state.touch(mode)
    assert str(state) in scanner.scan().stdout
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("state.sqlite*")} == {0}


def test_jsonl_is_one_event_a_line(scanner: Scanner) -> None:
    """The events of the scan, and its end."""
    rows = [json.loads(line) for line in scanner.scan("--format", "jsonl").stdout.splitlines()]
    assert [row["EventType"] for row in rows] == ["scale_set.discovered", "scale_set.discovered", "scan.completed"]


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_what_could_not_be_printed_comes_with_the_next_scan(scanner: Scanner, form: str) -> None:
    """An event has arrived when it was printed, and not before."""
    with Path("/dev/full").open("w") as full:
        assert scanner.scan("--format", form, stdout=full).returncode == 2
    assert len(scanner.events()) == 2


def test_a_page_that_fails_is_partial_and_loses_nothing(azure: LocalAzure, scanner: Scanner) -> None:
    """What was read before the failure is kept and printed; the exit code says that it is a part."""
    azure.control.create_fleet(seed=1, subscriptions=1, scale_sets=1200, instances=0)
    azure.control.add_fault("graph", FaultKind.STATUS, status=400, contains="managedBy, identity", skip=1)
    azure.control.add_fault("arm", FaultKind.STATUS, status=403, count=None)  # else 3,000 questions about single ones
    done = scanner.scan("--format", "json")
    assert done.returncode == 3
    assert "Resource Graph was not read" in done.stderr
    before = json.loads(done.stdout)["events"]
    after = scanner.events()
    assert len([event for event in before if event["EventType"] == "scale_set.discovered"]) == 1000
    assert len([event for event in after if event[0] == "scale_set.discovered"]) == 202


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param([], 0, id="the default is to report"),
        pytest.param(["--fail-on", "high"], 1, id="a high finding is open"),
        pytest.param(["--fail-on", "high", "--subscription", OTHER], 0, id="but not in this subscription"),
        pytest.param(["--fail-on", "high", "--subscription", SUBSCRIPTION], 1, id="it is in that one"),
    ],
)
def test_the_exit_code_tells_of_open_findings(azure: LocalAzure, scanner: Scanner, words: list[str], code: int) -> None:
    """A pipeline asks for the scope it cares about."""
    azure.control.change(scale_set_id("web"), {BATCH: 100})
    scanner.scan()
    assert scanner.scan(*words).returncode == code


def test_a_subscription_out_of_reach_is_partial(azure: LocalAzure, scanner: Scanner) -> None:
    """Exit code 3, and the subscription is named."""
    scanner.scan()
    azure.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    done = scanner.scan()
    assert done.returncode == 3
    assert OTHER in done.stdout


def test_each_tenant_has_its_own_state(azure: LocalAzure, scanner: Scanner, tmp_path: Path) -> None:
    """The default state file is named for the address and the tenant of whoever is signed in."""
    command = [sys.executable, "-m", "scanner", "scan", "--arm-endpoint", azure.arm_endpoint]
    subprocess.run(
        command,
        env={**os.environ, **azure.environment(), "NO_PROXY": "127.0.0.1", "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        timeout=180,
        check=True,
    )
    names = [path.name for path in tmp_path.rglob("*.sqlite")]
    assert len(names) == 1
    assert azure.tenant_id in names[0]
    assert azure.arm_endpoint.rpartition(":")[2] in names[0]
    assert scanner is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--arm-endpoint", "http://127.0.0.1"], "must begin with https://", id="an address without TLS"),
        pytest.param(["--state", "/"], "state", id="a state that is a folder"),
        pytest.param(["--policy", "/missing.toml"], "/missing.toml", id="no such policy"),
    ],
)
def test_wrong_words_are_errors(scanner: Scanner, words: list[str], said: str) -> None:
    """Exit code 2, and a message that names what was wrong."""
    done = scanner.scan(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
