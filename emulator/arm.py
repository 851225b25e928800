"""Azure Resource Manager and Compute, as far as a reader of scale sets needs them.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets
"""

import base64
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from emulator import documents
from emulator.access import AccessControl, Audience, Role
from emulator.estate import Attribution, Estate, Subscription
from emulator.faults import Fault
from emulator.images import ImageCatalogue
from emulator.messages import JSON_TYPE, RefusedError, Request, Response, json_object, json_response, refuse
from emulator.tokens import Principal

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


class ResourceManager:
    """The endpoint for subscriptions, resource groups, scale sets, their instances, and platform image versions."""

    def __init__(self, estate: Estate, access: AccessControl, images: ImageCatalogue) -> None:
        self._estate = estate
        self._access = access
        self._images = images
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
        subscription = self._readable(parts["sub"], request, principal)
        match name, request.method:
            case "subscription", "GET":
                return json_response(self._subscription(subscription))
            case "groups", "GET":
                return self._groups(subscription, request)
            case "operation", "GET":
                return json_response({"name": parts["operation"], "status": "Succeeded"})
            case "images", "GET":
                return json_response(self._images.listing(subscription.id, parts))
            case "all", "GET":
                return self._listing(f"/subscriptions/{subscription.id}/", request)
            case "list", "GET":
                self._group(subscription, parts["group"])
                return self._listing(f"/subscriptions/{subscription.id}/resourcegroups/{parts['group']}/", request)
            case "instances", "GET":
                document = self._existing(subscription, parts, request)
                texts = [json.dumps(item) for item in self._estate.instances(str(document["id"]))]
                return self._paged(texts, request)
            case "scale_set", "GET":
                return json_response(self._existing(subscription, parts, request))
            case "scale_set", "DELETE":
                return self._delete(subscription, parts, request, principal)
            case "scale_set", "PUT" | "PATCH":
                return self._write(subscription, parts, request, principal)
            case _:
                raise refuse(405, "MethodNotAllowed", f"{request.method} is not supported for this resource.")

    # Reading

    def _subscriptions(self, principal: Principal) -> Response:
        with self._estate.lock:
            known = list(self._estate.subscriptions.values())
        readable = [item for item in known if self._access.allows(principal, Role.READER, item.id)]
        count = {"type": "Total", "value": len(readable)}
        return json_response({"value": [self._subscription(item) for item in readable], "count": count})

    def _subscription(self, subscription: Subscription) -> dict[str, Any]:
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

    def _group(self, subscription: Subscription, name: str) -> None:
        if f"/subscriptions/{subscription.id}/resourcegroups/{name}".lower() not in self._estate.groups:
            raise refuse(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")

    def _groups(self, subscription: Subscription, request: Request) -> Response:
        with self._estate.lock:
            groups = [group for group in self._estate.groups.values() if group.subscription_id == subscription.id]
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
        return self._paged(texts, request)

    def _existing(self, subscription: Subscription, parts: dict[str, str], request: Request) -> dict[str, Any]:
        self._group(subscription, parts["group"])
        document = self._estate.get(_resource_id(subscription, parts))
        if document is None:
            name = request.path.rstrip("/").split("/")[8]
            raise refuse(
                404,
                "ResourceNotFound",
                f"The Resource '{_COMPUTE}/{name}' under resource group '{parts['group']}' was not found. For more "
                "details please go to https://aka.ms/ARMResourceNotFoundFix",
            )
        return document

    def _listing(self, prefix: str, request: Request) -> Response:
        return self._paged(self._estate.scale_sets(prefix), request)

    def _paged(self, texts: list[str], request: Request) -> Response:
        """One page of documents that are JSON text, and the link to the next."""
        try:
            start = int(base64.b64decode(request.query.get("$skiptoken", "") or b"MA==", validate=True))
        except ValueError as error:
            raise refuse(400, "InvalidSkipToken", "The skip token is invalid.") from error
        body = '{"value":[' + ",".join(texts[start : start + PAGE_SIZE]) + "]"
        if start + PAGE_SIZE < len(texts):
            token = base64.b64encode(str(start + PAGE_SIZE).encode()).decode()
            version = request.query["api-version"]
            body += f',"nextLink":"{self.base_url}{request.path}?api-version={version}&%24skiptoken={token}"'
        return Response(status=200, body=(body + "}").encode(), headers={"Content-Type": JSON_TYPE})

    # Writing

    def _delete(
        self, subscription: Subscription, parts: dict[str, str], request: Request, principal: Principal
    ) -> Response:
        self._may_write(principal, subscription, "delete", request)
        document = self._estate.get(_resource_id(subscription, parts))
        if document is None or not self._estate.delete(str(document["id"]), _by(principal, request)):
            return Response(status=204)
        operation = (
            f"{self.base_url}/subscriptions/{subscription.id}/providers/Microsoft.Compute/locations/"
            f"{document['location']}/operations/{uuid.uuid4()}?api-version={request.query['api-version']}"
        )
        headers = {"Azure-AsyncOperation": operation, "Location": operation, "Retry-After": "1"}
        return Response(status=202, headers=headers)

    def _write(
        self, subscription: Subscription, parts: dict[str, str], request: Request, principal: Principal
    ) -> Response:
        self._may_write(principal, subscription, "write", request)
        content = json_object(request)
        if request.method == "PATCH":
            before = self._existing(subscription, parts, request)
            document = documents.merge(before, content)
            identity = {key: before[key] for key in ("id", "name", "type")}
        else:
            self._group(subscription, parts["group"])
            if not isinstance(content.get("location"), str):
                raise refuse(400, "LocationRequired", "The location property is required for this definition.")
            document = content
            identity = {"id": request.path, "name": request.path.rsplit("/", 1)[1], "type": _COMPUTE}
        document.update(identity)
        document["properties"] = {**document.get("properties", {}), "provisioningState": "Succeeded"}
        document["properties"].setdefault("uniqueId", str(uuid.uuid4()))
        created = self._estate.put(document, _by(principal, request))
        return json_response(document, 201 if created else 200)

    def _may_write(self, principal: Principal, subscription: Subscription, action: str, request: Request) -> None:
        if not self._access.allows(principal, Role.CONTRIBUTOR, subscription.id):
            raise _forbidden(principal, f"{_COMPUTE}/{action}", request.path)


def _resource_id(subscription: Subscription, parts: dict[str, str]) -> str:
    return f"/subscriptions/{subscription.id}/resourceGroups/{parts['group']}/providers/{_COMPUTE}/{parts['name']}"


def _by(principal: Principal, request: Request) -> Attribution:
    agent = request.headers.get("user-agent", "")
    return Attribution(
        changed_by=principal.object_id,
        changed_by_type="Application",
        client_type="Azure SDK for Python" if "azsdk-python" in agent else "Unspecified",
        correlation_id=request.headers.get("x-ms-correlation-request-id", ""),
    )


def _forbidden(principal: Principal, action: str, scope: str) -> RefusedError:
    return refuse(
        403,
        "AuthorizationFailed",
        f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials.",
    )
