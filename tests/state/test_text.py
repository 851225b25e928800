"""States as text: every version that was ever written is read, and nothing that is damaged passes for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scanner.errors import UnreadableError
from scanner.facts.change import Attribution, Certainty
from scanner.ports.store import STATE_SCHEMA_VERSION
from scanner.state.state import Hold
from scanner.state.text import body_of, decode, encode
from tests.state.golden_states import FOLDER, STATE, present, read_golden


def test_every_schema_version_has_its_golden_state() -> None:
    """A new version comes with a file, and the files of the earlier ones stay."""
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == [f"v{n}" for n in range(1, STATE_SCHEMA_VERSION + 1)]


def test_the_present_version_is_as_its_golden_state() -> None:
    """What is written shows in the file, or fails here."""
    assert (FOLDER / f"v{STATE_SCHEMA_VERSION}.json").read_text(encoding="utf-8") == present()
    assert decode(read_golden(STATE_SCHEMA_VERSION)) == STATE


def test_a_state_of_version_1_is_read() -> None:
    """What it could not know takes its default: its ids go on as they were, and nothing waits for confirmation."""
    expected = replace(
        STATE,
        generation="",
        ready_to_enable="",
        blocked_if_enabled=(),
        group_owner=None,
        earlier={},
        failed_before=(),
        claim=None,
        owner_claim=None,
        missed_by=None,
        beside={},
    )
    assert decode(read_golden(1)) == expected


def test_what_is_written_is_what_is_read() -> None:
    """And written again it is the same text, so that an unchanged state is not written at all."""
    row = encode(STATE, "commit")
    assert decode(row) == STATE
    assert body_of(decode(row)) == row.body


@pytest.mark.parametrize("name", ["unique_id", "group_owner", "basis", "first_seen_at", "check"])
def test_a_text_of_another_hand_is_found_out(name: str) -> None:
    """A value of the right kind that this service did not write is damage, not a change of the scale set."""
    row = encode(STATE, "commit")
    body = json.loads(row.body)
    altered = json.dumps({**body, name: "altered"}, separators=(",", ":"))
    with pytest.raises(UnreadableError, match="altered"):
        decode(replace(row, body=altered))


def test_who_changed_it_and_what_was_told_of_rollouts_are_read_back() -> None:
    """Each part of them, a hold and a change that waits for its record among them."""
    known = Attribution(
        certainty=Certainty.KNOWN, changed_at="2026-11-09T05:41:07.123Z", changed_by="eve", fields=("upgrade_mode",)
    )
    several = Attribution(certainty=Certainty.SEVERAL, others=(known, replace(known, changed_by="bob")))
    for last in (None, known, several, Attribution(certainty=Certainty.PENDING, before=known)):
        state = replace(
            STATE,
            last_change=last,
            hold=Hold(change=known, scan_id="scan-7", seen_on_by="scan-8"),
            told_rollouts={"2026-11-09T08:30:00Z": "started"},
        )
        assert decode(encode(state, "commit")) == state


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "the last change is text": lambda body: body.update(last_change="eve"),
    "the last change is of no kind": lambda body: body.update(last_change={"certainty": "maybe"}),
    "a hold of one part": lambda body: body.update(hold=["x"]),
    "rollouts are a list": lambda body: body.update(told_rollouts=["x"]),
    "facts are a list": lambda body: body.update(facts=[1]),
    "the unique id is a number": lambda body: body.update(unique_id=5),
    "a finding is text": lambda body: body.update(findings={"VMSS-001": "open"}),
    "a finding without a reason": lambda body: body["findings"]["VMSS-020"].pop("reason"),
    "a finding's severity is null": lambda body: body["findings"]["VMSS-020"].update(severity=None),
    "evidence is text": lambda body: body["findings"]["VMSS-020"].update(evidence="x"),
    "evidence of numbers": lambda body: body["findings"]["VMSS-020"].update(evidence=[1]),
    "an exemption is a list": lambda body: body["findings"]["VMSS-021"].update(exemption=[1]),
    "an exemption of another form": lambda body: body["findings"]["VMSS-021"].update(exemption={"a": "b"}),
    "an outcome is a number": lambda body: body.update(outcomes={"VMSS-001": 1}),
    "three labels": lambda body: body["labels"].pop(),
    "labels are text": lambda body: body.update(labels="abcd"),
    "no id": lambda body: body.pop("id"),
    "the count of missed scans is text": lambda body: body.update(missed_scans="1"),
    "the count of missed scans is a truth": lambda body: body.update(missed_scans=True),
    "earlier values are text": lambda body: body.update(earlier={"a": "b"}),
    "a claim of one": lambda body: body.update(claim=["a"]),
    "blocked by a number": lambda body: body.update(blocked_by=[1]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_body_is_told_apart(damage: Callable[[dict[str, Any]], object]) -> None:
    """Whatever is wrong with it, it is not taken for a state, and the error says why."""
    body = json.loads(body_of(STATE))
    del body["check"]  # an earlier version wrote none
    damage(body)
    with pytest.raises(UnreadableError, match="revision 7 is not a state"):
        decode(replace(encode(STATE, "commit"), body=json.dumps(body)))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "5", '"x"', "[" * 200_000, '{"a":' * 100_000])
def test_what_is_no_object_is_told_apart(text: str) -> None:
    """Cut, empty, of another type, or nested without end."""
    with pytest.raises(UnreadableError, match="is not a state"):
        decode(replace(encode(STATE, "commit"), body=text))
