"""What scale sets look like in real estates: the shapes, each healthy, and the problems that befall some."""

import copy
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Document = dict[str, Any]

_LINUX_HEALTH: Document = {
    "name": "HealthExtension",
    "properties": {
        "publisher": "Microsoft.ManagedServices",
        "type": "ApplicationHealthLinux",
        "typeHandlerVersion": "2.0",
        "autoUpgradeMinorVersion": True,
        "enableAutomaticUpgrade": True,
        "settings": {"protocol": "https", "port": 443, "requestPath": "/health", "gracePeriod": 600},
    },
}
_LINUX = {"linuxConfiguration": {"disablePasswordAuthentication": True, "provisionVMAgent": True}}
_WINDOWS = {"windowsConfiguration": {"provisionVMAgent": True, "enableAutomaticUpdates": False}}
_JAMMY = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-LTS-Gen2",
    "version": "latest",
}
_WINDOWS_2022 = {
    "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-Datacenter", "version": "latest",
}  # fmt: skip
_AZURE_LINUX = {
    "publisher": "MicrosoftCblMariner",
    "offer": "azure-linux-3",
    "sku": "azure-linux-3-gen2",
    "version": "latest",
}
PLATFORM_IMAGES = (_JAMMY, _WINDOWS_2022, _AZURE_LINUX)


def _health(*, windows: bool) -> Document:
    extension = copy.deepcopy(_LINUX_HEALTH)
    if windows:
        extension["properties"]["type"] = "ApplicationHealthWindows"
    return extension


def uniform(image: Mapping[str, str], *, windows: bool) -> Document:
    """Make a Uniform scale set under automatic OS upgrade, with health, rollback and careful batches."""
    return {
        "sku": {"name": "Standard_D4s_v5", "tier": "Standard", "capacity": 6},
        "properties": {
            "orchestrationMode": "Uniform",
            "overprovision": False,
            "singlePlacementGroup": False,
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
            "automaticRepairsPolicy": {"enabled": True, "gracePeriod": "PT30M", "repairAction": "Replace"},
            "virtualMachineProfile": {
                "osProfile": copy.deepcopy(_WINDOWS if windows else _LINUX),
                "storageProfile": {
                    "osDisk": {"osType": "Windows" if windows else "Linux", "createOption": "FromImage"},
                    "imageReference": dict(image),
                },
                "extensionProfile": {"extensions": [_health(windows=windows)]},
            },
        },
    }


def ubuntu(_random: Random) -> Document:
    """Use Ubuntu from the platform, version latest."""
    return uniform(_JAMMY, windows=False)


def azure_linux(_random: Random) -> Document:
    """Use Azure Linux from the platform, version latest."""
    return uniform(_AZURE_LINUX, windows=False)


def windows_server(_random: Random) -> Document:
    """Use Windows Server from the platform, version latest."""
    return uniform(_WINDOWS_2022, windows=True)


def gallery(random: Random) -> Document:
    """Use an image definition of a Compute Gallery, which tracks the newest version."""
    windows = random.random() < 0.4
    name = "windows-2022-hardened" if windows else "ubuntu-2204-hardened"
    definition = (
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-images/providers/Microsoft.Compute/"
        f"galleries/corp_gallery/images/{name}"
    )
    return uniform({"id": definition}, windows=windows)


def load_balanced(_random: Random) -> Document:
    """Put Ubuntu behind a load balancer whose probe is the health signal."""
    document = uniform(_JAMMY, windows=False)
    profile = document["properties"]["virtualMachineProfile"]
    profile["extensionProfile"]["extensions"] = []
    profile["networkProfile"] = {
        "healthProbe": {
            "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-net/providers/"
            "Microsoft.Network/loadBalancers/lb-front/probes/https"
        }
    }
    return document


