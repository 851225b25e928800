"""The scale sets of the demo's week: a shop, and two applications that a new image reaches."""

from typing import Any

from emulator.client.client import Control

SUBSCRIPTION = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01"
OTHER_SUBSCRIPTION = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02"
SHOP = ("shop-web", "shop-orders", "shop-billing", "shop-search", "shop-payments")
STAGING = "shop-staging"
JAMMY = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
NOBLE = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server-arm64"}
"""The image of the two applications; the shop and the fleet run others, so that its week is theirs alone."""
RUNNING_JAMMY = "22.04.202511030"
OLD_NOBLE, NEW_NOBLE = "24.04.202610140", "24.04.202611050"
APPLICATIONS = {
    "mail-canary": ("mail", "canary", "westeurope"),
    "mail-west": ("mail", "broad", "westeurope"),
    "mail-north": ("mail", "broad", "northeurope"),
    "mail-east": ("mail", "broad", "eastus"),
    "media-canary": ("media", "canary", "westeurope"),
    "media-web": ("media", "broad", "westeurope"),
}
"""Application, ring and region of those that the new image reaches."""
INSTANCES = 10


def scale_set_id(name: str, subscription: str = SUBSCRIPTION) -> str:
    """Name the resource id of a scale set of the story."""
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
        "sku": {"name": "Standard_D4s_v5", "tier": "Standard", "capacity": INSTANCES},
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
                    "imageReference": {**JAMMY, "version": "latest"},
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


def application_document(name: str) -> dict[str, Any]:
    """Make a scale set of an application that the new image reaches."""
    application, ring, region = APPLICATIONS[name]
    whole = document(name)
    whole["location"] = region
    whole["tags"] |= {"application": application, "owner": f"team-{application}", "ring": ring}
    whole["sku"]["name"] = "Standard_D4ps_v5"
    profile = whole["properties"]["virtualMachineProfile"]
    profile["storageProfile"]["imageReference"] = {**NOBLE, "version": "latest"}
    return whole


def lay_out(control: Control) -> None:
    """Put the scale sets of the story into the estate, with instances on the newest images of the day."""
    control.put_subscription(SUBSCRIPTION, "shop-production")
    control.put_subscription(OTHER_SUBSCRIPTION, "shop-staging")
    for region in sorted({region for _, _, region in APPLICATIONS.values()}):
        control.publish_image(location=region, **NOBLE, version=OLD_NOBLE)
        control.publish_image(location=region, **JAMMY, version=RUNNING_JAMMY)
    for name in SHOP:
        _add(control, document(name), RUNNING_JAMMY)
    _add(control, document(STAGING, OTHER_SUBSCRIPTION), RUNNING_JAMMY)
    for name in APPLICATIONS:
        _add(control, application_document(name), OLD_NOBLE)


def _add(control: Control, scale_set: dict[str, Any], version: str) -> None:
    control.put_scale_set(scale_set)
    control.set_instances(scale_set["id"], {"count": INSTANCES, "exact_version": version, "health": "healthy"})


def publish_noble(control: Control) -> None:
    """Publish a new image: Azure upgrades the canary first, a day later the rest; north hangs, east fails.

    Nothing reaches the canary of media: its production is ahead of it.
    """
    ids = {name: scale_set_id(name) for name in APPLICATIONS}
    control.publish(
        NOBLE,
        NEW_NOBLE,
        {"westeurope": 0, "northeurope": 24, "eastus": 24},
        rollout_after_hours=0,
        spread_hours=0,
        courses={
            ids["mail-west"]: {"delay_hours": 24},
            ids["media-web"]: {"delay_hours": 24},
            ids["media-canary"]: {"skipped": True},
            ids["mail-north"]: {"stalls_after": 1},
            ids["mail-east"]: {"fails_in_batch": 2},
        },
    )
