"""Azure Resource Graph's policy states on the emulator's KQL engine, as the workbook asks for them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from emulator.estate.index import COLUMNS, JSON_COLUMNS
from emulator.kusto import kql
from tests.infra import rows

DEFINITION = "/providers/Microsoft.Authorization/policyDefinitions/465f0161-0087-490a-9ad9-ad6217f4f43a"
ASSIGNED_AT = "/providers/Microsoft.Management/managementGroups/contoso"


def policy_state(
    name: str, verdict: str, *, assignment: str = "vmss-auto-os-upgrade", **properties: Any
) -> dict[str, Any]:
    """Make a row of ``policyresources`` about a scale set of the made-up fleet, its ids in another case than ours.

    https://learn.microsoft.com/azure/governance/policy/samples/resource-graph-samples
    """
    resource_id = rows.scale_set_id(name).replace("resourcegroups", "resourceGroups").replace(name, name.upper())
    return {
        "id": f"{resource_id}/providers/Microsoft.PolicyInsights/policyStates/{assignment}",
        "name": assignment,
        "type": "microsoft.policyinsights/policystates",
        "subscriptionId": rows.SUBSCRIPTION,
        "properties": {
            "resourceId": resource_id,
            "resourceType": "Microsoft.Compute/virtualMachineScaleSets",
            "complianceState": verdict,
            "policyDefinitionId": DEFINITION,
            "policyAssignmentId": f"{ASSIGNED_AT}/providers/Microsoft.Authorization/policyAssignments/{assignment}",
            "policyAssignmentName": assignment,
            "policyAssignmentScope": ASSIGNED_AT,
            "timestamp": "2026-11-20T05:00:00Z",
            **properties,
        },
    }


def ask(text: str, states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run a query over policy states."""
    database = kql.open_database()
    try:
        columns = ", ".join(f'"{name}" {"JSON" if name in JSON_COLUMNS else "VARCHAR"}' for name in COLUMNS)
        database.execute(f"CREATE TABLE policyresources ({columns})")
        holes = ", ".join("?" for _ in COLUMNS)
        for state in states:
            database.execute(
                f"INSERT INTO policyresources VALUES ({holes})",  # noqa: S608 - question marks only
                [json.dumps(state[name]) if isinstance(state.get(name), dict) else state.get(name) for name in COLUMNS],
            )
        answer = kql.run(
            database, text, schema={"policyresources": COLUMNS}, now=datetime(2026, 11, 20, 12, tzinfo=UTC)
        )
    finally:
        database.close()
    names = [column.name for column in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows]
