"""``vmss-posture whatif``: what another policy or exemption file would open and resolve, before it judges."""

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
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

STRICT = "[rolling]\nmax_batch_percent = 10\n"
EXEMPTION = (
    '[[exemption]]\nrules = ["VMSS-020"]\nname = "web"\nuntil = 2099-12-31\nreason = "load test"\nowner = "team-shop"\n'
)


def whatif(folder: Path, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "scanner", "whatif", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def effects(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], str]:
    """Name what becomes of each rule on each scale set."""
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return {
        (item["name"], change["rule_id"]): change["effect"]
        for item in found["scale_sets"]
        for change in item["changes"]
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a fleet, a stricter policy and an exemption."""
    fleet = [document("web"), document("staging", OTHER)]
    fleet[0]["tags"]["application"] = "shop"
    fleet[1]["properties"]["upgradePolicy"]["rollingUpgradePolicy"]["maxBatchInstancePercent"] = 5
    (tmp_path / "fleet.json").write_text(json.dumps(fleet))
    (tmp_path / "strict.toml").write_text(STRICT)
    (tmp_path / "exempt.toml").write_text(EXEMPTION)
    return tmp_path


def test_a_stricter_policy_opens_findings(folder: Path) -> None:
    """The threshold is changed with open eyes: which rule, on which scale set, of which application."""
    done = whatif(folder, "--policy", "strict.toml", "fleet.json", "--format", "json")
    assert done.returncode == 0
    assert effects(done) == {("web", "VMSS-020"): "opens"}
    said = json.loads(done.stdout)
    assert said["scale_sets_judged"] == 2
    assert said["scale_sets"][0]["application"] == "shop"
    assert len(said["not_replayed"]) == 4
    assert "know no others" in said["not_replayed"][-1]
    table = whatif(folder, "--policy", "strict.toml", "fleet.json").stdout
    for text in ("By application", "shop", "Would open (1)", "Not said here"):
        assert text in table


def test_the_policy_of_the_folder_judges_now(folder: Path) -> None:
    """What is not named stays as it judges now."""
    (folder / "policy.toml").write_text(STRICT)
    (folder / "lax.toml").write_text("")
    done = whatif(folder, "--policy", "lax.toml", "fleet.json", "--format", "json")
    assert effects(done) == {("web", "VMSS-020"): "resolves"}
    done = whatif(folder, "--exemptions", "exempt.toml", "fleet.json", "--format", "json")
    assert effects(done) == {("web", "VMSS-020"): "is_exempted"}
    (folder / "exemptions.toml").write_text(EXEMPTION)
    (folder / "none.toml").write_text("")
    done = whatif(folder, "--exemptions", "none.toml", "fleet.json", "--format", "json")
    assert effects(done) == {("web", "VMSS-020"): "opens"}


TURNED = {("web", "VMSS-070"): "is_withdrawn", ("web", "VMSS-073"): "opens"}
"""What becomes of production where it stands before staging: it is compared with nothing, and nothing was before it."""


def application(folder: Path) -> list[dict[str, Any]]:
    """Make the two scale sets one application, in two environments that are set up differently."""
    fleet = [document("web"), document("staging", OTHER)]
    for item, environment in zip(fleet, ("production", "staging"), strict=True):
        item["tags"] |= {"application": "shop", "environment": environment}
    fleet[1]["properties"]["automaticRepairsPolicy"] = {"enabled": True}
    fleet[1]["properties"]["upgradePolicy"]["mode"] = "Manual"
    (folder / "fleet.json").write_text(json.dumps(fleet))
    (folder / "turned.toml").write_text('environment_order = ["production", "staging"]\n')
    (folder / "apart.toml").write_text('[tags]\napplication = "nowhere"\n')
    return fleet


def test_rules_that_compare_scale_sets_are_replayed(folder: Path) -> None:
    """All scale sets of the files, each side by its own order and tags: another order finds the other one at fault."""
    application(folder)
    done = whatif(folder, "--policy", "turned.toml", "fleet.json", "--format", "json")
    assert effects(done) == {**TURNED, ("staging", "VMSS-070"): "opens"}
    done = whatif(folder, "--policy", "apart.toml", "fleet.json", "--format", "json")
    assert effects(done)["web", "VMSS-070"] == "is_withdrawn"
    done = whatif(folder, "--policy-now", "apart.toml", "--policy", "turned.toml", "fleet.json", "--format", "json")
    assert effects(done)["staging", "VMSS-070"] == "opens"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["--policy", "strict.toml", "fleet.json"], 0, id="no gate"),
        pytest.param(["--policy", "strict.toml", "fleet.json", "--fail-on", "medium"], 1, id="it opens"),
        pytest.param(["--policy", "strict.toml", "fleet.json", "--fail-on", "high"], 0, id="not so bad"),
        pytest.param(["fleet.json"], 2, id="nothing is tried"),
        pytest.param(["--policy", "none.toml", "fleet.json"], 2, id="no such policy"),
        pytest.param(["--policy", "strict.toml", "strict.toml"], 2, id="no scale sets"),
    ],
)
def test_the_exit_code_is_a_gate(folder: Path, words: list[str], code: int) -> None:
    """1 where a finding that is named would open; what can not be decided is 2."""
    assert whatif(folder, *words, "--quiet").returncode == code


@pytest.fixture(scope="module")
def started() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as azure:
        yield azure


class Live:
    """Runs the command against an Azure."""

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        self.azure = azure
        self.folder = folder
        self._environment = {**azure.environment(), "NO_PROXY": "127.0.0.1", "XDG_STATE_HOME": str(folder)}

    def whatif(self, *words: str) -> subprocess.CompletedProcess[str]:
        return whatif(self.folder, "--arm-endpoint", self.azure.arm_endpoint, *words, environment=self._environment)

    def scan(self, state: Path) -> Any:
        command = [sys.executable, "-m", "scanner", "scan", "--arm-endpoint", self.azure.arm_endpoint]
        done = subprocess.run(
            [*command, "--state", str(state), "--format", "json"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **self._environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)


@pytest.fixture
def live(started: LocalAzure, folder: Path) -> Live:
    """Put the fleet into an Azure."""
    started.control.reset()
    started.control.put_subscription(SUBSCRIPTION, "shop")
    for item in json.loads((folder / "fleet.json").read_text()):
        started.control.put_scale_set(item)
    return Live(started, folder)


def test_azure_is_read_and_nothing_is_written(live: Live) -> None:
    """Without a file the scale sets are read as scan does; the state that is named is as it was."""
    state = live.folder / "state.sqlite"
    live.scan(state)
    live.azure.control.change(scale_set_id("web"), {"properties.upgradePolicy.mode": "Manual"})
    before = state.read_bytes()
    done = live.whatif("--policy", "strict.toml", "--state", str(state), "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert effects(done) == {("web", "VMSS-020"): "opens"}
    assert state.read_bytes() == before
    assert "posture.drifted" in [event["EventType"] for event in live.scan(state)["events"]]


def test_a_part_of_the_fleet_is_told(live: Live) -> None:
    """A subscription that could not be read: exit 3, and what was not replayed is said."""
    state = live.folder / "state.sqlite"
    live.scan(state)
    live.azure.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    done = live.whatif("--policy", "strict.toml", "--state", str(state), "--format", "json")
    live.azure.control.clear_faults()
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert said["scale_sets_judged"] == 1
    assert any("1 scale set that were not read" in text or "not read" in text for text in said["not_replayed"])
    assert "could not be read" in done.stderr


def test_an_application_is_compared_whole_or_as_the_last_scan_left_it(live: Live) -> None:
    """The whole fleet: with itself, also where nothing is remembered. A part: with the last scan's, or not at all."""
    for item in application(live.folder):
        live.azure.control.put_scale_set(item)
    turned = ("--policy", "turned.toml", "--format", "json")
    whole = live.whatif(*turned)
    assert effects(whole) == {**TURNED, ("staging", "VMSS-070"): "opens"}
    assert not any("compare scale sets" in text for text in json.loads(whole.stdout)["not_replayed"])
    alone = live.whatif(*turned, "--subscription", SUBSCRIPTION)
    assert effects(alone) == {}
    assert any("unknown on both sides" in text for text in json.loads(alone.stdout)["not_replayed"])
    state = live.folder / "state.sqlite"
    live.scan(state)
    beside = live.whatif(*turned, "--subscription", SUBSCRIPTION, "--state", str(state))
    assert effects(beside) == TURNED
    assert any("what the last scan left" in text for text in json.loads(beside.stdout)["not_replayed"])
    other = live.whatif(
        "--policy", "apart.toml", "--format", "json", "--subscription", SUBSCRIPTION, "--state", str(state)
    )
    assert effects(other) == {}
