"""The week that the demo plays: what happens, and which events must come of it, and no others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulator.client.client import Control
from emulator.client.estate import PIPELINE, PORTAL_USER, Who
from emulator.endpoint.faults import FaultKind

SUBSCRIPTION = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01"
OTHER_SUBSCRIPTION = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02"
OS_UPGRADE = "properties.upgradePolicy.automaticOSUpgradePolicy"
IMAGE = "properties.virtualMachineProfile.storageProfile.imageReference"


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


NAMES = ("shop-web", "shop-orders", "shop-billing", "shop-search", "shop-payments")


@dataclass(frozen=True, slots=True)
class Expected:
    """One event that a step must bring: type, scale set, and rule or field."""

    event_type: str
    scale_set: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One moment of the week: what happens, the scan after it, and what must come of it."""

    at: datetime
    title: str
    happens: Callable[[Control], object] = lambda _control: None
    expected: Sequence[Expected] = ()
    status: str = "complete"
    is_killed: bool = False
    """Kill the scan when it starts to publish: after its commit."""
    is_snapshot: bool = False
    """Write the compliance snapshot instead of scanning."""


def prepare(control: Control, scale_sets: int, seed: int) -> None:
    """Lay out the estate: a synthetic fleet, and the story's own scale sets in two subscriptions."""
    if scale_sets > len(NAMES) + 1:
        control.create_fleet(seed=seed, subscriptions=3, scale_sets=scale_sets - len(NAMES) - 1)
    control.put_subscription(SUBSCRIPTION, "shop-production")
    control.put_subscription(OTHER_SUBSCRIPTION, "shop-staging")
    for name in NAMES:
        control.put_scale_set(document(name))
    control.put_scale_set(document("shop-staging", OTHER_SUBSCRIPTION))


def _set(name: str, paths: Mapping[str, Any], by: Who = PORTAL_USER) -> Callable[[Control], object]:
    return lambda control: control.change(scale_set_id(name), paths, by=by)


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 0, tzinfo=UTC)


STORY: tuple[Step, ...] = (
    Step(
        at=_at(9, 10),
        title="Monday: a person sets shop-web to Manual in the portal",
        happens=_set("shop-web", {"properties.upgradePolicy.mode": "Manual"}),
        expected=[Expected("posture.drifted", "shop-web", "upgrade_mode")],
    ),
    Step(
        at=_at(9, 16),
        title="Monday: a pipeline switches automatic OS upgrade off on shop-orders",
        happens=_set("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False}, by=PIPELINE),
        expected=[
            Expected("posture.drifted", "shop-orders", "automatic_os_upgrade"),
            Expected("posture.drifted", "shop-orders", "upgrades_itself"),
            Expected("finding.opened", "shop-orders", "VMSS-001"),
        ],
    ),
    Step(
        at=_at(10, 9),
        title="Tuesday: the image of shop-billing is pinned to a version",
        happens=_set("shop-billing", {f"{IMAGE}.version": "22.04.202610200"}),
        expected=[
            Expected("posture.drifted", "shop-billing", "image"),
            Expected("posture.drifted", "shop-billing", "image_pinned"),
            Expected("posture.drifted", "shop-billing", "upgrades_itself"),
            Expected("finding.opened", "shop-billing", "VMSS-002"),
            Expected("finding.opened", "shop-billing", "VMSS-030"),
        ],
    ),
    Step(
        at=_at(10, 15),
        title="Tuesday: the batch of shop-search is raised to 100 %",
        happens=_set("shop-search", {"properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": 100}),
        expected=[
            Expected("posture.drifted", "shop-search", "max_batch_instance_percent"),
            Expected("finding.opened", "shop-search", "VMSS-020"),
            Expected("finding.opened", "shop-search", "VMSS-021"),
        ],
    ),
    Step(
        at=_at(11, 9),
        title="Wednesday: the owner of shop-orders tags an exemption until Thursday",
        happens=lambda control: control.edit_tags(
            scale_set_id("shop-orders"),
            {"upgrade-posture-exempt": "rules=VMSS-001; until=2026-11-12; reason=load test; owner=team-shop"},
        ),
        expected=[Expected("finding.exempted", "shop-orders", "VMSS-001")],
    ),
    Step(
        at=_at(12, 9),
        title="Thursday: the staging subscription cannot be read for one scan",
        happens=lambda control: control.add_fault("graph", FaultKind.VANISH, ids=(OTHER_SUBSCRIPTION,), count=None),
        status="partial",
    ),
    Step(
        at=_at(13, 9),
        title="Friday: it can be read again, and the exemption of shop-orders has ended",
        happens=lambda control: control.clear_faults(),
        expected=[
            Expected("finding.opened", "shop-orders", "VMSS-001"),
            Expected("finding.opened", "shop-orders", "VMSS-081"),
        ],
    ),
    Step(
        at=_at(13, 14),
        title="Friday: rollback is switched off on shop-payments; the scan is killed between commit and publish",
        happens=_set("shop-payments", {f"{OS_UPGRADE}.disableAutomaticRollback": True}),
        is_killed=True,
    ),
    Step(
        at=_at(13, 15),
        title="Friday: the next scan finds the events in the outbox",
        expected=[
            Expected("posture.drifted", "shop-payments", "automatic_rollback_disabled"),
            Expected("finding.opened", "shop-payments", "VMSS-004"),
        ],
    ),
    Step(
        at=_at(14, 9),
        title="Saturday: shop-billing is deleted; one scan without it proves nothing",
        happens=lambda control: control.delete_scale_set(scale_set_id("shop-billing")),
    ),
    Step(
        at=_at(14, 10),
        title="Saturday: a second scan without it, and Azure confirms: it is gone",
        expected=[
            Expected("scale_set.removed", "shop-billing"),
            Expected("finding.withdrawn", "shop-billing", "VMSS-002"),
            Expected("finding.withdrawn", "shop-billing", "VMSS-030"),
        ],
    ),
    Step(
        at=_at(15, 6),
        title="Sunday: the compliance snapshot is written",
        expected=[Expected("snapshot.completed")],
        is_snapshot=True,
    ),
)
FIRST_SCAN = _at(9, 6)
SECOND_SCAN = _at(9, 7)
COMPARING_RULES = frozenset({"VMSS-070", "VMSS-071", "VMSS-072", "VMSS-073", "VMSS-074"})
"""What the second scan may find where nothing has changed: it compares with what the first one left of the others."""
