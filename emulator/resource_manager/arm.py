"""Azure Resource Manager and Compute, as far as a reader of scale sets needs them.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.endpoint.access import AccessControl, Audience, Role
from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import RefusedError, Request, Response, json_object, json_response, refuse
from emulator.endpoint.tokens import Principal
from emulator.estate import changes, documents
from emulator.estate.change_records import Attribution
from emulator.estate.containers import Subscription
from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue
from emulator.estate.simulation import Simulation
from emulator.resource_manager.call import (
    GROUP,
    LOCATION,
    SCALE_SET,
    SCALE_SET_TYPE,
    SCALE_SETS,
    Call,
    Handler,
    Route,
    ScaleSets,
    paged,
    route,
)
from emulator.resource_manager.galleries import Galleries
from emulator.resource_manager.index_reads import from_index
from emulator.resource_manager.instance_views import InstanceViews
from emulator.resource_manager.lifecycle_events import LifecycleEventReads
from emulator.resource_manager.machines import Machines
from emulator.resource_manager.platform_images import PlatformImages
from emulator.resource_manager.read_budgets import GET_SCALE_SET, HIGH_COST, ReadBudgets, Subject
from emulator.resource_manager.rolling_upgrades import RollingUpgradeReads

_API_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-preview)?$")
_SUBSCRIPTION = r"^/subscriptions/(?P<sub>[^/]+)"


class ResourceManager:
    """The endpoint for subscriptions, resource groups, scale sets, and what the modules beside this one answer."""

    def __init__(self, estate: Estate, access: AccessControl, images: ImageCatalogue, simulation: Simulation) -> None:
        self._estate = estate
        self._access = access
        self._scale_sets = ScaleSets(estate)
        self.budgets = ReadBudgets(estate.clock.running)
        self.base_url = ""
        """Where ``nextLink`` points to."""
        self._routes = (
            route(_SUBSCRIPTION, get=self._get_subscription),
            route(f"{_SUBSCRIPTION}/resourcegroups", get=self._list_groups),
            route(f"{LOCATION}/operations/(?P<operation>[^/]+)", get=self._get_operation),
            route(f"{_SUBSCRIPTION}{SCALE_SETS}", HIGH_COST, get=self._list_all),
            route(f"{GROUP}{SCALE_SETS}", HIGH_COST, get=self._list_in_group),
            route(SCALE_SET, GET_SCALE_SET, get=self._get, delete=self._delete, put=self._put, patch=self._patch),
            *InstanceViews(estate, simulation.repairs, self._scale_sets, lambda: self.base_url).routes(),
            *RollingUpgradeReads(simulation.upgrades, self._scale_sets).routes(),
            *LifecycleEventReads(simulation.hooks, self._scale_sets).routes(),
            *PlatformImages(images).routes(),
            *Galleries(estate, simulation.shared, self._scale_sets).routes(),
            *Machines(estate, self._scale_sets, lambda: self.base_url).routes(),
            route(rf"{GROUP}/providers/.+", get=self._get_other),
        )

    def handle(self, request: Request, _faults: Sequence[Fault]) -> Response:
        """Answer one request."""
        principal = self._access.authenticate(request, Audience.ARM)
        if not _API_VERSION.match(request.query.get("api-version", "")):
            raise refuse(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        path = request.path.rstrip("/").lower()
        if path == "/subscriptions":
            return self._subscriptions(principal)
        for candidate in self._routes:
            match = candidate.pattern.match(path)
            if match is not None:
                return self._answer(candidate, match.groupdict(), request, principal)
        raise refuse(404, "InvalidResourceType", f"The resource type could not be found for '{request.path}'.")

    def _answer(self, found: Route, parts: dict[str, str], request: Request, principal: Principal) -> Response:
        call = Call(
            subscription=self._readable(parts["sub"], request, principal),
            parts=parts,
            request=request,
            principal=principal,
        )
        handler = found.handlers.get(request.method)
        if handler is None:
            raise refuse(405, "MethodNotAllowed", f"{request.method} is not supported for this resource.")
        if request.method != "GET":
            return self._handled(handler, call)
        headers = self.budgets.take_read(parts["sub"], principal.client_id)
        if found.policy is None:
            return _with_headers(self._handled(handler, call), headers)
        if request.query.get("useresourcegraph", request.query.get("useResourceGraph", "")).lower() == "true":
            return _with_headers(from_index(self._handled(handler, call), self._estate.clock.now()), headers)
        subject = self._subject(call)
        self.budgets.take(found.policy, subject)
        response = self._handled(handler, call)
        headers |= self.budgets.headers(found.policy, subject, sum(call.charge))
        return _with_headers(response, headers)

    def _handled(self, handler: Handler, call: Call) -> Response:
        """Answer from an estate that stands still meanwhile."""
        with self._estate.lock:
            return handler(call)

    def _subject(self, call: Call) -> Subject:
        """Answer what the call reads: which region's budget it is taken from."""
        resource, region = "", call.parts.get("location", "")
        if "name" in call.parts:
            resource = call.scale_set_id
            region = self._estate.location_of(resource)
        elif "machine" in call.parts:
            resource = f"{call.group_id}/virtualmachines/{call.parts['machine']}"
        if not region and "group" in call.parts:
            group = self._estate.groups.get(call.group_id)
            region = group.location if group is not None else ""
        return Subject(subscription=call.subscription.id, region=region, resource=resource)

    # Reading

    def _subscriptions(self, principal: Principal) -> Response:
        with self._estate.lock:
            known = list(self._estate.subscriptions.values())
        readable = [item for item in known if self._access.allows(principal, Role.READER, item.id)]
        count = {"type": "Total", "value": len(readable)}
        return json_response({"value": [self._described(item) for item in readable], "count": count})

    def _described(self, subscription: Subscription) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{subscription.id}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": subscription.id,
            "tenantId": self._estate.tenant_id,
            "displayName": subscription.name,
            "state": subscription.state,
            "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "spendingLimit": "Off"},
        }

    def _readable(self, subscription_id: str, request: Request, principal: Principal) -> Subscription:
        subscription = self._estate.subscriptions.get(subscription_id)
        if subscription is None:
            raise refuse(404, "SubscriptionNotFound", f"The subscription '{subscription_id}' could not be found.")
        if not self._access.allows(principal, Role.READER, subscription_id):
            raise _forbidden(principal, f"{SCALE_SET_TYPE}/read", request.path)
        return subscription

    def _get_subscription(self, call: Call) -> Response:
        return json_response(self._described(call.subscription))

    def _get_operation(self, call: Call) -> Response:
        return json_response({"name": call.parts["operation"], "status": "Succeeded"})

    def _get_other(self, call: Call) -> Response:
        found = self._estate.others.get(call.request.path.rstrip("/"))
        if found is None:
            raise refuse(404, "ResourceNotFound", f"The resource '{call.request.path}' was not found.")
        return json_response(found)

    def _list_groups(self, call: Call) -> Response:
        with self._estate.lock:
            groups = [group for group in self._estate.groups.values() if group.subscription_id == call.subscription.id]
        texts = []
        for group in sorted(groups, key=lambda item: item.name):
            document = {
                "id": group.id,
                "name": group.name,
                "type": "Microsoft.Resources/resourceGroups",
                "location": group.location,
                "properties": {"provisioningState": "Succeeded"},
            }
            texts.append(json.dumps(document | ({"managedBy": group.managed_by} if group.managed_by else {})))
        return paged(self.base_url, texts, call.request)

    def _list_all(self, call: Call) -> Response:
        return paged(self.base_url, self._estate.scale_sets(f"/subscriptions/{call.subscription.id}/"), call.request)

    def _list_in_group(self, call: Call) -> Response:
        self._scale_sets.require_group(call)
        prefix = f"/subscriptions/{call.subscription.id}/resourcegroups/{call.parts['group']}/"
        return paged(self.base_url, self._estate.scale_sets(prefix), call.request)

    def _get(self, call: Call) -> Response:
        return json_response(self._scale_sets.existing(call))

    # Writing

    def _delete(self, call: Call) -> Response:
        self._may_write(call, "delete")
        document = self._estate.get(call.scale_set_id)
        if document is None or not self._estate.delete(call.scale_set_id, _by(call)):
            return Response(status=204)
        operation = (
            f"{self.base_url}/subscriptions/{call.subscription.id}/providers/Microsoft.Compute/locations/"
            f"{document['location']}/operations/{uuid.uuid4()}?api-version={call.request.query['api-version']}"
        )
        headers = {"Azure-AsyncOperation": operation, "Location": operation, "Retry-After": "1"}
        return Response(status=202, headers=headers)

    def _put(self, call: Call) -> Response:
        self._may_write(call, "write")
        self._scale_sets.require_group(call)
        content = json_object(call.request)
        if not isinstance(content.get("location"), str):
            raise refuse(400, "LocationRequired", "The location property is required for this definition.")
        path = call.request.path
        identity = {"id": path, "name": path.rsplit("/", 1)[1], "type": SCALE_SET_TYPE}
        return self._store(call, {**content, **identity})

    def _patch(self, call: Call) -> Response:
        self._may_write(call, "write")
        before = self._scale_sets.existing(call)
        identity = {key: before[key] for key in ("id", "name", "type")}
        return self._store(call, {**documents.merge(before, json_object(call.request)), **identity})

    def _store(self, call: Call, document: dict[str, Any]) -> Response:
        properties = document.get("properties") or {}
        if not isinstance(properties, dict):
            raise refuse(400, "InvalidRequestContent", "The properties must be an object.")
        whole = changes.complete({**document, "properties": {**properties, "provisioningState": "Succeeded"}})
        created = self._estate.put(whole, _by(call))
        return json_response(whole, 201 if created else 200)

    def _may_write(self, call: Call, action: str) -> None:
        if not self._access.allows(call.principal, Role.CONTRIBUTOR, call.subscription.id):
            raise _forbidden(call.principal, f"{SCALE_SET_TYPE}/{action}", call.request.path)


def _with_headers(response: Response, headers: Mapping[str, str]) -> Response:
    return Response(status=response.status, body=response.body, headers={**response.headers, **headers})


def _by(call: Call) -> Attribution:
    agent = call.request.headers.get("user-agent", "")
    return Attribution(
        changed_by=call.principal.object_id,
        changed_by_type="Application",
        client_type="Azure SDK for Python" if "azsdk-python" in agent else "Unspecified",
        correlation_id=call.request.headers.get("x-ms-correlation-request-id", ""),
    )


def _forbidden(principal: Principal, action: str, scope: str) -> RefusedError:
    return refuse(
        403,
        "AuthorizationFailed",
        f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials.",
    )
