"""Which attempts of rollouts are told: each start, stall and end once, whatever Azure forgets or repeats.

Azure keeps five attempts of two months; a state keeps which of them were told, and the events are the history.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from scanner.facts.depth import Depth
from scanner.facts.rollout import (
    FAILED,
    WINDOW_CLOSED,
    OsUpgradeAttempt,
    Progress,
    RollingUpgrade,
    RolloutError,
    RolloutStatus,
    is_same_attempt,
    newest_first,
)

KEPT = 16
"""Attempts whose telling is remembered: three times what Azure remembers."""
OS_UPGRADE, ROLLING_UPGRADE = "os_upgrade", "rolling_upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One attempt, from what the latest rolling upgrade and the history say of it."""

    attempt: str
    """Its start, in UTC to the second: the name of the attempt."""
    kind: str
    """``os_upgrade``, ``rolling_upgrade`` (of the model), or empty: the history was not read."""
    status: RolloutStatus | None
    started_at: datetime
    ended_at: datetime | None = None
    started_by: str = ""
    target: str = ""
    progress: Progress = field(default_factory=Progress)
    error: RolloutError | None = None
    rolled_back: int | None = None
    is_rolled_back: bool = False
    is_moving: bool = False

    @property
    def is_window_closed(self) -> bool:
        """Whether it ended as its maintenance window closed: that is no failure, and no success."""
        return self.error is not None and self.error.code.lower() == WINDOW_CLOSED.lower()


def rollouts_of(depth: Depth) -> list[Rollout]:
    """List the attempts that Azure knows of, oldest first, each once."""
    latest, attempts = depth.rolling_upgrade, depth.attempts
    found = [_of_attempt(each) for each in newest_first(attempts or ())]
    if latest is not None and latest.started_at is not None:
        same = next((each for each in found if is_same_attempt(each.started_at, latest.started_at)), None)
        if same is None:
            found.append(_of_latest(latest, "" if attempts is None else ROLLING_UPGRADE))
        else:
            found[found.index(same)] = _merged(same, latest)
    return sorted(found, key=lambda each: each.started_at)


def name_of(moment: datetime) -> str:
    """Name an attempt by its start."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told_name(rollout: Rollout, told: Mapping[str, str]) -> str:
    """Name an attempt as it was told: Azure may say its start a second later or earlier."""
    for name in told:
        if is_same_attempt(datetime.fromisoformat(name), rollout.started_at):
            return name
    return rollout.attempt


def phase_of(rollout: Rollout, *, is_stalled: bool) -> str:
    """Say how far an attempt has come, in the words of what is told; empty: nothing is to be told."""
    if rollout.is_moving:
        return "stalled" if is_stalled else "started"
    if rollout.is_rolled_back:
        return "rolled_back"
    if rollout.status is RolloutStatus.COMPLETED:
        return "completed"
    if rollout.status not in FAILED or rollout.is_window_closed or not rollout.kind:
        return ""  # without the history it is not known whether it was rolled back
    return "failed"


def to_tell(
    rollouts: Sequence[Rollout], told: Mapping[str, str], *, is_stalled: bool
) -> tuple[list[tuple[str, Rollout]], dict[str, str]]:
    """Find what is to be told now, in order, as phase and attempt; answer it with what is told after that."""
    after = dict(told)
    news: list[tuple[str, Rollout]] = []
    for rollout in rollouts:
        named = replace(rollout, attempt=told_name(rollout, after))
        last = after.get(named.attempt, "")
        for phase in _steps(last, phase_of(rollout, is_stalled=is_stalled)):
            news.append((phase, named))
            after[named.attempt] = phase
    return news, dict(sorted(after.items())[-KEPT:])


def _steps(last: str, phase: str) -> Iterator[str]:
    """Yield what is told between what was told last and now: an end once, a stall once and after its start."""
    if (
        last in ("completed", "failed", "rolled_back")
        or phase in ("", last)
        or (last == "stalled" and phase == "started")
    ):
        return
    if phase == "stalled" and not last:
        yield "started"
    yield phase


def _of_attempt(attempt: OsUpgradeAttempt) -> Rollout:
    assert attempt.started_at is not None  # noqa: S101 - said to mypy: those without a start are left out
    return Rollout(
        attempt=name_of(attempt.started_at),
        kind=OS_UPGRADE,
        status=attempt.status,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        started_by=attempt.started_by,
        target=attempt.target,
        progress=attempt.progress,
        error=attempt.error or attempt.rollback_error,
        rolled_back=attempt.rolled_back,
        is_rolled_back=attempt.is_rolled_back and not attempt.is_moving,
        is_moving=attempt.is_moving,
    )


def _of_latest(latest: RollingUpgrade, kind: str) -> Rollout:
    assert latest.started_at is not None  # noqa: S101 - said to mypy: the caller has looked
    return Rollout(
        attempt=name_of(latest.started_at),
        kind=kind,
        status=latest.status,
        started_at=latest.started_at,
        progress=latest.progress,
        error=latest.error,
        is_moving=latest.is_moving,
    )


def _merged(attempt: Rollout, latest: RollingUpgrade) -> Rollout:
    """Take what the history lacks from the latest upgrade; whichever says that it is over is right."""
    is_over = attempt.status is not None and not attempt.is_moving
    status = attempt.status if is_over or latest.status is None else latest.status
    return replace(
        attempt,
        status=status,
        is_moving=not is_over and latest.is_moving,
        error=attempt.error or latest.error,
        progress=attempt.progress if attempt.progress.finished is not None else latest.progress,
    )
