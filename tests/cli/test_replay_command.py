"""``vmss-posture replay`` puts accepted events back, for the next scan to send."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.data.tables import UpdateMode

from emulator.client.local import LocalAzure
from tests.attack.victims import Deployed
from tests.scale_sets import document
from tests.world import EVENTS


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with Azurite."""
    with LocalAzure(storage=True) as started:
        yield started


def test_accepted_events_are_sent_again(azure: LocalAzure, tmp_path: Path) -> None:
    """After a replay the next scan sends what was accepted since that day, under the same ids."""
    azure.control.put_scale_set(document("web"))
    service = Deployed(azure, None, tmp_path)
    assert service.start().wait(60) == 0
    before = azure.control.rows(EVENTS)
    today = datetime.now(UTC).date()
    said = _run(["replay", "--since", str(service.at.date())], service.environment)
    assert said.returncode == 0, said.stderr
    assert "put back into the outbox" in said.stdout
    assert service.start().wait(60) == 0
    again = azure.control.rows(EVENTS)[len(before) :]
    assert {row["EventId"] for row in again} == {row["EventId"] for row in before}
    nothing = _run(["replay", "--since", str(today.replace(year=today.year + 1))], service.environment)
    assert (nothing.returncode, "in the future" in nothing.stderr) == (2, True)
    named = _run(
        ["replay", "--since", str(service.at.date())], {**service.environment, "VMSS_TABLE_NAME": "anotherone"}
    )
    assert (named.returncode, "holds no scan" in named.stderr) == (2, True)


def test_settings_come_from_a_file(azure: LocalAzure, tmp_path: Path) -> None:
    """As for doctor; what the file names goes before the environment."""
    azure.control.put_scale_set(document("web"))
    service = Deployed(azure, None, tmp_path)
    assert service.start().wait(60) == 0
    ours = {name: value for name, value in service.environment.items() if name.startswith("VMSS_")}
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": ours}), encoding="utf-8")
    rest = {name: value for name, value in service.environment.items() if not name.startswith("VMSS_")}
    said = _run(["replay", "--settings", str(file), "--since", str(service.at.date())], rest)
    assert (said.returncode, "put back into the outbox" in said.stdout) == (0, True), said.stderr


def test_what_cannot_be_sent_again_is_named(azure: LocalAzure, tmp_path: Path) -> None:
    """Exit code 3, and ``state check`` lists the entry with the key by which it can be dropped."""
    azure.control.put_scale_set(document("web"))
    service = Deployed(azure, None, tmp_path)
    assert service.start().wait(60) == 0
    client = service.table_client()
    damaged = {**next(client.query_entities("RowKey ge 'sent|' and RowKey lt 'sent}'")), "Events": "[5]"}
    client.upsert_entity(damaged, mode=UpdateMode.REPLACE)
    name = f"{damaged['PartitionKey']}/{damaged['RowKey']}"
    said = _run(["replay", "--since", str(service.at.date())], service.environment)
    assert (said.returncode, name in "".join(said.stderr.split())) == (3, True), said.stderr
    listed = _run(["state", "check"], service.environment)
    assert (listed.returncode, name in "".join(listed.stdout.split())) == (1, True), listed.stderr


def _run(words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scanner", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
