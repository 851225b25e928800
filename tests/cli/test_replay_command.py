"""``vmss-posture replay`` puts accepted events back, for the next scan to send."""

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
    assert "wait again" in said.stdout
    service.scan()
    again = azure.control.rows(EVENTS)[len(before) :]
    assert {row["EventId"] for row in again} == {row["EventId"] for row in before}
    nothing = run_command(["replay", "--since", str(today.replace(year=today.year + 1))], service.environment)
    assert nothing.stdout.startswith("0 events")
