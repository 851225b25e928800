"""Kill -9 at random moments: afterwards the events are those of scans that nobody killed."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from tests.world import EVENTS

KILLS = 6
ROOT = Path(__file__).parent.parent.parent
START = datetime(2026, 11, 9, 6, 0, tzinfo=UTC)

type Named = tuple[str, str, str, int]
"""An event as two runs share it: type, scale set, rule or field, revision. Ids carry the moment of the first scan."""

type Run = Callable[[float | None], None]
"""Runs one scan; kills it after that many seconds, where given."""


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with Azurite."""
    with LocalAzure(storage=True) as started:
        yield started


class Command:
    """``vmss-posture scan`` with SQLite; its events are the lines on standard output."""

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        self._azure = azure
        self._folder = folder
        self.events: set[Named] = set()

    def scan(self, kill_after: float | None = None) -> None:
        output = self._folder / "events.jsonl"
        command = [sys.executable, "-m", "scanner", "scan", "--format", "jsonl"]
        command += ["--arm-endpoint", self._azure.arm_endpoint, "--state", str(self._folder / "state.sqlite")]
        with output.open("wb") as stream:
            _run(command, _environment(self._azure), kill_after, stdout=stream)
        for line in output.read_bytes().split(b"\n")[:-1]:
            row = json.loads(line)
            if row["Type"] == EVENTS:
                self.events.add(named(row))


class Deployed:
    """The deployed service with Table Storage; its events are the rows that Log Analytics received."""

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        self._azure = azure
        self._table = "t" + "".join(char for char in folder.name if char.isalnum())
        self._at = START

    def scan(self, kill_after: float | None = None) -> None:
        self._at += timedelta(minutes=11)  # longer than the lease of a scan that was killed
        self._azure.control.set_clock(self._at, frozen=False)
        command = [sys.executable, "-m", "demo.service_process", "scan", "--at", self._at.isoformat()]
        _run(command, self.environment, kill_after)

    @property
    def environment(self) -> dict[str, str]:
        azure = self._azure
        return _environment(azure) | {
            "VMSS_ARM_ENDPOINT": azure.arm_endpoint,
            "VMSS_TABLE_ENDPOINT": azure.table_endpoint,
            "VMSS_TABLE_NAME": self._table,
            "VMSS_INGESTION_ENDPOINT": azure.ingestion_endpoint,
            "VMSS_COLLECTION_RULE_ID": azure.rule_id,
        }

    @property
    def events(self) -> set[Named]:
        return {named(row) for row in self._azure.control.rows(EVENTS)}


@pytest.mark.parametrize("kind", [Command, Deployed])
def test_kill_at_random_moments(azure: LocalAzure, tmp_path: Path, kind: type[Command | Deployed]) -> None:
    """Scans that are killed and repeated publish the same events as scans that are not: none lost, none invented."""
    chance = random.Random(kind.__name__)  # noqa: S311 - repeatable, no secret
    expected = _play(azure, _fresh(azure, tmp_path / "whole", kind), lambda: None)
    assert len(expected) > 300

    def kill_some() -> None:
        for _ in range(KILLS // 2):
            service.scan(kill_after=chance.uniform(0.3, 1.6))

    service = _fresh(azure, tmp_path / "killed", kind)
    assert _play(azure, service, kill_some) == expected


def named(row: Mapping[str, Any]) -> Named:
    """Name an event as two runs share it."""
    return row["EventType"], row["ScaleSetId"], row.get("RuleId") or row.get("Field") or "", row["Revision"]


def _play(azure: LocalAzure, service: Command | Deployed, disturb: Callable[[], None]) -> set[Named]:
    """Scan a fleet, change a part of it, and scan again; answer all events."""
    fleet = azure.control.create_fleet(seed=3, subscriptions=3, scale_sets=250, instances=0)
    disturb()
    service.scan()
    for ids in fleet.problems.values():
        azure.control.edit_tags(ids[0], {"owner": None})
        azure.control.change(ids[0], {"properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": 90})
    disturb()
    service.scan()
    return service.events


def _fresh(azure: LocalAzure, folder: Path, kind: type[Command | Deployed]) -> Command | Deployed:
    folder.mkdir()
    azure.control.reset()
    return kind(azure, folder)


def _run(command: list[str], environment: dict[str, str], kill_after: float | None, stdout: object = None) -> None:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=stdout)  # type: ignore[call-overload]
    try:
        code = process.wait(kill_after or 120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        assert kill_after is not None, "the scan did not end"
        return
    assert code == 0


def run_command(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``vmss-posture`` to its end."""
    command = [sys.executable, "-m", "scanner", *words]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def _environment(azure: LocalAzure) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    return {**kept, **azure.environment(), "NO_PROXY": "localhost,127.0.0.1"}
