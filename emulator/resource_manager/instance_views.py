"""Instances and instance views, as Compute answers them: for Uniform sets, and refused for Flexible ones.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from emulator.endpoint.messages import JSON_TYPE, RefusedError, Request, Response, iso, json_response, refuse
from emulator.estate.estate import Estate
from emulator.estate.instance_documents import extension_names, instance_document, instance_view, is_flexible
from emulator.estate.instances import InstanceState, numbered
from emulator.estate.repairs import Repairs
from emulator.resource_manager.call import (
    PAGE_SIZE,
    SCALE_SET,
    Call,
    Route,
    ScaleSets,
    next_link,
    not_found,
    page_start,
    route,
)
from emulator.resource_manager.read_budgets import GET_INSTANCE, HIGH_COST, LIST_INSTANCES

INSTANCE_TYPE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
_LATEST_MODEL = re.compile(r"^\s*properties/latestModelApplied\s+eq\s+(true|false)\s*$", re.IGNORECASE)
_POWER = re.compile(
    r"^\s*startswith\(\s*instanceView/statuses/code\s*,\s*'PowerState(/[a-z]*)?'\s*\)\s+eq\s+true\s*$", re.IGNORECASE
)
_VM_REPORTS = "instanceView"


def refused_for_flexible(name: str, operation: str) -> RefusedError:
    """Make the exception for an operation that a Flexible set does not have."""
    return refuse(400, "BadRequest", f"Operation '{operation}' is not allowed on Virtual Machine Scale Set '{name}'.")


class InstanceViews:
    """Answers about the instances of a scale set."""

    def __init__(self, estate: Estate, repairs: Repairs, scale_sets: ScaleSets, base_url: Callable[[], str]) -> None:
        self._estate = estate
        self._repairs = repairs
        self._scale_sets = scale_sets
        self._base_url = base_url

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths below a scale set that are about its instances."""
        instance = rf"{SCALE_SET}/virtualmachines/(?P<instance>[^/]+)"
        return (
            route(f"{SCALE_SET}/instanceview", HIGH_COST, get=self._summary),
            route(f"{SCALE_SET}/virtualmachines", LIST_INSTANCES, get=self._list),
            route(instance, GET_INSTANCE, get=self._get),
            route(f"{instance}/instanceview", GET_INSTANCE, get=self._view),
        )

    def _all(self, document: Mapping[str, Any]) -> list[tuple[int, InstanceState | None, dict[str, Any]]]:
        """Answer all instances with what is known of their state; of whole documents: only the document."""
        found: list[tuple[int, InstanceState | None, dict[str, Any]]] = [
            (index, None, item) for index, item in enumerate(self._estate.index.instances(str(document["id"])))
        ]
        runs = self._estate.runs(str(document["id"]))
        return found + [(number, state, {}) for number, state in numbered(runs)]

    def _list(self, call: Call) -> Response:
        document = self._scale_sets.existing(call)
        request = call.request
        if is_flexible(document) and "$expand" in request.query:
            raise refused_for_flexible(call.parts["name"], "VirtualMachineScaleSets.virtualMachines.GET")
        wanted = _filter(request)
        expand = _expands(request)
        start = page_start(request)
        kept = [item for item in self._all(document) if wanted(item[1], item[2])]
        page = kept[start : start + PAGE_SIZE]
        call.charge.append(len(page))
        value = [self._shown(document, item, expand=expand) for item in page]
        answer: dict[str, Any] = {"value": value}
        if start + PAGE_SIZE < len(kept):
            answer["nextLink"] = next_link(self._base_url(), request, start + PAGE_SIZE)
        return json_response(answer)

    def _shown(
        self, document: Mapping[str, Any], item: tuple[int, InstanceState | None, dict[str, Any]], *, expand: bool
    ) -> dict[str, Any]:
        number, state, found = item
        whole = found or instance_document(document, number, state or InstanceState())
        if is_flexible(document):
            return _bare(document, whole)
        return self._compute_document(document, number, state, whole, expand=expand)

    def _compute_document(
        self,
        document: Mapping[str, Any],
        number: int,
        state: InstanceState | None,
        whole: Mapping[str, Any],
        *,
        expand: bool,
    ) -> dict[str, Any]:
        """Make Compute's document of the index's: without what Resource Graph adds, with the view where asked for."""
        properties = dict(whole.get("properties") or {})
        extended = properties.pop("extended", {})
        properties.pop("instanceId", None)
        properties.pop("orchestrationMode", None)
        if expand and _VM_REPORTS not in properties:
            properties[_VM_REPORTS] = (
                instance_view(document, state, number, iso(self._estate.clock.now()))
                if state is not None
                else _view_of(extended)
            )
        elif not expand:
            properties.pop(_VM_REPORTS, None)
        resource_id = str(whole["id"])
        return {
            **whole,
            "type": INSTANCE_TYPE,
            "instanceId": resource_id.rpartition("/")[2],
            "properties": properties,
        }

    def _one(self, call: Call) -> tuple[dict[str, Any], tuple[int, InstanceState | None, dict[str, Any]]]:
        document = self._scale_sets.existing(call)
        if is_flexible(document):
            raise refused_for_flexible(call.parts["name"], "VirtualMachineScaleSets.virtualMachines.GET")
        wanted = call.parts["instance"]
        for number, state, found in self._all(document):
            own = str(found["id"]).rpartition("/")[2] if found else str(number)
            if own.lower() == wanted:
                call.charge.append(1)
                return document, (number, state, found)
        raise not_found(call, INSTANCE_TYPE)

    def _get(self, call: Call) -> Response:
        document, item = self._one(call)
        return json_response(self._shown(document, item, expand=_expands(call.request)))

    def _view(self, call: Call) -> Response:
        document, item = self._one(call)
        return json_response(self._shown(document, item, expand=True)["properties"][_VM_REPORTS])

    def _summary(self, call: Call) -> Response:
        document = self._scale_sets.existing(call)
        if is_flexible(document):
            raise refused_for_flexible(call.parts["name"], "VirtualMachineScaleSets.instanceView.GET")
        at = iso(self._estate.clock.now())
        counts: Counter[str] = Counter()
        for run in self._estate.runs(call.scale_set_id):
            counts[f"ProvisioningState/{run.state.provisioning.lower()}"] += run.count
        for found in self._estate.index.instances(call.scale_set_id):
            state = str((found.get("properties") or {}).get("provisioningState", "Succeeded"))
            counts[f"ProvisioningState/{state.lower()}"] += 1
        running = sum(run.count for run in self._estate.runs(call.scale_set_id) if run.state.power == "running")
        extensions = [
            {"name": name, "statusesSummary": [{"code": "ProvisioningState/succeeded", "count": running}]}
            for name in extension_names(document)
        ]
        body: dict[str, Any] = {
            "virtualMachine": {"statusesSummary": [{"code": code, "count": n} for code, n in sorted(counts.items())]},
            "extensions": extensions,
            "statuses": [
                {
                    "code": "ProvisioningState/succeeded",
                    "level": "Info",
                    "displayStatus": "Provisioning succeeded",
                    "time": at,
                }
            ],
        }
        services = self._repairs.services(document)
        if services:
            body["orchestrationServices"] = services
        return Response(status=200, body=json.dumps(body).encode(), headers={"Content-Type": JSON_TYPE})


