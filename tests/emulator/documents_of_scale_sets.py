"""Scale set documents for these tests."""

from typing import Any

SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "bbbbbbbb-0000-4000-8000-000000000002"


def scale_set_id(name: str, subscription: str = SUBSCRIPTION, group: str = "rg-web") -> str:
    """Name a scale set as Azure does."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.Compute/virtualMachineScaleSets/{name}"
    )


def scale_set(name: str, subscription: str = SUBSCRIPTION, **properties: Any) -> dict[str, Any]:
    """Make a small Uniform scale set."""
    return {
        "id": scale_set_id(name, subscription),
        "location": "westeurope",
        "sku": {"name": "Standard_D2s_v5", "capacity": 3},
        "tags": {"environment": "production"},
        "properties": {
            "orchestrationMode": "Uniform",
            "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {"storageProfile": {"imageReference": {"version": "latest"}}},
            **properties,
        },
    }
