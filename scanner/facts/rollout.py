"""Rolling upgrades of a scale set: the latest one, and the OS image upgrades that Azure remembers.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-rolling-upgrades/get-latest
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-os-upgrade-history
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW_CLOSED = "RollingUpgradeBatchStartTimeNotWithinScheduledWindows"
"""The error of an upgrade that ended as its maintenance window closed: the next window brings the next attempt."""
SAME_ATTEMPT = timedelta(minutes=1)
"""Two starts of one scale set within this time are one attempt: only one upgrade runs at a time."""


class RolloutStatus(StrEnum):
    """``runningStatus.code``."""

    NEVER = "never"
    """There was none, ever: Azure answers 404."""
    ROLLING_FORWARD = "rolling_forward"
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAULTED = "faulted"


MOVING = frozenset({RolloutStatus.ROLLING_FORWARD, RolloutStatus.ROLLING_BACK})
FAILED = frozenset({RolloutStatus.CANCELLED, RolloutStatus.FAULTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts of instances; ``None``: not reported."""

    successful: int | None = None
    failed: int | None = None
    in_progress: int | None = None
    pending: int | None = None

    @property
    def finished(self) -> int | None:
        """Instances that are done, well or not."""
        if self.successful is None or self.failed is None:
            return None
        return self.successful + self.failed

    def __str__(self) -> str:
        names = ("successful", "failed", "in_progress", "pending")
        told = [f"{count} {name.replace('_', ' ')}" for name in names if (count := getattr(self, name)) is not None]
        return ", ".join(told) or "no counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutError:
    """What Azure says went wrong."""

    code: str = ""
    message: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingUpgrade:
    """The latest rolling upgrade of a scale set, of its model or of its OS image."""

    status: RolloutStatus | None = None
    """``None``: a status that nobody documented, or none."""
    started_at: datetime | None = None
    progress: Progress = field(default_factory=Progress)
    error: RolloutError | None = None
    progress_since: datetime | None = None
    """Since when no further instance has finished, as far as readings show; ``None``: not known."""
    waits_until: datetime | None = None
    """Until when an active lifecycle hook holds it; ``None``: no hook does, or it was not asked."""
    hooks_read: bool = False
    """Whether Azure was asked about lifecycle hooks."""

    @property
    def is_moving(self) -> bool:
        """Whether it is under way."""
        return self.status in MOVING


@dataclass(frozen=True, slots=True, kw_only=True)
class OsUpgradeAttempt:
    """An OS image upgrade in Azure's history, which keeps five of two months."""

    status: RolloutStatus | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    started_by: str = ""
    """``user``, ``platform`` or ``unknown``; empty: not reported."""
    target: str = ""
    """The image that it goes to: publisher, offer, SKU and version with slashes between, or an id."""
    progress: Progress = field(default_factory=Progress)
    error: RolloutError | None = None
    rolled_back: int | None = None
    """Instances that were rolled back, or could not be; ``None``: nothing is said of a rollback."""
    rollback_error: RolloutError | None = None

    @property
    def is_rolled_back(self) -> bool:
        """Whether instances went back to the image before."""
        return self.status is RolloutStatus.ROLLING_BACK or bool(self.rolled_back) or self.rollback_error is not None

    @property
    def is_moving(self) -> bool:
        """Whether it is under way."""
        return self.status in MOVING


def is_same_attempt(first: datetime | None, second: datetime | None) -> bool:
    """Whether two starts are those of one attempt."""
    return first is not None and second is not None and abs(first - second) <= SAME_ATTEMPT


def newest_first(attempts: Sequence[OsUpgradeAttempt]) -> list[OsUpgradeAttempt]:
    """Order attempts; those without a start are left out."""
    dated = [(each.started_at, each) for each in attempts if each.started_at is not None]
    return [each for _, each in sorted(dated, key=lambda pair: pair[0], reverse=True)]
