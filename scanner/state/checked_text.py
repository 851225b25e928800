"""JSON text that tells whether it is as it was written: its last field is a digest of all before it."""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.state.compact import read_compact

CHECK = "check"
"""Name of the last field."""


def checked(body: Mapping[str, JsonValue]) -> str:
    """Write a JSON object that is not empty, with its digest."""
    text = _encoder().encode(body)[:-1]
    return f'{text},"{CHECK}":"{_digest(text)}"}}'


def read_checked(text: str) -> Any:
    """Read what ``checked`` wrote, or an earlier version without a digest. Raises ``ValueError`` when it was altered.

    A body whose fields are all of the right kind may still be none that this service wrote.
    """
    body = read_compact(text)
    if CHECK in body and not _is_whole(text):
        raise ValueError("its digest is not that of what it says: it was altered")
    return body


def _is_whole(text: str) -> bool:
    before, _, rest = text.rpartition(f',"{CHECK}":')
    return rest == f'"{_digest(before)}"}}'


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@cache
def _encoder() -> json.JSONEncoder:
    """Make the encoder once: ``json.dumps`` makes one for every call whose options are not its own."""
    return json.JSONEncoder(separators=(",", ":"))
