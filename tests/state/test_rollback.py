"""The way back: a release reads the state that the next one writes, as it was released."""

import json
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from scanner.ports.store import READABLE_SCHEMA_VERSION, STATE_SCHEMA_VERSION, StateRow
from scanner.state.checked_text import CHECK, checked
from scanner.state.text import decode
from tests.state.golden_states import STATE, read_golden

READERS = Path(__file__).parent / "released_readers"


def reader(version: int) -> Callable[[StateRow], Any]:
    """Answer the reader of a release, frozen as it was."""
    decode_as_released: Callable[[StateRow], Any] = import_module(f"tests.state.released_readers.v{version}").decode
    return decode_as_released


def test_every_earlier_version_has_its_reader() -> None:
    """Whoever raises the version puts the reader of the one before beside the others."""
    assert sorted(path.stem for path in READERS.glob("v*.py")) == [f"v{n}" for n in range(1, STATE_SCHEMA_VERSION)]


@pytest.mark.parametrize("version", range(1, STATE_SCHEMA_VERSION))
def test_the_released_reader_reads_the_next_version(version: int) -> None:
    """After a rollback by one release every state is known: what the older one knows is as the newer one wrote it."""
    newer = read_golden(version + 1)
    read, as_written = reader(version)(newer), decode(newer)
    names = [field.name for field in fields(read) if field.name not in {"identity", "findings"}]
    assert {name: getattr(read, name) for name in names} == {name: getattr(as_written, name) for name in names}
    assert set(read.findings) == set(as_written.findings)
    for rule_id, finding in read.findings.items():
        written = as_written.findings[rule_id]
        assert (finding.opened_at, finding.severity) == (written.opened_at, written.severity)
        assert (finding.exemption is None) == (written.exemption is None)


def test_this_release_reads_what_the_next_one_may_add() -> None:
    """Fields that this release does not know, at every level of a state, are left out; the rest is as it was."""
    row = read_golden(STATE_SCHEMA_VERSION)
    body = json.loads(row.body)
    body["from_the_next_release"] = {"a": [1]}
    for finding in body["findings"].values():
        finding["from_the_next_release"] = None
    newer = StateRow(
        subscription_id=row.subscription_id,
        key=row.key,
        revision=row.revision,
        commit_id=row.commit_id,
        body=checked({name: value for name, value in body.items() if name != CHECK}),
        schema_version=READABLE_SCHEMA_VERSION,
    )
    assert decode(newer) == STATE


def test_one_version_ahead_is_read_and_no_more() -> None:
    """A field is written one release after it can be read, so the next version holds nothing that cannot be left out."""
    assert READABLE_SCHEMA_VERSION == STATE_SCHEMA_VERSION + 1
