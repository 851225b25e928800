"""One call to Resource Manager, the routes that take it, and what several of them do."""

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.endpoint.messages import JSON_TYPE, RefusedError, Request, Response, refuse
from emulator.endpoint.tokens import Principal
from emulator.estate.containers import Subscription
from emulator.estate.estate import Estate
from emulator.resource_manager.read_budgets import Policy

PAGE_SIZE = 200
SCALE_SET_TYPE = "Microsoft.Compute/virtualMachineScaleSets"
GROUP = r"^/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+)"
SCALE_SETS = r"/providers/microsoft\.compute/virtualmachinescalesets"
SCALE_SET = rf"{GROUP}{SCALE_SETS}/(?P<name>[^/]+)"
LOCATION = r"^/subscriptions/(?P<sub>[^/]+)/providers/microsoft\.compute/locations/(?P<location>[^/]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a resource of a subscription that the caller can read."""

    subscription: Subscription
    parts: dict[str, str]
    """What the path names, in lower case."""
    request: Request
    principal: Principal
    charge: list[int] = field(default_factory=list)
    """Instances that the answer shows: what it takes from the budget of views."""

    @property
    def group_id(self) -> str:
        """The id of the resource group that the path names, in lower case."""
        return f"/subscriptions/{self.subscription.id}/resourceGroups/{self.parts['group']}".lower()

    @property
    def scale_set_id(self) -> str:
        """The id of the scale set that the path names, in lower case."""
        return f"{self.group_id}/providers/{SCALE_SET_TYPE}/{self.parts['name']}".lower()


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Paths of one shape, what answers each method, and the budget that a read is taken from."""

    pattern: re.Pattern[str]
    """Matched against the whole path, in lower case."""
    handlers: Mapping[str, Handler]
    policy: Policy | None = None


def route(pattern: str, policy: Policy | None = None, **handlers: Handler) -> Route:
    """Make a route; handlers by method in lower case."""
    methods = {method.upper(): handler for method, handler in handlers.items()}
    return Route(pattern=re.compile(pattern + "$"), handlers=methods, policy=policy)


class ScaleSets:
    """The scale sets that calls are about."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def require_group(self, call: Call) -> None:
        """Refuse with 404 where the resource group is not there."""
        if call.group_id not in self.estate.groups:
            name = call.request.path.split("/")[4]
            raise refuse(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")

    def existing(self, call: Call) -> dict[str, Any]:
        """Answer the scale set's document; refuse with 404 where it is not there."""
        self.require_group(call)
        document = self.estate.get(call.scale_set_id)
        if document is None:
            raise not_found(call, SCALE_SET_TYPE)
        return document


def not_found(call: Call, resource_type: str) -> RefusedError:
    """Make the exception for a resource that is not there."""
    parts = call.request.path.split("/")
    return refuse(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{parts[8]}' under resource group '{parts[4]}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def page_start(request: Request) -> int:
    """Answer where the page that is asked for begins."""
    try:
        return int(base64.b64decode(request.query.get("$skiptoken", "") or b"MA==", validate=True))
    except ValueError as error:
        raise refuse(400, "InvalidSkipToken", "The skip token is invalid.") from error


def next_link(base_url: str, request: Request, start: int) -> str:
    """Write the link to the page that begins there; it carries what was asked for."""
    token = base64.b64encode(str(start).encode()).decode()
    asked = urllib.parse.urlencode({**request.query, "$skiptoken": token})
    return f"{base_url}{urllib.parse.quote(request.path)}?{asked}"


def paged(base_url: str, texts: Sequence[str], request: Request) -> Response:
    """Answer one page of documents that are JSON text, and the link to the next."""
    start = page_start(request)
    body = '{"value":[' + ",".join(texts[start : start + PAGE_SIZE]) + "]"
    if start + PAGE_SIZE < len(texts):
        body += f',"nextLink":{json.dumps(next_link(base_url, request, start + PAGE_SIZE))}'
    return Response(status=200, body=(body + "}").encode(), headers={"Content-Type": JSON_TYPE})
