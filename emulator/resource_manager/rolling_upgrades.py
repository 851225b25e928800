"""The latest rolling upgrade of a scale set, and its OS upgrades, as Compute answers them.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-rolling-upgrades/get-latest
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-os-upgrade-history
"""

from typing import Any

from emulator.endpoint.messages import Response, iso, json_response, refuse
from emulator.estate.rolling_upgrades import RollingUpgrade, RollingUpgrades
from emulator.resource_manager.call import SCALE_SET, Call, Route, ScaleSets, route
from emulator.resource_manager.read_budgets import GET_SCALE_SET

_TYPE = "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"


class RollingUpgradeReads:
    """Answers what is known of rolling upgrades."""

    def __init__(self, upgrades: RollingUpgrades, scale_sets: ScaleSets) -> None:
        self._upgrades = upgrades
        self._scale_sets = scale_sets

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths below a scale set that are about rolling upgrades."""
        return (
            route(f"{SCALE_SET}/rollingupgrades/latest", GET_SCALE_SET, get=self._latest),
            route(f"{SCALE_SET}/osupgradehistory", GET_SCALE_SET, get=self._history),
        )

    def _latest(self, call: Call) -> Response:
        self._scale_sets.existing(call)
        upgrade = self._upgrades.latest(call.scale_set_id)
        if upgrade is None:
            raise refuse(404, "NotFound", "The entity was not found in this Azure location.")
        status = {
            "code": upgrade.code,
            "startTime": iso(upgrade.started),
            "lastAction": upgrade.last_action,
            "lastActionTime": iso(upgrade.last_action_time),
        }
        properties: dict[str, Any] = {
            "policy": upgrade.policy,
            "runningStatus": status,
            "progress": _progress(upgrade),
        }
        if upgrade.error is not None:
            properties["error"] = upgrade.error
        return json_response({"location": upgrade.location, "type": _TYPE, "properties": properties})

    def _history(self, call: Call) -> Response:
        self._scale_sets.existing(call)
        return json_response({"value": [_attempt(item) for item in self._upgrades.history(call.scale_set_id)]})


def _progress(upgrade: RollingUpgrade) -> dict[str, int]:
    # Recorded answers spell the third with a small p.
    return {
        "successfulInstanceCount": upgrade.successful,
        "failedInstanceCount": upgrade.failed,
        "inprogressInstanceCount": upgrade.in_progress,
        "pendingInstanceCount": upgrade.pending,
    }


def _attempt(upgrade: RollingUpgrade) -> dict[str, Any]:
    status = {"code": upgrade.code, "startTime": iso(upgrade.started)}
    if upgrade.ended is not None:
        status["completedTime"] = iso(upgrade.ended)
    reference = dict(upgrade.target or {})
    exact = reference.pop("exactVersion", None)
    properties: dict[str, Any] = {
        "runningStatus": status,
        "progress": _progress(upgrade),
        "startedBy": upgrade.started_by,
        "targetImageReference": reference | ({"version": exact} if exact else {}),
    }
    if upgrade.error is not None:
        properties["error"] = upgrade.error
    if upgrade.rollback is not None:
        properties["rollbackInfo"] = upgrade.rollback
    return {"properties": properties, "type": _TYPE, "location": upgrade.location}
