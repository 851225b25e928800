"""The hash of a snapshot: the same for the rows that were sent and for what a query or an export answers of them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.events.snapshot_chain import Link, SnapshotHash, canonical, previous_hash, read_link

SENT: dict[str, Any] = {
    "TimeGenerated": "2026-11-15T06:00:01.000Z",
    "SnapshotAt": "2026-11-15T06:00:00.000Z",
    "ScaleSetId": "/subscriptions/a/x",
    "Owner": None,
    "BlockedBy": ["VMSS-030"],
    "Posture": {"max_batch_instance_percent": 20, "image": "größe"},
    "OpenHigh": 1,
}


@pytest.mark.parametrize(
    "answered",
    [
        pytest.param({"TimeGenerated": "2026-11-16T00:00:00Z"}, id="another time of sending"),
        pytest.param({"Owner": ""}, id="empty text for null"),
        pytest.param({"Ring": ""}, id="a column that was not sent"),
        pytest.param({"Retired": None}, id="a column of a later release"),
        pytest.param({"SnapshotAt": "2026-11-15T06:00:00Z"}, id="a moment without fraction"),
        pytest.param({"SnapshotAt": "2026-11-15T06:00:00.0000000Z"}, id="a moment to 100 ns"),
        pytest.param({"SnapshotAt": "2026-11-15T07:00:00+01:00"}, id="a moment in another zone"),
        pytest.param({"SnapshotAt": datetime(2026, 11, 15, 6, tzinfo=UTC)}, id="a moment as the SDK answers it"),
        pytest.param(
            {"SnapshotAt": datetime(2026, 11, 15, 8, tzinfo=timezone(timedelta(hours=2)))}, id="a moment with a zone"
        ),
        pytest.param({"BlockedBy": '["VMSS-030"]'}, id="a list as text"),
        pytest.param({"BlockedBy": '[ "VMSS-030" ]'}, id="a list as text with blanks"),
        pytest.param(
            {"Posture": '{"image": "gr\\u00f6\\u00dfe", "max_batch_instance_percent": 20.0}'}, id="other order, escapes"
        ),
    ],
)
def test_a_row_has_one_form(answered: dict[str, Any]) -> None:
    """However Log Analytics answers a row, its form is that of the row that was sent."""
    assert canonical({**SENT, **answered}) == canonical(SENT)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"SnapshotAt": "2026-11-15T06:00:00.001Z"}, id="a millisecond"),
        pytest.param({"Owner": "me"}, id="an owner"),
        pytest.param({"BlockedBy": []}, id="an empty list for a list"),
        pytest.param({"BlockedBy": ["VMSS-030", "VMSS-030"]}, id="an item twice"),
        pytest.param({"Posture": {"max_batch_instance_percent": 21, "image": "größe"}}, id="a number in a fact"),
        pytest.param({"Posture": {"max_batch_instance_percent": None, "image": "größe"}}, id="not read in a fact"),
        pytest.param({"OpenHigh": 0}, id="a count"),
        pytest.param({"OpenHigh": True}, id="a flag for a count"),
    ],
)
def test_what_a_row_says_is_in_its_form(changed: dict[str, Any]) -> None:
    """Whatever a reader could read otherwise makes another form."""
    assert canonical({**SENT, **changed}) != canonical(SENT)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), _JSON, max_size=6))
def test_a_dynamic_value_survives_being_text(value: dict[str, Any]) -> None:
    """Any list or object is the same as JSON text, in whatever order its keys come."""
    text = json.dumps(dict(reversed(value.items())))
    assert canonical({"Posture": value}) == canonical({"Posture": text})


def hashed(*keys: str, previous: str = "", at: str = "2026-11-15T06:00:00.000Z", deployment: str = "d") -> Link:
    """Hash a snapshot of rows that hold nothing but their scale set."""
    snapshot = SnapshotHash()
    for key in keys:
        snapshot.add({"ScaleSetId": key})
    return snapshot.link(at=at, deployment=deployment, previous=previous)


def test_the_hash_covers_all_that_names_a_snapshot() -> None:
    """Rows, moment, deployment, and the hash before: each of them changes it, and nothing else."""
    links = [
        hashed("a", "b"),
        hashed("a"),
        hashed(),
        hashed("a", "b", previous="0"),
        hashed("a", "b", at="2026-11-16T06:00:00.000Z"),
        hashed("a", "b", deployment="e"),
    ]
    assert len({link.hash for link in links}) == len(links)
    assert hashed("a", "b") == links[0]
    assert len(links[0].hash) == 64


def test_rows_come_in_the_order_of_their_scale_sets() -> None:
    """A row that comes twice or too early is a fault of the caller: it would make a hash that nobody finds again."""
    for second in ("a", "A"):
        with pytest.raises(ValueError, match="does not come after"):
            hashed("a", second)


def test_the_record_says_what_a_snapshot_follows() -> None:
    """The last one; a snapshot that is repeated for its moment follows what it followed before; none: it starts anew."""
    link = Link(at="2026-11-15T06:00:00.000Z", hash="b", previous="a")
    assert read_link(link.text()) == link
    assert previous_hash(link, "2026-11-16T06:00:00.000Z") == "b"
    assert previous_hash(link, link.at) == "a"
    for text in (None, "", "{", "[]", "null", '{"at": "x"}'):
        assert previous_hash(read_link(text), link.at) == ""
