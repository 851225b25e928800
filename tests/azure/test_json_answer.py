"""What an answer holds does not depend on the decoder: the fast one gives the standard library's value, or none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.adapters.azure.json_answer import decode_fast

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)

REFUSED = {
    "NaN": b"[NaN]",
    "infinity": b"[-Infinity]",
    "half a surrogate pair": b'["\\ud800"]',
    "the other half, in a name": b'{"\\udc00": 1}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "not UTF-8": b'["\xff\xfe"]',
    "a number beyond 64 bits": b"[18446744073709551616]",
    "a number beyond 64 bits, below zero": b"[-9223372036854775809]",
    "a number that is no float": b"[1E400]",
    "a number of 400 digits": b"9" * 400,
    "a number of 5,000 digits": b"9" * 5_000,
    "nesting": b"[" * 5_000 + b"]" * 5_000,
    "deep nesting": b"[" * 200_000,
    "half JSON": b'{"value": []',
    "nothing": b"",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_the_decoders_may_take_otherwise_is_left_to_the_standard_library(body: bytes) -> None:
    """A value that the two would not give alike is refused, so that the caller takes the standard library's."""
    with pytest.raises(ValueError, match=r"."):
        decode_fast(body)


TAKEN = {
    "the largest number of 18 digits": b"[999999999999999999, -999999999999999999]",
    "zeros": b"[-0, 0, -0.0, 0e5]",
    "floats": b"[0.1, 1e-7, 123456.789e3, 5e-324, 1.7976931348623157e308]",
    "a name that comes twice": b'{"a": 1, "a": 2}',
    "a pair of surrogates": b'["\\ud83d\\ude00"]',
    "a null character": b'["\\u0000"]',
    "white space": b" \t\r\n[ 1 , 2 ]\n",
    "nesting": b"[" * 500 + b"]" * 500,
}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN.keys())
def test_what_is_taken_is_the_same(body: bytes) -> None:
    """Numbers at the edge, names that come twice, escapes: each decoded to the very value, of the very type."""
    assert repr(decode_fast(body)) == repr(json.loads(body))


@given(JSON, st.booleans())
def test_any_value_is_the_same(value: Any, escaped: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever Azure may send: the fast decoder gives what the standard library gives, or refuses."""
    with suppress(UnicodeEncodeError):  # half a surrogate pair has no UTF-8
        assert_alike(json.dumps(value, ensure_ascii=escaped).encode())


def assert_alike(body: bytes) -> None:
    """Compare the decoders, types included."""
    try:
        decoded = decode_fast(body)
    except ValueError:
        return
    assert repr(decoded) == repr(json.loads(body))
