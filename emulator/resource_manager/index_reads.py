"""Reads that Resource Graph answers in Compute's place: ``useResourceGraph=true`` on an ordinary GET.

They cost nothing of Compute's budgets, know no health and no extensions, and come with the index's own API version.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/azure-resource-graph-get-list-api
"""

import json
from datetime import datetime
from typing import Any

from emulator.endpoint.messages import Response, iso, json_response

API_VERSION = "2025-04-01"


def from_index(response: Response, at: datetime) -> Response:
    """Make the index's answer of Compute's: what the index does not know is left out.

    An answer about one resource says as of when it is; a list does not.
    """
    if response.status != 200:
        return response
    body: Any = json.loads(response.body)
    if isinstance(body, dict):
        for item in body["value"] if isinstance(body.get("value"), list) else [body]:
            _reduce(item)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    if not (isinstance(body, dict) and "value" in body):
        headers["x-ms-arg-snapshot-timestamp"] = iso(at)
    return json_response(body, response.status, headers)


def _reduce(item: dict[str, Any]) -> None:
    item["apiVersion"] = API_VERSION
    properties = item.get("properties")
    view = properties.get("instanceView") if isinstance(properties, dict) else None
    if isinstance(view, dict):
        for name in ("vmHealth", "extensions", "vmAgent"):
            view.pop(name, None)
