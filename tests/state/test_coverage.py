"""Coverage is what was really read; what should have been read and was not is said."""

import pytest

from scanner.errors import UnreadableError
from scanner.state.coverage import CoverageRecord, not_read, read_coverage


@pytest.mark.parametrize(
    ("read", "asked_for", "last_scan", "with_scale_sets", "expected"),
    [
        pytest.param(["a", "b"], (), ["a", "b"], ["a"], (), id="everything as before"),
        pytest.param(["a"], (), ["a", "b"], ["a"], ("b",), id="one that the last scan read is gone"),
        pytest.param(["a"], (), [], ["a", "c"], ("c",), id="one with known scale sets is gone"),
        pytest.param(["a"], ("a", "z"), ["a"], ["a"], ("z",), id="one that was asked for was never readable"),
        pytest.param(["a"], ("a",), ["a", "b"], ["a"], (), id="one that is not asked for any more, and held nothing"),
        pytest.param(
            ["a"], ("a",), ["a"], ["a", "b"], ("b",), id="one that is not asked for any more, and is remembered"
        ),
    ],
)
def test_not_read(
    read: list[str], asked_for: tuple[str, ...], last_scan: list[str], with_scale_sets: list[str], expected: object
) -> None:
    """A subscription is missing when it was asked for, read before, or has scale sets that we know."""
    assert not_read(read, asked_for=asked_for, last_scan=last_scan, with_scale_sets=with_scale_sets) == expected


def test_a_subscription_that_was_not_read_keeps_its_last_time() -> None:
    """The snapshot says of each scale set when it was last read, also while its subscription is out of reach."""
    first = CoverageRecord().after(["a", "b"], "T1", keep=["a", "b"])
    second = read_coverage(first.after(["a"], "T2", keep=["b"]).to_json())
    assert second.read_at == {"a": "T2", "b": "T1"}
    assert second.last_scan == frozenset({"a"})


def test_a_subscription_without_scale_sets_is_forgotten() -> None:
    """What was cancelled and held nothing does not stay in the record for ever."""
    first = CoverageRecord().after(["a", "b"], "T1", keep=[])
    assert first.after(["a"], "T2", keep=[]).read_at == {"a": "T2"}


@pytest.mark.parametrize(
    "text",
    [
        '{"read_at": 3}',
        '{"read_at": {"a": 1}, "last_scan": []}',
        '{"read_at": {}, "last_scan": "abc"}',
        '{"read_at": {}, "last_scan": [1]}',
        '{"read_at": [["a", "b"]], "last_scan": []}',
        "[]",
        "null",
        "{",
        "[" * 200_000,
    ],
)
def test_a_damaged_record_is_told_apart(text: str) -> None:
    """It is an error, and not an empty coverage: whoever reads it decides what that means."""
    with pytest.raises(UnreadableError, match="not a record of coverage"):
        read_coverage(text)
