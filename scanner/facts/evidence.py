"""Values as Azure keeps them, and the evidence that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

type JsonValue = bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that a verdict rests on: where Azure keeps it and what it was (``None``: not reported)."""

    path: str
    value: JsonValue
