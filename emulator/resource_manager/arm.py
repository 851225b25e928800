"""Azure Resource Manager and Compute, as far as a reader of scale sets needs them.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets
"""

import base64
import json
import re
import urllib.parse
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.endpoint.access import AccessControl, Audience, Role
from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import JSON_TYPE, RefusedError, Request, Response, json_object, json_response, refuse
from emulator.endpoint.tokens import Principal
from emulator.estate import changes, documents
from emulator.estate.change_records import Attribution
from emulator.estate.containers import Subscription
from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue

PAGE_SIZE = 200
_COMPUTE = "Microsoft.Compute/virtualMachineScaleSets"
_API_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-preview)?$")
_SCALE_SETS = r"/providers/microsoft\.compute/virtualmachinescalesets"
_ROUTES = {
    "subscriptions": re.compile(r"^/subscriptions$"),
    "subscription": re.compile(r"^/subscriptions/(?P<sub>[^/]+)$"),
    "groups": re.compile(r"^/subscriptions/(?P<sub>[^/]+)/resourcegroups$"),
    "all": re.compile(rf"^/subscriptions/(?P<sub>[^/]+){_SCALE_SETS}$"),
    "list": re.compile(rf"^/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+){_SCALE_SETS}$"),
    "scale_set": re.compile(
        rf"^/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+){_SCALE_SETS}/(?P<name>[^/]+)$"
    ),
    "instances": re.compile(
        rf"^/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+){_SCALE_SETS}/(?P<name>[^/]+)/virtualmachines$"
    ),
    "operation": re.compile(
        r"^/subscriptions/(?P<sub>[^/]+)/providers/microsoft\.compute/locations/[^/]+/operations/(?P<operation>[^/]+)$"
    ),
    "images": re.compile(
        r"^/subscriptions/(?P<sub>[^/]+)/providers/microsoft\.compute/locations/(?P<location>[^/]+)"
        r"/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions$"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request to a resource of a subscription that the caller can read."""

    subscription: Subscription
    parts: dict[str, str]
    """What the path names, in lower case."""
    request: Request
    principal: Principal

    @property
    def scale_set_id(self) -> str:
        """The id of the scale set that the path names, in lower case."""
        group = f"/subscriptions/{self.subscription.id}/resourceGroups/{self.parts['group']}"
        return f"{group}/providers/{_COMPUTE}/{self.parts['name']}".lower()


class ResourceManager:
    """The endpoint for subscriptions, resource groups, scale sets, their instances, and platform image versions."""

    def __init__(self, estate: Estate, access: AccessControl, images: ImageCatalogue) -> None:
        self._estate = estate
        self._access = access
        self._images = images
        self._handlers: dict[tuple[str, str], Callable[[_Call], Response]] = {
            ("subscription", "GET"): self._get_subscription,
            ("groups", "GET"): self._list_groups,
            ("operation", "GET"): self._get_operation,
            ("images", "GET"): self._list_images,
            ("all", "GET"): self._list_all,
            ("list", "GET"): self._list_in_group,
            ("instances", "GET"): self._list_instances,
            ("scale_set", "GET"): self._get,
            ("scale_set", "DELETE"): self._delete,
            ("scale_set", "PUT"): self._put,
            ("scale_set", "PATCH"): self._patch,
        }
        self.base_url = ""
        """Where ``nextLink`` points to."""

    def handle(self, request: Request, _faults: Sequence[Fault]) -> Response:
        """Answer one request."""
        principal = self._access.authenticate(request, Audience.ARM)
        if not _API_VERSION.match(request.query.get("api-version", "")):
            raise refuse(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        path = request.path.rstrip("/")
        for name, pattern in _ROUTES.items():
            match = pattern.match(path.lower())
            if match is not None:
                return self._route(name, match.groupdict(), request, principal)
        raise refuse(404, "InvalidResourceType", f"The resource type could not be found for '{request.path}'.")

    def _route(self, name: str, parts: dict[str, str], request: Request, principal: Principal) -> Response:
        if name == "subscriptions":
            return self._subscriptions(principal)
        call = _Call(
            subscription=self._readable(parts["sub"], request, principal),
            parts=parts,
            request=request,
            principal=principal,
        )
        handler = self._handlers.get((name, request.method))
        if handler is None:
            raise refuse(405, "MethodNotAllowed", f"{request.method} is not supported for this resource.")
        return handler(call)

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
            raise _forbidden(principal, f"{_COMPUTE}/read", request.path)
        return subscription

    def _get_subscription(self, call: _Call) -> Response:
        return json_response(self._described(call.subscription))

    def _get_operation(self, call: _Call) -> Response:
        return json_response({"name": call.parts["operation"], "status": "Succeeded"})

    def _list_images(self, call: _Call) -> Response:
        return json_response(self._images.listing(call.subscription.id, call.parts))

    def _list_groups(self, call: _Call) -> Response:
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
        return self._paged(texts, call.request)

    def _list_all(self, call: _Call) -> Response:
        return self._paged(self._estate.scale_sets(f"/subscriptions/{call.subscription.id}/"), call.request)

    def _list_in_group(self, call: _Call) -> Response:
        self._require_group(call)
        prefix = f"/subscriptions/{call.subscription.id}/resourcegroups/{call.parts['group']}/"
        return self._paged(self._estate.scale_sets(prefix), call.request)

    def _list_instances(self, call: _Call) -> Response:
        found = self._estate.instances(str(self._existing(call)["id"]))
        return self._paged([json.dumps(item) for item in found], call.request)

    def _get(self, call: _Call) -> Response:
        return json_response(self._existing(call))

    def _require_group(self, call: _Call) -> None:
        key = f"/subscriptions/{call.subscription.id}/resourcegroups/{call.parts['group']}".lower()
        if key not in self._estate.groups:
            name = call.request.path.split("/")[4]
            raise refuse(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")

    def _existing(self, call: _Call) -> dict[str, Any]:
        self._require_group(call)
        document = self._estate.get(call.scale_set_id)
        if document is None:
            parts = call.request.path.split("/")
            raise refuse(
                404,
                "ResourceNotFound",
                f"The Resource '{_COMPUTE}/{parts[8]}' under resource group '{parts[4]}' was not found. For more "
                "details please go to https://aka.ms/ARMResourceNotFoundFix",
            )
        return document

    def _paged(self, texts: list[str], request: Request) -> Response:
        """Answer one page of documents that are JSON text, and the link to the next."""
        try:
            start = int(base64.b64decode(request.query.get("$skiptoken", "") or b"MA==", validate=True))
        except ValueError as error:
            raise refuse(400, "InvalidSkipToken", "The skip token is invalid.") from error
        body = '{"value":[' + ",".join(texts[start : start + PAGE_SIZE]) + "]"
        if start + PAGE_SIZE < len(texts):
            token = base64.b64encode(str(start + PAGE_SIZE).encode()).decode()
            asked = urllib.parse.urlencode({"api-version": request.query["api-version"], "$skiptoken": token})
            body += f',"nextLink":"{self.base_url}{urllib.parse.quote(request.path)}?{asked}"'
        return Response(status=200, body=(body + "}").encode(), headers={"Content-Type": JSON_TYPE})

    # Writing

    def _delete(self, call: _Call) -> Response:
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

    def _put(self, call: _Call) -> Response:
        self._may_write(call, "write")
        self._require_group(call)
        content = json_object(call.request)
        if not isinstance(content.get("location"), str):
            raise refuse(400, "LocationRequired", "The location property is required for this definition.")
        path = call.request.path
        identity = {"id": path, "name": path.rsplit("/", 1)[1], "type": _COMPUTE}
        return self._store(call, {**content, **identity})

    def _patch(self, call: _Call) -> Response:
        self._may_write(call, "write")
        before = self._existing(call)
        identity = {key: before[key] for key in ("id", "name", "type")}
        return self._store(call, {**documents.merge(before, json_object(call.request)), **identity})

    def _store(self, call: _Call, document: dict[str, Any]) -> Response:
        properties = document.get("properties") or {}
        if not isinstance(properties, dict):
            raise refuse(400, "InvalidRequestContent", "The properties must be an object.")
        whole = changes.complete({**document, "properties": {**properties, "provisioningState": "Succeeded"}})
        created = self._estate.put(whole, _by(call))
        return json_response(whole, 201 if created else 200)

    def _may_write(self, call: _Call, action: str) -> None:
        if not self._access.allows(call.principal, Role.CONTRIBUTOR, call.subscription.id):
            raise _forbidden(call.principal, f"{_COMPUTE}/{action}", call.request.path)


def _by(call: _Call) -> Attribution:
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
