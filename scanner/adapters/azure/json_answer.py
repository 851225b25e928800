"""JSON answers decoded in about three quarters of the time, with the values that the standard library gives.

orjson refuses what the standard library takes: NaN, half of a surrogate pair, a byte order mark, objects more than 1,024
deep. It also takes one thing otherwise: a whole number beyond 64 bits becomes a float there.
"""

from typing import Any

import orjson

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
"""Digits that may be a number beyond 64 bits."""


def decode_fast(body: bytes) -> Any:
    """Decode JSON in UTF-8. Raises ``ValueError`` for what is to be decoded by the standard library, or is no JSON."""
    decoded = orjson.loads(body)
    if _LONG_NUMBER in body.translate(_DIGITS):
        raise ValueError("It holds digits that may be a number beyond 64 bits.")
    return decoded
