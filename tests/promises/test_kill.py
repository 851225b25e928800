"""Kill -9 at every kind of moment: afterwards the events are those of scans that were not killed.

A sample of what ``make attack`` does (tests/attack).
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.attack.cycle import STEPS, Cycle, lay_out
from tests.attack.kills import kill_for_ever
from tests.attack.proxy import Proxy
from tests.attack.victims import Command, Deployed

KILLS = 25
"""For each of the two stores."""


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with Azurite."""
    with LocalAzure(storage=True) as started:
        yield started


@pytest.mark.parametrize("kind", [Command, Deployed])
def test_killed_scans_lose_and_invent_nothing(
    azure: LocalAzure, tmp_path: Path, kind: type[Command] | type[Deployed]
) -> None:
    """Scans that are killed and repeated publish the same events, in order, as scans that are not, and all their rows."""
    with Proxy(azure.control.url, azure.ca_file, tmp_path) as proxy:
        lay_out(azure.control, scale_sets=30)
        cycle = Cycle(azure.control, kind(azure, proxy, tmp_path), steps=(STEPS[2], STEPS[4], STEPS[7], STEPS[10]))
        cycle.begin()
        kill_for_ever(cycle, proxy, random.Random(kind.name), KILLS, each=7)  # noqa: S311 - repeatable, no secret
        verdict = cycle.conclude()
    assert verdict.findings == []
    assert verdict.figures["kills"] >= KILLS
