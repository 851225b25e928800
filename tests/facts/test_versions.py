"""Versions of images are numbers, whatever order and spelling a list has them in."""

import random

import pytest

from scanner.facts.versions import is_older, newest_of, version_key


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("1.2.3", (1, 2, 3)),
        ("22.04.202408260", (22, 4, 202408260)),
        ("16.04.202004290", (16, 4, 202004290)),
        ("202609.15.0", (202609, 15)),
        ("1.0.99999999999999999999", (1, 0, 99999999999999999999)),
        ("1.2.0", (1, 2)),
        ("1.2", (1, 2)),
        ("0.0.0", ()),
        ("latest", None),
        ("", None),
        ("1..2", None),
        ("1.2.", None),
        ("-1.2.3", None),
        ("1.2.3-preview", None),
        (" 1.2.3", None),
        ("1.2.٣", None),
        ("1" * 5000, None),
    ],
)
def test_a_version_is_whole_numbers_with_dots_between(version: str, key: tuple[int, ...] | None) -> None:
    """Leading zeros, large parts and zeros at the end do not matter; anything else is no version."""
    assert version_key(version) == key


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [
        ("8.9.0", "8.10.0", True),
        ("8.10.0", "8.9.0", False),
        ("8.10.0", "8.10", False),
        ("08.9.1", "8.9.1", False),
        ("latest", "8.10.0", None),
        ("8.10.0", "", None),
    ],
)
def test_versions_are_compared_as_numbers(version: str, other: str, older: bool | None) -> None:  # noqa: FBT001 - the expected answer
    """8.9 comes before 8.10; what is no version cannot be compared."""
    assert is_older(version, other) is older


def test_the_newest_is_chosen_from_the_whole_list_in_any_order() -> None:
    """Azure's lists come in text order, where the newest is not the last."""
    versions = ["8.10.0", "8.9.1", "8.9.0", "latest", "08.10.0"]
    for seed in range(20):
        random.Random(seed).shuffle(versions)  # noqa: S311 - an order, no secret
        assert newest_of(versions) == "08.10.0"


def test_a_list_without_a_version_has_no_newest() -> None:
    """An empty list, or one of other texts, says nothing."""
    assert newest_of([]) is None
    assert newest_of(["latest", "preview"]) is None
