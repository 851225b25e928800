"""JSON without spaces, written and read fast; what the fast library refuses, the standard one takes.

That is half of a surrogate pair out of hostile JSON, and a number of more than 64 bits.
"""

import json
from functools import cache
from typing import Any

import orjson


def compact(value: Any) -> str:
    """Write plain JSON. Raises ``TypeError``, ``ValueError`` or ``RecursionError`` for anything else."""
    return compact_bytes(value).decode()


def compact_bytes(value: Any) -> bytes:
    """Write plain JSON as UTF-8. Raises ``TypeError``, ``ValueError`` or ``RecursionError`` for anything else."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _encoder().encode(value).encode()


def read_compact(text: str) -> Any:
    """Read JSON. Raises ``ValueError`` or ``RecursionError``."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(separators=(",", ":"))
