"""Rollouts, attempt by attempt, from the events that told of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.overview.happened import KnownChange
from scanner.overview.values import number_or_none, text_of

_PREFIX = "rollout."
ENDINGS = ("failed", "stalled", "rolled_back", "started", "completed")
"""How an attempt stands, by its last event: what needs attention first. Started: it is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to bring a model or an image to the instances. A count that is ``None`` was not read."""

    last: KnownChange
    """Its last event."""
    ending: str
    kind: str
    """os_upgrade or rolling_upgrade; empty: not known."""
    target: str
    started_at: str
    ended_at: str
    started_by: str
    succeeded: int | None
    failed: int | None
    pending: int | None
    rolled_back: int | None
    error: str


def attempts_of(changes: Iterable[KnownChange]) -> list[Attempt]:
    """List the attempts: what needs attention first, then the newest. ``changes`` are newest first."""
    last: dict[tuple[str, str], KnownChange] = {}
    for change in changes:
        if change.event_type.startswith(_PREFIX):
            last.setdefault((change.scale_set_id.lower(), text_of(change.columns, "RolloutId")), change)
    found = sorted([_attempt(change) for change in last.values()], key=lambda each: each.started_at, reverse=True)
    return sorted(found, key=lambda each: ENDINGS.index(each.ending) if each.ending in ENDINGS else len(ENDINGS))


def count_endings(attempts: Sequence[Attempt]) -> Counter[str]:
    """Count the attempts by how they stand."""
    return Counter(attempt.ending for attempt in attempts)


def _attempt(change: KnownChange) -> Attempt:
    row = change.columns
    return Attempt(
        last=change,
        ending=change.event_type.removeprefix(_PREFIX),
        kind=text_of(row, "RolloutKind"),
        target=text_of(row, "RolloutTarget"),
        started_at=text_of(row, "RolloutStartedAt") or change.detected_at,
        ended_at=text_of(row, "RolloutEndedAt"),
        started_by=text_of(row, "RolloutStartedBy"),
        succeeded=number_or_none(row, "InstancesSucceeded"),
        failed=number_or_none(row, "InstancesFailed"),
        pending=number_or_none(row, "InstancesPending"),
        rolled_back=number_or_none(row, "InstancesRolledBack"),
        error=text_of(row, "RolloutError"),
    )
