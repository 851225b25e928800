"""``vmss-posture compare``: what is not the same in all environments, regions or rings of an application."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document

MODE = "properties.upgradePolicy.mode"


def scale_set(name: str, environment: str, mode: str = "Rolling", **changes: Any) -> dict[str, Any]:
    """Make a scale set of the application shop."""
    made = document(name) | changes
    made["tags"] = {"application": "Shop", "environment": environment, "ring": "broad", "owner": "team-shop"}
    made["properties"]["upgradePolicy"]["mode"] = mode
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Make a state file that knows an application in two environments and two regions, and one without an application."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        for made in (
            scale_set("web", "production", "Manual"),
            scale_set("web-north", "production", location="northeurope"),
            scale_set("web-staging", "Staging"),
            document("other"),
        ):
            world.azure.put_scale_set(made)
        world.scan()
    return path


def compare(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    command = [sys.executable, "-m", "scanner", "compare", "--state", str(state), *words]
    return subprocess.run(command, env=ours, capture_output=True, text=True, timeout=60, check=False)


def test_settings_that_differ_between_environments_are_a_table(state: Path) -> None:
    """One row for each, a column for each environment; what is the same is left out."""
    done = compare(state)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert rows["setting"] == ["production", "staging"]
    assert rows["upgrade_mode"] == ["manual,", "rolling", "rolling"]
    assert "max_batch_instance_percent" not in rows


def test_all_settings_are_shown_when_asked_for(state: Path) -> None:
    """Also the ones that are the same everywhere."""
    assert "max_batch_instance_percent" in compare(state, "--all").stdout


@pytest.mark.parametrize(
    ("by", "places", "differing"),
    [
        ("environment", ["production", "staging"], ["upgrade_mode"]),
        ("region", ["northeurope", "westeurope"], ["upgrade_mode"]),
        ("ring", ["broad"], []),
    ],
)
def test_json_has_places_values_and_what_differs(state: Path, by: str, places: list[str], differing: list[str]) -> None:
    """For programs: every value, and the names of the settings that differ."""
    (found,) = json.loads(compare(state, "--by", by, "--format", "json").stdout)
    assert (found["application"], found["places"], found["differing"]) == ("shop", places, differing)


def test_a_pipeline_can_fail_on_a_difference(state: Path) -> None:
    """With --fail exit code 1; without a difference, 0."""
    assert compare(state, "--fail").returncode == 1
    assert compare(state, "--by", "ring", "--fail").returncode == 0


def test_an_application_that_nobody_names_is_said(state: Path) -> None:
    """It is no error: there is nothing to compare."""
    done = compare(state, "--application", "nowhere")
    assert (done.returncode, "'nowhere'" in done.stdout) == (0, True)
