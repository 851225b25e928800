"""Lifecycle hook events of a scale set, as Compute answers them.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-lifecycle-hook-events
"""

from typing import Any

from emulator.endpoint.messages import Response, iso, json_response
from emulator.estate.lifecycle_hooks import HookEvent, LifecycleHooks
from emulator.resource_manager.call import SCALE_SET, Call, Route, ScaleSets, not_found, route
from emulator.resource_manager.read_budgets import GET_SCALE_SET

_TYPE = "Microsoft.Compute/virtualMachineScaleSets/lifecycleHookEvents"


class LifecycleEventReads:
    """Answers the events of the hooks."""

    def __init__(self, hooks: LifecycleHooks, scale_sets: ScaleSets) -> None:
        self._hooks = hooks
        self._scale_sets = scale_sets

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths below a scale set that are about hook events."""
        events = f"{SCALE_SET}/lifecyclehookevents"
        return (
            route(events, GET_SCALE_SET, get=self._list),
            route(f"{events}/(?P<event>[^/]+)", GET_SCALE_SET, get=self._get),
        )

    def _list(self, call: Call) -> Response:
        document = self._scale_sets.existing(call)
        return json_response({"value": [_shown(document, item) for item in self._hooks.of(call.scale_set_id)]})

    def _get(self, call: Call) -> Response:
        document = self._scale_sets.existing(call)
        for item in self._hooks.of(call.scale_set_id):
            if item.name.lower() == call.parts["event"]:
                return json_response(_shown(document, item))
        raise not_found(call, _TYPE)


def _shown(document: dict[str, Any], event: HookEvent) -> dict[str, Any]:
    return {
        "id": f"{document['id']}/lifecycleHookEvents/{event.name}",
        "name": event.name,
        "type": _TYPE,
        "properties": {
            "type": event.kind,
            "state": "Active" if event.is_active else "Completed",
            "timeCreated": iso(event.created),
            "waitUntil": iso(event.wait_until),
            "maxWaitUntil": iso(event.wait_until),
            "defaultAction": event.default_action,
            "targetResources": [{"resource": {"id": document["id"]}, "actionState": "Pending"}],
            "additionalContext": {"priority": "1"},
        },
    }
