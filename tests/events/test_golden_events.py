"""Contracts outlive code: what an event looks like does not change unseen."""

import pytest

from scanner.adapters.sinks.declared_tables import declared_tables
from scanner.events.event_types import EVENT_MEANINGS, EventType
from tests.events.golden_events import FOLDER, examples, text_of

EXAMPLES = examples()


@pytest.mark.parametrize("event_type", list(EventType))
def test_an_event_is_as_its_golden_example(event_type: EventType) -> None:
    """A change of an event's columns, values or id shows in its golden file, or fails here."""
    golden = (FOLDER / f"{event_type.value}.json").read_text(encoding="utf-8")
    assert text_of(EXAMPLES[event_type.value]) == golden


@pytest.mark.parametrize("event_type", list(EventType))
def test_an_event_fills_declared_columns_only(event_type: EventType) -> None:
    """Log Analytics drops a column that is not declared without a word."""
    event = EXAMPLES[event_type.value]
    declared = {column.name for column in declared_tables()[event.table].columns}
    assert set(event.columns) <= declared


def test_every_event_type_has_a_meaning() -> None:
    """The page about events is made from these."""
    assert set(EVENT_MEANINGS) == set(EventType)
