"""Resource Graph's records of what changed, and who changed it.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.endpoint.messages import iso
from emulator.estate import documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who changed something, in the words of a change record; an empty operation or correlation id is filled in."""

    changed_by: str = "System"
    changed_by_type: str = "System"
    client_type: str = "Unspecified"
    operation: str = ""
    correlation_id: str = ""


def change_row(
    document: Mapping[str, Any],
    change_type: str,
    changes: Mapping[str, tuple[Any, Any]],
    by: Attribution,
    at: datetime,
) -> dict[str, Any]:
    """Make a row of ``resourcechanges``. As in Azure, properties that were not there before are not named."""
    name = str(uuid.uuid4())
    shown = {
        path: {"previousValue": _as_text(before), "newValue": _as_text(after), "isTruncated": "false"}
        for path, (before, after) in changes.items()
        if before is not None
    }
    parts = documents.parse_id(str(document["id"]))
    action = "delete" if change_type == "Delete" else "write"
    return {
        "id": f"{document['id']}/providers/Microsoft.Resources/changes/{name}",
        "name": name,
        "type": "microsoft.resources/changes",
        "resourceGroup": parts.group.lower(),
        "subscriptionId": parts.subscription,
        "properties": {
            "targetResourceId": document["id"],
            "targetResourceType": parts.type.lower(),
            "changeType": change_type,
            "changeAttributes": {
                "timestamp": iso(at),
                "changedBy": by.changed_by,
                "changedByType": by.changed_by_type,
                "clientType": by.client_type,
                "operation": by.operation or f"{parts.type}/{action}",
                "correlationId": by.correlation_id or str(uuid.uuid4()),
                "changesCount": len(shown),
                "previousResourceSnapshotId": "",
                "newResourceSnapshotId": "",
            },
            "changes": shown,
        },
    }


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)
