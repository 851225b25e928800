"""Rolling upgrades that move over time: batches, pauses, a failed batch, a rollback, a stall, a closed window.

https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from emulator.estate import instances
from emulator.estate.change_records import Attribution
from emulator.estate.durations import iso_duration
from emulator.estate.estate import Estate
from emulator.estate.instances import InstanceState
from emulator.estate.schedule import Schedule
from emulator.estate.upgrade_courses import Course

HISTORY_KEPT = 5
HISTORY_AGE = timedelta(days=60)
PLATFORM_BATCH_PERCENT = 20
MOVING = frozenset({"RollingForward", "RollingBack"})
WINDOW_CLOSED = "RollingUpgradeBatchStartTimeNotWithinScheduledWindows"
_PLATFORM = Attribution(operation="Unspecified", correlation_id="00000000-0000-0000-0000-000000000000")


@dataclass(slots=True, kw_only=True)
class RollingUpgrade:
    """One rolling upgrade of a scale set, as far as it has come."""

    scale_set_id: str
    location: str
    is_os: bool
    started_by: str
    started: datetime
    target: dict[str, Any] | None
    """The image reference that it goes to; ``None``: only the model is applied."""
    policy: dict[str, Any]
    course: Course
    model: Mapping[str, Any] = field(default_factory=dict)
    """What the model decides of an instance's image, where it is the model that is applied."""
    code: str = "RollingForward"
    last_action: str = "Start"
    last_action_time: datetime
    ended: datetime | None = None
    successful: int = 0
    failed: int = 0
    in_progress: int = 0
    pending: int = 0
    error: dict[str, Any] | None = None
    rollback: dict[str, Any] | None = None
    batches: int = 0
    before: InstanceState | None = None
    """What the instances of the failed batch were."""

    @property
    def is_moving(self) -> bool:
        """Whether it is under way."""
        return self.code in MOVING


@dataclass(slots=True)
class _Memory:
    latest: RollingUpgrade
    os_upgrades: list[RollingUpgrade] = field(default_factory=list)