def _expands(request: Request) -> bool:
    asked = f"{request.query.get('$expand', '')},{request.query.get('$select', '')}".lower()
    return "instanceview" in asked


def _bare(document: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what the list says of a Flexible set's machine: who it is, and nothing of its state."""
    machine = str(whole["id"])
    name = machine.rpartition("/")[2]
    return {
        "name": name,
        "instanceId": name,
        "id": f"{document['id']}/virtualMachines/{name}",
        "type": INSTANCE_TYPE,
        "location": whole.get("location", ""),
        "zones": whole.get("zones") or [None],
    }


def _view_of(extended: Mapping[str, Any]) -> dict[str, Any]:
    """Make an instance view of what a whole document says for the index: the power state, if it has one."""
    view = extended.get("instanceView") or {}
    power = view.get("powerState")
    return {"statuses": [{"code": "ProvisioningState/succeeded", "level": "Info"}, *([power] if power else [])]}


def _filter(request: Request) -> Callable[[InstanceState | None, Mapping[str, Any]], bool]:
    """Read ``$filter``: the two that there are. Refuses any other with 400."""
    text = request.query.get("$filter", "")
    if not text.strip():
        return lambda _state, _found: True
    latest = _LATEST_MODEL.match(text)
    if latest is not None:
        wanted = latest[1].lower() == "true"
        return lambda state, found: _on_latest_model(state, found) is wanted
    power = _POWER.match(text)
    if power is not None:
        code = (power[1] or "/").lower()
        return lambda state, found: f"/{_power(state, found)}".startswith(code)
    raise refuse(400, "BadRequest", f"The filter '{text}' is not supported.")


def _on_latest_model(state: InstanceState | None, found: Mapping[str, Any]) -> bool:
    if state is not None:
        return state.latest_model
    return bool((found.get("properties") or {}).get("latestModelApplied", True))


def _power(state: InstanceState | None, found: Mapping[str, Any]) -> str:
    if state is not None:
        return state.power
    extended = (found.get("properties") or {}).get("extended") or {}
    code = ((extended.get("instanceView") or {}).get("powerState") or {}).get("code", "")
    return str(code).partition("/")[2].lower()
