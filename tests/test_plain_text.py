"""Nothing in a text from Azure can act, and nothing is endless."""

import json

import pytest

from scanner.facts.evidence import JsonValue
from scanner.plain_text import FIELD_BYTES, bounded, json_text, plain, plural, size_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-prod", "web-prod"),
        ("grüße 東京", "grüße 東京"),
        ("two\nlines", "two\\u000alines"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("evil\u202etxt", "evil\\u202etxt"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tab\there", "tab\\u0009here"),
    ],
)
def test_what_is_not_printable_is_shown_and_not_obeyed(text: str, expected: str) -> None:
    """Line ends, terminal codes and text-direction marks become visible escapes."""
    assert plain(text) == expected


def test_a_long_text_says_that_it_was_cut() -> None:
    """A cut value ends with its real length, so that nobody takes it for the whole."""
    assert plain("x" * 50, 10) == "x" * 10 + "… (50 characters)"


def test_json_is_on_one_line() -> None:
    """A value becomes JSON that fits into a column."""
    assert json_text({"a": ["b\n", None]}) == '{"a":["b\\n",null]}'


VALUES: list[JsonValue] = [
    "x" * 100_000,
    "語" * 30_000,
    "😀" * 30_000,
    {"a": "x" * 100_000, "b": 1},
    {f"key-{number}": "y" * 900 for number in range(500)},
    ["z" * 50_000] * 5,
    [{"rule": f"VMSS-{number:03d}", "reason": "r" * 30_000} for number in range(30)],
    [[[["deep " * 20_000]]]],
    {"k" * 100_000: 1},
    ["\ud800" * 20_000],
    10**400,
    ["", None, True, 1.5, {"a": []}],
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_dynamic_value_is_bounded(value: JsonValue) -> None:
    """Whatever it holds, it fits into a column, can be written as UTF-8, and says what is missing."""
    kept = bounded(value)
    text = json.dumps(kept, ensure_ascii=False)
    assert len(text.encode()) <= 65_536
    if size_of(value) <= FIELD_BYTES and isinstance(value, list) and "\ud800" not in str(value):
        assert kept == value
    else:
        assert "…" in text or "\\ud800" in text or kept == value


@pytest.mark.parametrize("text", ["語" * 30_000, "😀" * 29_999, "a" * 29_999 + "é"])
def test_text_is_bounded_in_bytes(text: str) -> None:
    """Log Analytics counts bytes, and cuts without a word what is longer."""
    assert len(plain(text).encode()) <= 65_536


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 scale sets"), (1, "1 scale set"), (2, "2 scale sets"), (5000, "5,000 scale sets")]
)
def test_one_is_not_many(count: int, expected: str) -> None:
    """A noun has the number of its count."""
    assert plural(count, "scale set") == expected
