"""The scale set that timelines change: one that Azure upgrades by itself, with health, an owner and careful batches."""

from typing import Any

SUBSCRIPTION = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01"
OTHER = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02"
OS_UPGRADE = "properties.upgradePolicy.automaticOSUpgradePolicy"
IMAGE = "properties.virtualMachineProfile.storageProfile.imageReference"


def scale_set_id(name: str, subscription: str = SUBSCRIPTION) -> str:
    """Name the resource id of a scale set."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/rg-shop/providers/"
        f"Microsoft.Compute/virtualMachineScaleSets/{name}"
    )


def document(name: str, subscription: str = SUBSCRIPTION) -> dict[str, Any]:
    """Make a scale set that Azure upgrades by itself, in careful batches, with health and an owner."""
    return {
        "id": scale_set_id(name, subscription),
        "location": "westeurope",
        "tags": {"environment": "production", "owner": "team-shop", "ring": "broad"},
        "sku": {"name": "Standard_D4s_v5", "tier": "Standard", "capacity": 10},
        "properties": {
            "orchestrationMode": "Uniform",
            "overprovision": False,
            "upgradePolicy": {
                "mode": "Rolling",
                "rollingUpgradePolicy": {
                    "maxBatchInstancePercent": 20,
                    "maxUnhealthyInstancePercent": 20,
                    "maxUnhealthyUpgradedInstancePercent": 20,
                    "pauseTimeBetweenBatches": "PT2M",
                },
                "automaticOSUpgradePolicy": {
                    "enableAutomaticOSUpgrade": True,
                    "disableAutomaticRollback": False,
                    "useRollingUpgradePolicy": True,
                },
            },
            "automaticRepairsPolicy": {"enabled": True, "gracePeriod": "PT30M"},
            "virtualMachineProfile": {
                "osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": True}},
                "storageProfile": {
                    "osDisk": {"osType": "Linux", "createOption": "FromImage"},
                    "imageReference": {
                        "publisher": "Canonical",
                        "offer": "0001-com-ubuntu-server-jammy",
                        "sku": "22_04-LTS-Gen2",
                        "version": "latest",
                    },
                },
                "extensionProfile": {
                    "extensions": [
                        {
                            "name": "health",
                            "properties": {
                                "publisher": "Microsoft.ManagedServices",
                                "type": "ApplicationHealthLinux",
                                "typeHandlerVersion": "2.0",
                                "enableAutomaticUpgrade": True,
                                "settings": {"protocol": "https", "port": 443, "requestPath": "/health"},
                            },
                        }
                    ]
                },
            },
        },
    }
