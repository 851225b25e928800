"""The classic problems of scale sets, each as a change to a healthy document of the Uniform shape."""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _policy(document: Document) -> Document:
    policy: Document = document["properties"]["upgradePolicy"]
    return policy


def _profile(document: Document) -> Document:
    profile: Document = document["properties"]["virtualMachineProfile"]
    return profile


def manual(document: Document) -> None:
    """Switch off every automatic upgrade: Manual mode, and automatic OS upgrade off."""
    _policy(document)["mode"] = "Manual"
    _policy(document)["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False


def pinned_image(document: Document) -> None:
    """Fix the version: automatic OS upgrade is on, and the image can never move."""
    image = _profile(document)["storageProfile"]["imageReference"]
    if "id" in image:
        image["id"] += "/versions/1.4.2"
    else:
        image["version"] = "22.04.202501100"


def managed_image(document: Document) -> None:
    """Use a managed image, which has no versions."""
    _profile(document)["storageProfile"]["imageReference"] = {
        "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-images/providers/"
        "Microsoft.Compute/images/golden-2023"
    }


def no_health(document: Document) -> None:
    """Leave Rolling mode without a health signal."""
    _profile(document)["extensionProfile"]["extensions"] = []
    _profile(document).pop("networkProfile", None)


def two_health_signals(document: Document) -> None:
    """Put a probe beside the health extension."""
    _profile(document)["networkProfile"] = {
        "healthProbe": {
            "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-net/providers/"
            "Microsoft.Network/loadBalancers/lb-front/probes/tcp-80"
        }
    }


def windows_update(document: Document) -> None:
    """Let Windows Update (on Linux: platform patching) compete with automatic OS upgrade."""
    os_profile = _profile(document)["osProfile"]
    if "windowsConfiguration" in os_profile:
        os_profile["windowsConfiguration"]["enableAutomaticUpdates"] = True
    else:
        os_profile["linuxConfiguration"]["patchSettings"] = {"patchMode": "AutomaticByPlatform"}


def no_rollback(document: Document) -> None:
    """Let a failed OS upgrade stay."""
    _policy(document)["automaticOSUpgradePolicy"]["disableAutomaticRollback"] = True


def deferred(document: Document) -> None:
    """Let every OS upgrade wait for an approval."""
    _policy(document)["automaticOSUpgradePolicy"]["osRollingUpgradeDeferral"] = True


def all_at_once(document: Document) -> None:
    """Let model changes reach every instance at the same time."""
    _policy(document)["mode"] = "Automatic"


def large_batches(document: Document) -> None:
    """Take half of the instances at a time, without a pause."""
    _policy(document)["rollingUpgradePolicy"] |= {"maxBatchInstancePercent": 50, "pauseTimeBetweenBatches": "PT0S"}


def any_health_will_do(document: Document) -> None:
    """Let an upgrade go on whatever breaks."""
    _policy(document)["rollingUpgradePolicy"] |= {
        "maxUnhealthyInstancePercent": 100,
        "maxUnhealthyUpgradedInstancePercent": 100,
    }


def tcp_health(document: Document) -> None:
    """Count a listening port as health."""
    for extension in _profile(document)["extensionProfile"]["extensions"]:
        if extension["name"] == "HealthExtension":
            extension["properties"]["settings"] = {"protocol": "tcp", "port": 80}


def no_repairs(document: Document) -> None:
    """Let unhealthy instances stay."""
    document["properties"].pop("automaticRepairsPolicy", None)


def frozen_extension(document: Document) -> None:
    """Never upgrade the health extension."""
    for extension in _profile(document)["extensionProfile"]["extensions"]:
        extension["properties"]["enableAutomaticUpgrade"] = False


def surge_conflict(document: Document) -> None:
    """Ask for surge and overprovisioning, which exclude each other."""
    _policy(document)["rollingUpgradePolicy"]["maxSurge"] = True
    document["properties"]["overprovision"] = True


def stateful(document: Document) -> None:
    """Put a stateful workload under automatic OS upgrade."""
    document["tags"]["workload"] = "stateful"


def no_owner(document: Document) -> None:
    """Leave out who answers for it."""
    document["tags"].pop("owner", None)


def old_exemption(document: Document) -> None:
    """Keep it Manual on purpose, by an exemption that ended long ago."""
    manual(document)
    document["tags"]["upgrade-posture-exempt"] = (
        "rules=VMSS-001; until=2024-06-30; reason=vendor freeze; owner=platform@contoso.example"
    )


PROBLEMS: tuple[Callable[[Document], None], ...] = (
    manual,
    pinned_image,
    managed_image,
    no_health,
    two_health_signals,
    windows_update,
    no_rollback,
    deferred,
    all_at_once,
    large_batches,
    any_health_will_do,
    tcp_health,
    no_repairs,
    frozen_extension,
    surge_conflict,
    stateful,
    no_owner,
    old_exemption,
)
UNIFORM_ONLY = frozenset({"manual", "no_rollback", "deferred", "large_batches", "any_health_will_do", "surge_conflict", "old_exemption"})  # fmt: skip
"""Problems of blocks that a Flexible document does not have."""