def flexible(random: Random) -> Document:
    """Make a Flexible scale set whose guests patch themselves."""
    windows = random.random() < 0.5
    document = uniform(_WINDOWS_2022 if windows else _JAMMY, windows=windows)
    properties = document["properties"]
    properties["orchestrationMode"] = "Flexible"
    properties["platformFaultDomainCount"] = 1
    properties["upgradePolicy"] = {"mode": "Manual"}
    del properties["overprovision"]
    os_profile = properties["virtualMachineProfile"]["osProfile"]
    patching = {"patchMode": "AutomaticByPlatform"}
    if windows:
        os_profile["windowsConfiguration"] |= {"enableAutomaticUpdates": True, "patchSettings": patching}
    else:
        os_profile["linuxConfiguration"]["patchSettings"] = patching
    return document


def flexible_attached(_random: Random) -> Document:
    """Make a Flexible scale set without a profile: its machines were attached by hand."""
    return {
        "properties": {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1, "singlePlacementGroup": False}
    }


def aks(_random: Random) -> Document:
    """Make a node pool of a Kubernetes cluster: the service owns its upgrades."""
    document = uniform({"id": "/subscriptions/0/resourceGroups/AKS-Ubuntu/providers/Microsoft.Compute/galleries/AKSUbuntu/images/2204gen2containerd/versions/202510.19.0"}, windows=False)  # fmt: skip
    document["properties"]["upgradePolicy"] = {"mode": "Manual"}
    document["properties"]["virtualMachineProfile"]["extensionProfile"]["extensions"] = [
        {
            "name": "vmssCSE",
            "properties": {
                "publisher": "Microsoft.Azure.Extensions",
                "type": "CustomScript",
                "typeHandlerVersion": "2.0",
            },
        },
        {
            "name": "AKSLinuxExtension",
            "properties": {
                "publisher": "Microsoft.AKS",
                "type": "Compute.AKS.Linux.AKSNode",
                "typeHandlerVersion": "1.0",
            },
        },
    ]
    document["tags"] = {"aks-managed-poolName": "systempool", "aks-managed-orchestrator": "Kubernetes:1.33.2"}
    return document


def _service_fabric(publisher: str, node: str) -> Document:
    document = uniform(_WINDOWS_2022, windows=True)
    document["properties"]["upgradePolicy"]["mode"] = "Automatic"
    del document["properties"]["automaticRepairsPolicy"]
    document["properties"]["virtualMachineProfile"]["extensionProfile"]["extensions"] = [
        {
            "name": "ServiceFabricNodeVmExt",
            "properties": {
                "publisher": publisher,
                "type": node,
                "typeHandlerVersion": "1.1",
                "settings": {
                    "durabilityLevel": "Silver",
                    "nodeTypeRef": "nt1",
                    "clusterEndpoint": "https://sf.example",
                },
            },
        }
    ]
    return document


def service_fabric_classic(_random: Random) -> Document:
    """Make a node type of a classic Service Fabric cluster: the customer's own."""
    return _service_fabric("Microsoft.Azure.ServiceFabric", "ServiceFabricNode")


def service_fabric_managed(_random: Random) -> Document:
    """Make a node type of a Service Fabric managed cluster: the service owns it."""
    return _service_fabric("Microsoft.Azure.ServiceFabric.MC", "ServiceFabricMCNode")


def devops_agents(_random: Random) -> Document:
    """Make an Azure DevOps agent pool, which reimages its instances itself."""
    document = uniform(_JAMMY, windows=False)
    document["properties"]["upgradePolicy"] = {"mode": "Manual"}
    document["tags"] = {"__AzureDevOpsElasticPool": "build-agents"}
    return document


Shape = Callable[[Random], Document]
SHAPES: tuple[tuple[Shape, int], ...] = (
    (ubuntu, 20),
    (windows_server, 16),
    (gallery, 18),
    (load_balanced, 8),
    (azure_linux, 8),
    (flexible, 12),
    (flexible_attached, 1),
    (aks, 10),
    (service_fabric_classic, 3),
    (service_fabric_managed, 2),
    (devops_agents, 2),
)
"""Each shape with its weight: of a hundred applications, so many have it."""
SERVICE_OWNED = frozenset({"aks", "service_fabric_managed", "devops_agents", "flexible_attached"})
"""Shapes without a problem of their own: another service decides their upgrades, or they are not upgraded."""
