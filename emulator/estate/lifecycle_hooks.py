"""Lifecycle hook events: Azure asks before it starts an OS upgrade, and waits for the answer, up to a time.

https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-lifecycle-hooks
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.estate.durations import iso_duration
from emulator.estate.schedule import Schedule

SCHEDULING = "UpgradeAutoOSScheduling"


@dataclass(slots=True, kw_only=True)
class HookEvent:
    """One question of Azure, open or answered."""

    name: str
    kind: str
    created: datetime
    wait_until: datetime
    default_action: str
    is_active: bool = True


class LifecycleHooks:
    """The events of each scale set. Callers hold the estate's lock."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._events: dict[str, list[HookEvent]] = {}

    def reset(self) -> None:
        """Forget all events."""
        self._events.clear()

    def forget(self, scale_set_id: str) -> None:
        """Forget what was of a scale set that is gone."""
        self._events.pop(scale_set_id.lower(), None)

    def of(self, scale_set_id: str) -> list[HookEvent]:
        """Answer the events of a scale set, oldest first."""
        return self._events.get(scale_set_id.lower(), [])

    def ask(self, document: Mapping[str, Any], now: datetime, approved: Callable[[], None]) -> bool:
        """Open an event where the scale set has a hook before OS upgrades; answer whether it has.

        When its time is over the default action is taken; ``approved`` is called unless that is to reject.
        """
        hook = next((item for item in _hooks(document) if item.get("type") == SCHEDULING), None)
        if hook is None:
            return False
        event = HookEvent(
            name=str(uuid.uuid4()),
            kind=SCHEDULING,
            created=now,
            wait_until=now + (iso_duration(hook.get("waitDuration")) or timedelta(hours=6)),
            default_action=str(hook.get("defaultAction", "Approve")),
        )
        self._events.setdefault(str(document["id"]).lower(), []).append(event)
        self._schedule.at(event.wait_until, lambda: self._answer(event, event.default_action, approved))
        return True

    def _answer(self, event: HookEvent, action: str, approved: Callable[[], None]) -> None:
        if event.is_active:
            event.is_active = False
            if action.lower() == "approve":
                approved()


def _hooks(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    profile = (document.get("properties") or {}).get("lifecycleHooksProfile")
    hooks = profile.get("lifecycleHooks") if isinstance(profile, Mapping) else None
    return [item for item in hooks or () if isinstance(item, Mapping)]
