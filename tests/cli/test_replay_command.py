"""``vmss-posture replay`` puts accepted events back, for the next scan to send."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.promises.test_kill import Deployed, run_command
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
    service = Deployed(azure, tmp_path)
    service.scan()
    before = azure.control.rows(EVENTS)
    today = datetime.now(UTC).date()
    said = run_command(["replay", "--since", "2026-11-09"], service.environment)
    assert said.returncode == 0, said.stderr
    assert "put back into the outbox" in said.stdout
    service.scan()
    again = azure.control.rows(EVENTS)[len(before) :]
    assert {row["EventId"] for row in again} == {row["EventId"] for row in before}
    nothing = run_command(["replay", "--since", str(today.replace(year=today.year + 1))], service.environment)
    assert (nothing.returncode, "in the future" in nothing.stderr) == (2, True)
    named = run_command(["replay", "--since", "2026-11-09"], {**service.environment, "VMSS_TABLE_NAME": "anotherone"})
    assert (named.returncode, "holds no scan" in named.stderr) == (2, True)


def test_settings_come_from_a_file(azure: LocalAzure, tmp_path: Path) -> None:
    """As for doctor; what the file names goes before the environment."""
    azure.control.put_scale_set(document("web"))
    service = Deployed(azure, tmp_path)
    service.scan()
    ours = {name: value for name, value in service.environment.items() if name.startswith("VMSS_")}
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": ours}), encoding="utf-8")
    rest = {name: value for name, value in service.environment.items() if not name.startswith("VMSS_")}
    said = run_command(["replay", "--settings", str(file), "--since", "2026-11-09"], rest)
    assert (said.returncode, "put back into the outbox" in said.stdout) == (0, True), said.stderr
