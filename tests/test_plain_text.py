"""Nothing in a text from Azure can act, and nothing is endless."""

import pytest

from scanner.plain_text import json_text, plain, plural


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


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 scale sets"), (1, "1 scale set"), (2, "2 scale sets"), (5000, "5,000 scale sets")]
)
def test_one_is_not_many(count: int, expected: str) -> None:
    """A noun has the number of its count."""
    assert plural(count, "scale set") == expected
