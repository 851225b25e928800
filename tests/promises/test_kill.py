"""Kill -9 at every kind of moment: afterwards the events are those of scans that were not killed.

A sample of what ``make attack`` does (tests/attack).
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.attack.cycle import Cycle, lay_out
from tests.attack.kills import kill_for_ever
from tests.attack.prove import BREAKS, ROOT
from tests.attack.proxy import Proxy
from tests.attack.rounds import Rounds
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
        lay_out(azure.control, scale_sets=20)
        rounds = Rounds(Cycle(azure.control, kind(azure, proxy, tmp_path)))
        kill_for_ever(rounds, proxy, random.Random(kind.name), KILLS, tmp_path)  # noqa: S311 - repeatable, no secret
        verdict = rounds.cycle.conclude()
    assert verdict.findings == []
    assert verdict.figures["kills"] >= KILLS


@pytest.mark.parametrize("what", BREAKS)
def test_the_copies_that_prove_the_attack_can_still_be_broken(what: str) -> None:
    """The text that ``make attack`` breaks on purpose, to prove that it finds what is broken, stands in its file once."""
    file, text, broken = BREAKS[what]
    assert (ROOT / file).read_text(encoding="utf-8").count(text) == 1
    assert text != broken
