"""Virtual machines, as far as they are instances of Flexible scale sets.

https://learn.microsoft.com/rest/api/compute/virtual-machines/list
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.endpoint.messages import Response, iso, json_response, refuse
from emulator.estate import documents
from emulator.estate.estate import Estate
from emulator.estate.instance_documents import instance_document, instance_view, is_flexible
from emulator.estate.instances import InstanceState, numbered
from emulator.resource_manager.call import (
    GROUP,
    PAGE_SIZE,
    Call,
    Route,
    ScaleSets,
    next_link,
    not_found,
    page_start,
    route,
)
from emulator.resource_manager.read_budgets import GET_MACHINE, LIST_MACHINES

MACHINE_TYPE = "Microsoft.Compute/virtualMachines"
_MACHINES = rf"{GROUP}/providers/microsoft\.compute/virtualmachines"
_OF_SCALE_SET = re.compile(r"^\s*'?virtualMachineScaleSet/id'?\s+eq\s+'([^']+)'\s*$", re.IGNORECASE)


class Machines:
    """Answers about virtual machines."""

    def __init__(self, estate: Estate, scale_sets: ScaleSets, base_url: Callable[[], str]) -> None:
        self._estate = estate
        self._scale_sets = scale_sets
        self._base_url = base_url

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths of virtual machines."""
        return (
            route(_MACHINES, LIST_MACHINES, get=self._list),
            route(rf"{_MACHINES}/(?P<machine>[^/]+)", GET_MACHINE, get=self._get),
            route(rf"{_MACHINES}/(?P<machine>[^/]+)/instanceview", GET_MACHINE, get=self._view),
        )

    def _list(self, call: Call) -> Response:
        self._scale_sets.require_group(call)
        request = call.request
        owner = _OF_SCALE_SET.match(request.query.get("$filter", ""))
        expand = "instanceview" in request.query.get("$expand", "").lower()
        if expand and owner is None:
            raise refuse(
                400,
                "InvalidParameter",
                "The parameter $expand is allowed with the filter 'virtualMachineScaleSet/id' alone.",
            )
        if "$filter" in request.query and owner is None:
            raise refuse(400, "InvalidParameter", f"The filter '{request.query['$filter']}' is not supported.")
        owners = [owner[1]] if owner is not None else self._flexible_in(call)
        machines = [machine for item in owners for machine in self._of(item, expand=expand)]
        start = page_start(request)
        answer: dict[str, Any] = {"value": machines[start : start + PAGE_SIZE]}
        if start + PAGE_SIZE < len(machines):
            answer["nextLink"] = next_link(self._base_url(), request, start + PAGE_SIZE)
        return json_response(answer)

    def _flexible_in(self, call: Call) -> list[str]:
        prefix = f"{call.group_id}/"
        return [item for item in self._estate.ids() if item.startswith(prefix)]

    def _of(self, scale_set_id: str, *, expand: bool) -> list[dict[str, Any]]:
        document = self._estate.get(scale_set_id)
        if document is None or not is_flexible(document):
            return []
        stored = [{**item, "type": MACHINE_TYPE} for item in self._estate.index.instances(scale_set_id)]
        return stored + [
            self._machine(document, number, state, expand=expand)
            for number, state in numbered(self._estate.runs(scale_set_id))
        ]

    def _machine(
        self, document: Mapping[str, Any], number: int, state: InstanceState, *, expand: bool
    ) -> dict[str, Any]:
        whole = instance_document(document, number, state)
        whole["properties"].pop("extended", None)
        if expand:
            whole["properties"]["instanceView"] = instance_view(document, state, number, iso(self._estate.clock.now()))
        return {**whole, "type": MACHINE_TYPE}

    def _found(self, call: Call, *, expand: bool) -> dict[str, Any]:
        self._scale_sets.require_group(call)
        for owner in self._flexible_in(call):
            for machine in self._of(owner, expand=expand):
                if documents.parse_id(str(machine["id"])).name.lower() == call.parts["machine"]:
                    return machine
        raise not_found(call, MACHINE_TYPE)

    def _get(self, call: Call) -> Response:
        expand = "instanceview" in call.request.query.get("$expand", "").lower()
        return json_response(self._found(call, expand=expand))

    def _view(self, call: Call) -> Response:
        return json_response(self._found(call, expand=True)["properties"].get("instanceView", {}))
