"""Drift: posture facts that differ from the last known ones, and whether upgrades got safer or less safe by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.facts.compared import safety_of
from scanner.facts.evidence import JsonValue


class Direction(StrEnum):
    """What a drift does to how upgrades reach the scale set."""

    WEAKENED = "weakened"
    STRENGTHENED = "strengthened"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Drift:
    """One fact that differs from the last known value."""

    field: str
    before: JsonValue
    after: JsonValue
    direction: Direction


def drifts(known: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]) -> list[Drift]:
    """Compare the facts that both readings reported; a fact that one of them lacks is no drift."""
    return [
        Drift(name, before, after, direction_of(name, before, after))
        for name, after in facts.items()
        if after is not None and (before := known.get(name)) is not None and before != after
    ]


def merged(known: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Keep the last known value of every fact that this reading did not report."""
    return {**known, **{name: value for name, value in facts.items() if value is not None}}


def direction_of(field: str, before: JsonValue, after: JsonValue) -> Direction:
    """Say whether the change of a fact weakens or strengthens the posture; neutral where neither can be said."""
    was, is_now = safety_of(field, before), safety_of(field, after)
    if was is None or is_now is None or was == is_now:
        return Direction.NEUTRAL
    return Direction.STRENGTHENED if is_now > was else Direction.WEAKENED
