"""Values as Azure keeps them, and the evidence that they make."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

type JsonValue = bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None


class Evidence(NamedTuple):
    """One fact that a verdict rests on: where Azure keeps it and what it was (``None``: not reported)."""

    path: str
    value: JsonValue


@cache
def _not_reported(path: str) -> Evidence:
    """Share the evidence of absence: there are only as many as the rules read properties."""
    return Evidence(path, None)


class Reported(dict[str, Evidence]):
    """What was reported, by ARM path; for any other path, the evidence that it was not reported."""

    __slots__ = ()
    __missing__ = staticmethod(_not_reported)