class RollingUpgrades:
    """The latest rolling upgrade of each scale set, and the last OS upgrades. Callers hold the estate's lock."""

    def __init__(self, estate: Estate, schedule: Schedule) -> None:
        self._estate = estate
        self._schedule = schedule
        self._known: dict[str, _Memory] = {}

    def reset(self) -> None:
        """Forget all of them."""
        self._known.clear()

    def forget(self, scale_set_id: str) -> None:
        """Forget what was of a scale set that is gone."""
        self._known.pop(scale_set_id.lower(), None)

    def latest(self, scale_set_id: str) -> RollingUpgrade | None:
        """Answer the latest one; ``None``: none was ever run."""
        memory = self._known.get(scale_set_id.lower())
        return None if memory is None else memory.latest

    def history(self, scale_set_id: str) -> list[RollingUpgrade]:
        """Answer the OS upgrades, newest first: the last five, of the last two months."""
        memory = self._known.get(scale_set_id.lower())
        since = self._estate.clock.now() - HISTORY_AGE
        return [] if memory is None else [item for item in memory.os_upgrades if item.started >= since]

    def moved_since(self, moment: datetime) -> list[str]:
        """Answer the scale sets, by id, whose latest upgrade moves, or ended after a moment."""
        found = (memory.latest for memory in self._known.values())
        return [item.scale_set_id for item in found if item.is_moving or (item.ended and item.ended > moment)]

    def put(self, upgrade: RollingUpgrade) -> None:
        """Add one as it is: how a test tells of what was before."""
        memory = self._known.setdefault(upgrade.scale_set_id.lower(), _Memory(upgrade))
        memory.latest = upgrade
        if upgrade.is_os:
            memory.os_upgrades = [upgrade, *memory.os_upgrades][:HISTORY_KEPT]

    def start(
        self,
        scale_set_id: str,
        *,
        target: Mapping[str, Any] | None = None,
        started_by: str = "Platform",
        course: Course | None = None,
        model: Mapping[str, Any] | None = None,
    ) -> RollingUpgrade | None:
        """Start one now, to a version (``exactVersion`` of the target) or to the model; ``None``: no such scale set."""
        document = self._estate.get(scale_set_id)
        if document is None:
            return None
        before = self.latest(scale_set_id)
        if before is not None and before.is_moving:
            self._end(before, "Cancelled", action="Cancel")
        now = self._estate.clock.now()
        upgrade = RollingUpgrade(
            scale_set_id=str(document["id"]),
            location=str(document.get("location", "")),
            is_os=target is not None,
            started_by=started_by,
            started=now,
            last_action_time=now,
            target=dict(target) if target is not None else None,
            policy=_policy(document),
            course=course or Course(),
            model=model or {},
        )
        upgrade.pending = instances.counted(self._estate.runs(scale_set_id), lambda state: _needs(upgrade, state))
        self.put(upgrade)
        if not upgrade.pending:
            self._end(upgrade, "Completed")
            return upgrade
        self._show_provisioning(upgrade, "Updating")
        self._begin_batch(upgrade)
        return upgrade

    def cancel(self, scale_set_id: str) -> bool:
        """Cancel the one that is under way; answer whether there was one."""
        upgrade = self.latest(scale_set_id)
        if upgrade is None or not upgrade.is_moving:
            return False
        self._end(upgrade, "Cancelled", action="Cancel")
        return True

    def resume(self, scale_set_id: str) -> bool:
        """Let one that hangs go on; answer whether there was one."""
        upgrade = self.latest(scale_set_id)
        if upgrade is None or not upgrade.is_moving or upgrade.course.stalls_after is None:
            return False
        upgrade.course = replace(upgrade.course, stalls_after=None)
        self._begin_batch(upgrade)
        return True

    def _begin_batch(self, upgrade: RollingUpgrade) -> None:
        if not self._is_current(upgrade):
            return
        if upgrade.course.stalls_after is not None and upgrade.batches >= upgrade.course.stalls_after:
            return  # hangs here until it is resumed or cancelled
        now = self._estate.clock.now()
        window = upgrade.course.opening(now)
        if window is not None and not window[0] <= now < window[1]:
            self._close_window(upgrade, window[0])
            return
        total = upgrade.successful + upgrade.failed + upgrade.pending
        percent = int(upgrade.policy.get("maxBatchInstancePercent", PLATFORM_BATCH_PERCENT))
        upgrade.in_progress = min(upgrade.pending, max(1, total * percent // 100))
        upgrade.pending -= upgrade.in_progress
        self._schedule.at(now + upgrade.course.batch_time, lambda: self._finish_batch(upgrade))

    def _close_window(self, upgrade: RollingUpgrade, opens: datetime) -> None:
        """End the attempt, as no batch may begin; the next window brings a new one for the rest."""
        upgrade.error = {"code": WINDOW_CLOSED, "message": "The batch start time is not within the scheduled windows."}
        self._end(upgrade, "Cancelled")
        self._schedule.at(opens, lambda: self._start_again(upgrade))

    def _start_again(self, upgrade: RollingUpgrade) -> None:
        if self.latest(upgrade.scale_set_id) is upgrade:
            self.start(
                upgrade.scale_set_id, target=upgrade.target, started_by=upgrade.started_by, course=upgrade.course
            )

    def _finish_batch(self, upgrade: RollingUpgrade) -> None:
        if not self._is_current(upgrade):
            return
        upgrade.batches += 1
        size, upgrade.in_progress = upgrade.in_progress, 0
        fails = upgrade.batches == upgrade.course.fails_in_batch
        self._move(upgrade, size, health="unhealthy" if fails else "")
        if fails:
            upgrade.failed += size
            self._fail(upgrade)
            return
        upgrade.successful += size
        if not upgrade.pending:
            self._end(upgrade, "Completed")
            return
        pause = iso_duration(upgrade.policy.get("pauseTimeBetweenBatches"))
        self._schedule.at(self._estate.clock.now() + pause, lambda: self._begin_batch(upgrade))

    def _move(self, upgrade: RollingUpgrade, size: int, *, health: str) -> None:
        runs = self._estate.runs(upgrade.scale_set_id)
        chosen = next((run.state for run in runs if _needs(upgrade, run.state)), None)
        upgrade.before = chosen if health else upgrade.before
        moved, _ = instances.changed(
            runs, lambda state: _upgraded(upgrade, state, health), most=size, where=lambda state: _needs(upgrade, state)
        )
        self._estate.set_runs(upgrade.scale_set_id, moved)

    def _fail(self, upgrade: RollingUpgrade) -> None:
        upgrade.error = {
            "code": upgrade.course.error,
            "message": f"{upgrade.failed} upgraded instances are unhealthy; the rolling upgrade does not go on.",
        }
        document = self._estate.get(upgrade.scale_set_id) or {}
        if not (upgrade.is_os and upgrade.course.rolls_back(document, upgrade.started_by)):
            self._end(upgrade, upgrade.course.ends_as)
            return
        upgrade.code = "RollingBack"
        upgrade.last_action_time = self._estate.clock.now()
        self._schedule.at(self._estate.clock.now() + upgrade.course.batch_time, lambda: self._roll_back(upgrade))

    def _roll_back(self, upgrade: RollingUpgrade) -> None:
        if not self._is_current(upgrade):
            return
        old = upgrade.before or InstanceState()
        runs, count = instances.changed(
            self._estate.runs(upgrade.scale_set_id),
            lambda _state: old,
            most=upgrade.failed,
            where=lambda state: state.health == "unhealthy" and not _needs(upgrade, state),
        )
        self._estate.set_runs(upgrade.scale_set_id, runs)
        upgrade.rollback = {"successfullyRolledbackInstanceCount": count, "failedRolledbackInstanceCount": 0}
        self._end(upgrade, upgrade.course.ends_as)

    def _end(self, upgrade: RollingUpgrade, code: str, *, action: str = "") -> None:
        now = self._estate.clock.now()
        upgrade.pending += upgrade.in_progress
        upgrade.in_progress = 0
        upgrade.code, upgrade.ended = code, now
        if action:
            upgrade.last_action, upgrade.last_action_time = action, now
        self._show_provisioning(upgrade, "Succeeded")

    def _show_provisioning(self, upgrade: RollingUpgrade, state: str) -> None:
        """Let the model say that Azure works on it; the platform's own change, with nobody's name to it."""
        document = self._estate.get(upgrade.scale_set_id)
        if document is not None and document["properties"].get("provisioningState") != state:
            document["properties"]["provisioningState"] = state
            self._estate.put(document, _PLATFORM)

    def _is_current(self, upgrade: RollingUpgrade) -> bool:
        return upgrade.is_moving and self.latest(upgrade.scale_set_id) is upgrade


def _policy(document: Mapping[str, Any]) -> dict[str, Any]:
    upgrade = (document.get("properties") or {}).get("upgradePolicy") or {}
    policy = upgrade.get("rollingUpgradePolicy")
    return dict(policy) if isinstance(policy, Mapping) else {}


def _needs(upgrade: RollingUpgrade, state: InstanceState) -> bool:
    """Whether an instance is to be upgraded: it is behind, and nothing holds it back."""
    if state.protect_from_actions or state.skip_upgrade.lower() == "true":
        return False
    if upgrade.target is None:
        return not state.latest_model
    return state.exact_version != upgrade.target.get("exactVersion")


def _upgraded(upgrade: RollingUpgrade, state: InstanceState, health: str) -> InstanceState:
    kept = replace(state, latest_model=True, health=health or state.health)
    if upgrade.target is None:
        return replace(kept, **upgrade.model)
    return replace(
        kept,
        exact_version=str(upgrade.target.get("exactVersion", "")),
        reference=instances.write_reference(upgrade.target) if len(upgrade.target) > 1 else state.reference,
    )
