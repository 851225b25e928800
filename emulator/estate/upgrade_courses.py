"""How a rolling upgrade will go: what a script decides before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.estate import maintenance

UNHEALTHY = "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The course of a rolling upgrade; as it stands here, everything goes well."""

    batch_minutes: float = 10.0
    delay_hours: float = 0.0
    """How much later than its region's turn it starts."""
    fails_in_batch: int = 0
    """The batch, from 1, whose instances come back unhealthy; 0: none."""
    error: str = UNHEALTHY
    rolled_back: bool | None = None
    """Whether a failed batch is restored; ``None``: as the model and the one who started it have it."""
    ends_as: str = "Cancelled"
    """``Cancelled`` or ``Faulted``: the status after a failure. Azure cancels on a breach of the threshold."""
    stalls_after: int | None = None
    """After how many batches it hangs, until it is resumed or cancelled; ``None``: never."""
    window: Mapping[str, Any] | None = None
    """The maintenance window in which batches may begin; publishing fills it in from the assignment."""
    skipped: bool = False
    """Azure does not get round to it."""
    approved_after_hours: float | None = None
    """With a deferral: when somebody approves; ``None``: never."""

    @property
    def batch_time(self) -> timedelta:
        """How long a batch takes."""
        return timedelta(minutes=self.batch_minutes)

    def opening(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """Answer the window that is open, or the next one; ``None``: there are no windows."""
        return None if self.window is None else maintenance.opening(self.window, moment)

    def rolls_back(self, document: Mapping[str, Any], started_by: str) -> bool:
        """Whether a failed batch is restored: only what the platform starts, unless the model forbids it."""
        if self.rolled_back is not None:
            return self.rolled_back
        policy = (document.get("properties") or {}).get("upgradePolicy") or {}
        automatic = policy.get("automaticOSUpgradePolicy") or {}
        return started_by == "Platform" and automatic.get("disableAutomaticRollback") is not True
