"""Drift: posture facts that differ from the last known ones, and whether upgrades got safer or less safe by it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

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
    safety = _SAFETY.get(field)
    if safety is None:
        return Direction.NEUTRAL
    was, is_now = safety(before), safety(after)
    if was is None or is_now is None or was == is_now:
        return Direction.NEUTRAL
    return Direction.STRENGTHENED if is_now > was else Direction.WEAKENED


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _negative(value: JsonValue) -> float | None:
    return -float(value) if isinstance(value, int | float) else None


def _rank(*worst_to_best: str) -> Callable[[JsonValue], float | None]:
    ranks = {name.lower(): float(rank) for rank, name in enumerate(worst_to_best)}
    return lambda value: ranks.get(value.lower()) if isinstance(value, str) else None


_SAFETY: Mapping[str, Callable[[JsonValue], float | None]] = {
    "upgrade_mode": _rank("Manual", "Automatic", "Rolling"),
    "automatic_os_upgrade": _number,
    "automatic_rollback_disabled": _negative,
    "os_rolling_upgrade_deferral": _negative,
    "max_batch_instance_percent": _negative,
    "max_unhealthy_instance_percent": _negative,
    "max_unhealthy_upgraded_instance_percent": _negative,
    "pause_between_batches_seconds": _number,
    "image_pinned": _negative,
    "health_probe": _number,
    "application_health": _rank("none", "tcp", "http", "https"),
    "external_health_policy": _number,
    "automatic_repairs": _number,
}
"""How safe a value is, more being safer. A fact that is not here has no better or worse."""
