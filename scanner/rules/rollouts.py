"""What the rules about rollouts share."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence, JsonValue
from scanner.facts.posture import Posture
from scanner.facts.rollout import OsUpgradeAttempt, Progress, RollingUpgrade, RolloutError, RolloutStatus
from scanner.facts.window import Window
from scanner.rules.criteria import Criteria
from scanner.rules.questions import rolls
from scanner.rules.time_zones import zone_named
from scanner.rules.verdict import Answer, Outcome

LATEST = "rollingUpgrades/latest"
HISTORY = "osUpgradeHistory[0]"
STALLED = "VMSS-061"
HELD_WHILE_MOVING = ("VMSS-010", "VMSS-033", "VMSS-034")
"""Rules about instances that are behind: while a rolling upgrade brings them forward, they find nothing new."""


def not_read(scale_set: ScaleSet, what: str) -> Answer:
    """Answer for a scale set of which no rollout was read: where nothing rolls there is nothing to read."""
    if rolls(scale_set.posture) is False:
        return Answer(Outcome.NOT_APPLICABLE, "Nothing rolls: no Rolling mode, and no automatic OS image upgrade.")
    return Answer(Outcome.UNKNOWN, f"{what} was not read.", (Evidence(LATEST, None),), is_unread=True)


def evidence_of(path: str, item: RollingUpgrade | OsUpgradeAttempt) -> tuple[Evidence, ...]:
    """Name what Azure said of a rollout."""
    told: dict[str, JsonValue] = {
        "runningStatus.code": None if item.status is None else item.status.value,
        "runningStatus.startTime": _moment(item.started_at),
    }
    if isinstance(item, OsUpgradeAttempt):
        told["startedBy"] = item.started_by or None
        told["targetImageReference"] = item.target or None
        if item.rolled_back is not None:
            told["rollbackInfo"] = f"{item.rolled_back} instances"
    counts = ((f"{path}.progress.{name}", value) for name, value in _counts(item.progress))
    errors = ((f"{path}.error.{name}", value) for name, value in _error(item.error))
    named = ((f"{path}.properties.{name}", value) for name, value in told.items())
    return tuple([Evidence(name, value) for name, value in (*named, *counts, *errors)])


def stalls_at(posture: Posture, upgrade: RollingUpgrade, hours: int) -> datetime | None:
    """Say from when on an upgrade that moves no further counts as stalled; ``None``: its last progress is not known.

    The pause between two batches is part of its way.
    """
    if upgrade.progress_since is None:
        return None
    pause = timedelta(seconds=float(posture.pause_between_batches_seconds or 0))
    return upgrade.progress_since + timedelta(hours=hours) + pause


def held_while_moving(scale_set: ScaleSet, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Answer *unknown* in place of failed while an upgrade moves and is not stalled: it brings instances forward.

    So nothing opens, and what is open stays open without an event.
    """
    upgrade, stalled = scale_set.depth.rolling_upgrade, answers.get(STALLED)
    if upgrade is None or not upgrade.is_moving or (stalled is not None and stalled.outcome is Outcome.FAILED):
        return {}
    found = {rule_id: answers[rule_id] for rule_id in HELD_WHILE_MOVING if rule_id in answers}
    return {
        rule_id: answer._replace(outcome=Outcome.UNKNOWN, reason=f"{answer.reason} A rolling upgrade is under way.")
        for rule_id, answer in found.items()
        if answer.outcome is Outcome.FAILED
    }


def open_time(windows: Sequence[Window], start: datetime, end: datetime, criteria: Criteria) -> timedelta | None:
    """Add up the time between two moments in which a window was open; all of it without windows. ``None``: not known."""
    if not windows:
        return end - start
    spans: list[tuple[datetime, datetime]] = []
    for window in windows:
        zone = zone_named(window.time_zone, criteria)
        openings = None if zone is None else window.openings(zone, start, end)
        if openings is None:
            return None
        spans += [(max(opens, start), min(closes, end)) for opens, closes in openings]
    total, reached = timedelta(), start
    for opens, closes in sorted(spans):
        total += max(timedelta(), closes - max(opens, reached))
        reached = max(reached, closes)
    return total


def is_never(upgrade: RollingUpgrade) -> bool:
    """Whether there was no rolling upgrade, ever."""
    return upgrade.status is RolloutStatus.NEVER


def _counts(progress: Progress) -> Iterator[tuple[str, JsonValue]]:
    for name in ("successful", "failed", "in_progress", "pending"):
        value = getattr(progress, name)
        if value is not None:
            yield name, value


def _error(error: RolloutError | None) -> Iterator[tuple[str, JsonValue]]:
    if error is not None:
        yield "code", error.code
        yield "message", error.message


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
