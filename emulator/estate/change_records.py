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

_NO_CORRELATION = "00000000-0000-0000-0000-000000000000"
LONGEST = 1024
"""Characters of a value that a record holds; what is longer is truncated, and says so."""


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
    name = f"{int(at.timestamp() * 1e7):017d}_{uuid.uuid4()}"
    snapshot = f"{name}_1_{int(at.timestamp())}"
    is_platform = by.changed_by == "System"
    shown = {path: _change(before, after) for path, (before, after) in changes.items() if before is not None}
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
                "operation": by.operation or ("Unspecified" if is_platform else f"{parts.type}/{action}"),
                "correlationId": by.correlation_id or (_NO_CORRELATION if is_platform else str(uuid.uuid4())),
                "changesCount": len(shown),
                "previousResourceSnapshotId": f"{snapshot}_0",
                "newResourceSnapshotId": snapshot,
            },
            "changes": shown,
        },
    }


def _change(before: Any, after: Any) -> dict[str, Any]:
    old, new = _as_text(before), _as_text(after)
    truncated = any(len(text or "") > LONGEST for text in (old, new))
    return {
        "previousValue": old and old[:LONGEST],
        "newValue": new and new[:LONGEST],
        "isTruncated": "true" if truncated else "false",
    }


def _as_text(value: Any) -> str | None:
    """Write a value as the records do: text, whatever it was; a boolean is ``True`` or ``False``."""
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, bool) else json.dumps(value)
