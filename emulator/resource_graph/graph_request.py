"""A Resource Graph request, read and checked.

https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from emulator.endpoint.messages import Request, json_object
from emulator.resource_graph.graph_errors import bad_request

API_VERSIONS = frozenset({"2019-04-01", "2021-03-01", "2022-10-01", "2024-04-01"})
MAX_TOP = 1000
MAX_SUBSCRIPTIONS = 1000
MAX_MANAGEMENT_GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """What is asked for."""

    query: str
    subscriptions: frozenset[str] | None
    """Lower case; ``None``: every one that can be read."""
    management_groups: frozenset[str]
    top: int
    skip: int
    token: str
    """The token as it was sent; empty on the first page."""
    as_table: bool
    result_id: str
    """Names the query and its scope: a token belongs to one."""

    @property
    def first_page(self) -> bool:
        """Whether this asks for a query's first page."""
        return not self.token

    def next_token(self, skip: int) -> str:
        """Make the token for the page that begins after ``skip`` rows."""
        return base64.b64encode(json.dumps({"r": self.result_id, "s": skip}).encode()).decode()


def read_request(request: Request, principal: str) -> GraphRequest:
    """Read the body; refuse with 400 what Azure refuses."""
    if request.query.get("api-version") not in API_VERSIONS:
        raise bad_request("InvalidApiVersionParameter", f"api-version must be one of {sorted(API_VERSIONS)}.")
    payload = json_object(request, "BadRequest")
    options = payload.get("options") or {}
    query = payload.get("query")
    if not isinstance(query, str) or not query.strip():
        raise bad_request("QueryMissing", "The request must have a query.")
    top = options.get("$top", MAX_TOP)
    skip = options.get("$skip", 0)
    if not isinstance(top, int) or not 1 <= top <= MAX_TOP:
        raise bad_request("InvalidTop", f"$top must be between 1 and {MAX_TOP}; it is {top!r}.")
    if not isinstance(skip, int) or skip < 0:
        raise bad_request("InvalidSkip", f"$skip must not be negative; it is {skip!r}.")
    result_format = options.get("resultFormat", "objectArray")
    if result_format not in ("objectArray", "table"):
        raise bad_request("InvalidResultFormat", f"resultFormat must be objectArray or table; it is {result_format!r}.")
    subscriptions = _ids(payload, "subscriptions", MAX_SUBSCRIPTIONS)
    groups = _ids(payload, "managementGroups", MAX_MANAGEMENT_GROUPS)
    if subscriptions and groups:
        raise bad_request("InvalidScope", "Either subscriptions or managementGroups may be given, not both.")
    identity = json.dumps([principal, query, sorted(subscriptions), sorted(groups)])
    result_id = hashlib.sha256(identity.encode()).hexdigest()[:32]
    token = options.get("$skipToken") or ""
    return GraphRequest(
        query=query,
        subscriptions=subscriptions or None,
        management_groups=groups,
        top=top,
        skip=_position(token, result_id) if token else skip,
        token=token,
        as_table=result_format == "table",
        result_id=result_id,
    )


def _ids(payload: dict[str, Any], name: str, most: int) -> frozenset[str]:
    ids = payload.get(name) or []
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise bad_request("InvalidScope", f"{name} must be a list of ids.")
    if len(ids) > most:
        raise bad_request("TooManyScopes", f"At most {most} {name} may be given; there are {len(ids)}.")
    return frozenset(item.lower() for item in ids)


def _position(token: str, result_id: str) -> int:
    try:
        content = json.loads(base64.b64decode(token, validate=True))
        belongs, position = content["r"] == result_id, int(content["s"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("InvalidSkipToken", "The $skipToken is invalid.") from error
    if not belongs:
        raise bad_request("InvalidSkipToken", "The $skipToken is of another query or scope.")
    return position
