"""Glances and tallies: what is written is what is read, numbers are sums in any order, and damage is told apart."""

import random
from dataclasses import replace

import pytest

from scanner.state.glance import Glance, glance_of, glance_text, read_glance
from scanner.state.state import ScaleSetState
from scanner.state.tally import (
    Numbers,
    is_tally,
    numbers_of,
    read_numbers,
    read_tally,
    sum_of_texts,
    tally_of,
    tally_text,
)
from scanner.state.text import decode, encode
from tests.fakes.world import FakeWorld
from tests.generated.timeline import new_world, play, timeline
from tests.state.golden_states import STATE


def states(seed: int) -> list[ScaleSetState]:
    """Answer the states that a generated timeline leaves, tombstones left out."""
    return list(play(timeline(seed), new_world(FakeWorld())).view.current.values())


def test_a_glance_is_written_and_read() -> None:
    """Whatever a state holds; the defaults at its end take no room."""
    bare = replace(
        STATE, missed_scans=0, missed_by=None, claim=None, owner_claim=None, beside={}, group_owner=None, basis="b"
    )
    for state in (STATE, bare, replace(STATE, removed_at="2026-11-09T06:00:00.000Z"), *states(1)):
        assert read_glance(glance_text(glance_of(state))) == glance_of(state)
    assert glance_text(replace(glance_of(bare), kept={})) == '[1,"b","","u1"]'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "{}",
        "null",
        "7",
        "[]",
        "[2]",
        '["1"]',
        "[1,2,3,4,5,6,7,8,9,10,11]",
        '[1,"","",null,0,null,null,true,[1,2,3]]',
    ],
)
def test_what_is_no_glance_is_told_apart(text: str) -> None:
    """A header that was damaged, or is of another form, is none."""
    assert read_glance(text) is None


def test_a_tally_is_written_and_read() -> None:
    """Labels, outcomes, findings and the card come back; half a surrogate pair in a label does too."""
    hostile = replace(STATE, identity=replace(STATE.identity, location="west\ud800"))
    for state in (STATE, hostile, *states(2)):
        text = tally_text(tally_of(state))
        assert is_tally(text)
        assert read_tally(text, state.identity.subscription_id) == tally_of(state)
    tally = tally_of(STATE)
    assert (tally.headline, tally.outcomes) == ("blocked", {"VMSS-001": "P", "VMSS-020": "F", "VMSS-021": "F"})
    assert (dict(tally.open), tally.exempt) == ({"VMSS-020": ("high", "2026-11-09T06:00:00.000Z")}, ("VMSS-021",))
    card = {"region": "westeurope"}
    assert tally_of(replace(STATE, beside={"card": card})).card == card


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"v":1}',
        '{"v":2,"h":"","o":"","f":{},"x":[]}',
        '{"v":1,"h":5,"o":"","f":{},"x":[]}',
        '{"v":1,"h":"","o":"","f":{"a":"b"},"x":[]}',
        '{"v":1,"h":"","o":"","f":{"a":[[],2]},"x":[]}',
    ],
)
def test_what_is_no_tally_is_told_apart(text: str) -> None:
    """So that a sum never stumbles over one."""
    assert not is_tally(text)
    assert read_tally(text, "s") is None


@pytest.mark.parametrize("seed", range(5))
def test_numbers_add_up_in_any_order(seed: int) -> None:
    """However a fleet is divided: the sums of the parts are the numbers of the whole, counted one by one or as texts."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    tallies = [tally_of(state) for state in states(seed)]
    whole = numbers_of(tallies)
    assert sum(whole.scale_sets.values()) == len(tallies)
    chance.shuffle(tallies)
    edges = sorted(chance.choices(range(len(tallies) + 1), k=3))
    total = Numbers()
    for start, end in zip([0, *edges], [*edges, len(tallies)], strict=True):
        total.add(read_numbers(numbers_of(tallies[start:end]).to_json()))  # type: ignore[arg-type]
    assert total == whole
    assert sum_of_texts((tally.subscription_id, tally_text(tally)) for tally in tallies) == whole


def test_a_row_carries_its_header() -> None:
    """It is a part of the row, made of the state alone: read and written again it is the same; a tombstone counts nothing."""
    row = encode(STATE, "commit")
    again = encode(decode(row), "commit")
    assert (again.glance, again.tally) == (row.glance, row.tally)
    gone = encode(replace(STATE, removed_at="2026-11-09T06:00:00.000Z"), "commit")
    assert gone.tally == ""
    assert read_glance(gone.glance) == replace(glance_of(STATE), removed_at="2026-11-09T06:00:00.000Z")
    assert read_glance("[1]") == Glance()
