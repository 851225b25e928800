"""Drift is a difference between two known values, and nothing else."""

import pytest

from scanner.state.drift import Direction, direction_of, drifts, merged

CASES = [
    ("mode to Manual", "upgrade_mode", "rolling", "manual", Direction.WEAKENED),
    ("mode to Rolling", "upgrade_mode", "automatic", "rolling", Direction.STRENGTHENED),
    ("OS upgrade switched off", "automatic_os_upgrade", True, False, Direction.WEAKENED),
    ("OS upgrade switched on", "automatic_os_upgrade", False, True, Direction.STRENGTHENED),
    ("rollback switched off", "automatic_rollback_disabled", False, True, Direction.WEAKENED),
    ("batch raised", "max_batch_instance_percent", 20, 100, Direction.WEAKENED),
    ("batch lowered", "max_batch_instance_percent", 20, 5, Direction.STRENGTHENED),
    ("pause shortened", "pause_between_batches_seconds", 60, 0, Direction.WEAKENED),
    ("image pinned", "image_pinned", False, True, Direction.WEAKENED),
    ("health on TCP", "application_health", "https", "tcp", Direction.WEAKENED),
    ("health added", "application_health", "none", "tcp", Direction.STRENGTHENED),
    ("repairs off", "automatic_repairs", True, False, Direction.WEAKENED),
    ("another image", "image", "platform:a/b/c/latest", "platform:a/b/d/latest", Direction.NEUTRAL),
    ("a mode that nobody documented", "upgrade_mode", "rolling", "turbo", Direction.NEUTRAL),
    ("a value of another type", "max_batch_instance_percent", 20, "many", Direction.NEUTRAL),
]


@pytest.mark.parametrize(("field", "before", "after", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_direction(field: str, before: object, after: object, expected: Direction) -> None:
    """A drift weakens or strengthens where one value is safer than the other, and is neutral elsewhere."""
    assert direction_of(field, before, after) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "facts", "fields"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["b"], id="one of two differs"),
        pytest.param({"a": 1}, {"a": None}, [], id="not read this time"),
        pytest.param({}, {"a": 1}, [], id="not known before"),
        pytest.param({"a": None}, {"a": 1}, [], id="known as not reported"),
        pytest.param({"a": True}, {"a": False}, ["a"], id="false is a value"),
        pytest.param({"a": [1, 2]}, {"a": [1, 2]}, [], id="the same list"),
        pytest.param({"gone": 1}, {"a": 1}, [], id="a fact that this version does not know"),
    ],
)
def test_only_two_known_values_drift(known: dict[str, object], facts: dict[str, object], fields: list[str]) -> None:
    """A fact that one of the two readings lacks is no drift: not seeing is not a change."""
    assert [drift.field for drift in drifts(known, facts)] == fields  # type: ignore[arg-type]


def test_what_was_not_read_keeps_its_last_known_value() -> None:
    """The next comparison is with the last value that was really read."""
    assert merged({"a": 1, "b": 2}, {"a": None, "b": 3, "c": None}) == {"a": 1, "b": 3}
