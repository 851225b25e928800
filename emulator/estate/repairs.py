"""Automatic repairs of scale sets: what the service of that name does now, and since when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.endpoint.messages import iso


class Repairs:
    """The states that differ from what the model says. Callers hold the estate's lock."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        """Forget all of them."""
        self._states.clear()

    def forget(self, scale_set_id: str) -> None:
        """Forget what was of a scale set that is gone."""
        self._states.pop(scale_set_id.lower(), None)

    def set(self, scale_set_id: str, state: str, operation: str, at: datetime) -> None:
        """Let it be running, not running or suspended, since a moment."""
        self._states[scale_set_id.lower()] = {
            "serviceState": state,
            "latestOperationStatus": operation,
            "lastStatusChangeTime": iso(at),
        }

    def services(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer the orchestration services as the instance view shows them; none where repairs were never wanted."""
        policy = (document.get("properties") or {}).get("automaticRepairsPolicy")
        enabled = isinstance(policy, Mapping) and policy.get("enabled") is True
        shown = self._states.get(str(document["id"]).lower(), {})
        if not enabled and not shown:
            return []
        return [{"serviceName": "AutomaticRepairs", "serviceState": "Running" if enabled else "NotRunning"} | shown]
