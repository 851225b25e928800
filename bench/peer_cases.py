"""Plans and templates with one scale set each, and what is true of it: written by hand, for ``bench.peers``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, and the truth."""

    title: str
    form: str
    """``terraform_plan`` or ``arm``, as Checkov names its frameworks."""
    document: Mapping[str, Any]
    truth: str
    rules: tuple[str, ...] = ()
    """Rules that have to fail."""
    unknown: tuple[str, ...] = ()
    """Rules that have to be unknown."""


_LINUX = "azurerm_linux_virtual_machine_scale_set"
_HEALTH = {
    "name": "health",
    "publisher": "Microsoft.ManagedServices",
    "type": "ApplicationHealthLinux",
    "type_handler_version": "1.0",
    "automatic_upgrade_enabled": True,
    "settings": json.dumps({"protocol": "http", "port": 80, "requestPath": "/health"}),
}
_ROLLING = {
    "max_batch_instance_percent": 20,
    "max_unhealthy_instance_percent": 20,
    "max_unhealthy_upgraded_instance_percent": 20,
    "pause_time_between_batches": "PT5M",
}
_IMAGE = {
    "publisher": "canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "latest",
}
_ON = {"automatic_os_upgrade_enabled": True, "automatic_rollback_enabled": True}


def _plan(kind: str, after: Mapping[str, Any], unknown: Mapping[str, Any] | None = None) -> dict[str, Any]:
    resource = {"address": f"{kind}.web", "mode": "managed", "type": kind, "name": "web", "schema_version": 0}
    provider = "azure/azapi" if kind.startswith("azapi") else "hashicorp/azurerm"
    change = {
        "actions": ["create"],
        "before": None,
        "after": after,
        "after_unknown": {"id": True, **(unknown or {})},
        "before_sensitive": False,
        "after_sensitive": {},
    }
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.0",
        "planned_values": {"root_module": {"resources": [{**resource, "provider_name": provider, "values": after}]}},
        "resource_changes": [{**resource, "provider_name": f"registry.terraform.io/{provider}", "change": change}],
        "configuration": {"root_module": {"resources": [{**resource, "expressions": {}}]}},
    }


def _linux(**attributes: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "resource_group_name": "shop",
        "location": "westeurope",
        "sku": "Standard_D2s_v5",
        "instances": 10,
        "admin_username": "azureuser",
        "upgrade_mode": "Manual",
        "overprovision": False,
        "automatic_os_upgrade_policy": [],
        "automatic_instance_repair": [{"enabled": True, "grace_period": "PT30M"}],
        "rolling_upgrade_policy": [],
        "extension": [_HEALTH],
        "health_probe_id": None,
        "source_image_id": None,
        "source_image_reference": [_IMAGE],
        "tags": {"owner": "web", "patch-cadence": "weekly"},
        **attributes,
    }


def _rolling(**attributes: Any) -> dict[str, Any]:
    on = {"upgrade_mode": "Rolling", "automatic_os_upgrade_policy": [_ON], "rolling_upgrade_policy": [_ROLLING]}
    return _linux(**{**on, **attributes})


def _template(flag: object, *, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    extension = {
        "name": "health",
        "properties": {
            "publisher": "Microsoft.ManagedServices",
            "type": "ApplicationHealthLinux",
            "typeHandlerVersion": "1.0",
            "enableAutomaticUpgrade": True,
            "settings": {"protocol": "http", "port": 80, "requestPath": "/health"},
        },
    }
    resource = {
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "apiVersion": "2024-07-01",
        "name": "web",
        "location": "westeurope",
        "tags": {"owner": "web"},
        "sku": {"name": "Standard_D2s_v5", "capacity": 10},
        "properties": {
            "orchestrationMode": "Uniform",
            "overprovision": False,
            "upgradePolicy": {
                "mode": "Rolling",
                "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": flag},
                "rollingUpgradePolicy": {"pauseTimeBetweenBatches": "PT5M"},
            },
            "automaticRepairsPolicy": {"enabled": True},
            "virtualMachineProfile": {
                "storageProfile": {
                    "imageReference": _IMAGE,
                    "osDisk": {"osType": "Linux", "createOption": "FromImage"},
                },
                "osProfile": {"linuxConfiguration": {}},
                "extensionProfile": {"extensions": [extension]},
            },
        },
    }
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters or {},
        "resources": [resource],
    }


_FLEX = {
    "name": "web",
    "resource_group_name": "shop",
    "location": "westeurope",
    "sku_name": "Standard_D2s_v5",
    "instances": 10,
    "platform_fault_domain_count": 1,
    "upgrade_mode": "Rolling",
    "rolling_upgrade_policy": [_ROLLING],
    "os_profile": [{"linux_configuration": [{"admin_username": "azureuser", "patch_mode": "ImageDefault"}]}],
    "source_image_reference": [_IMAGE],
    "tags": {"owner": "web"},
}
_LEGACY = {
    "name": "web",
    "resource_group_name": "shop",
    "location": "westeurope",
    "upgrade_policy_mode": "Manual",
    "automatic_os_upgrade": False,
    "overprovision": False,
    "sku": [{"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 10}],
    "extension": [{"name": "x", "publisher": "Contoso", "type": "Agent", "type_handler_version": "1.0"}],
    "storage_profile_image_reference": [_IMAGE],
    "storage_profile_os_disk": [{"os_type": "Linux", "create_option": "FromImage"}],
    "os_profile_linux_config": [{"disable_password_authentication": True}],
    "tags": {"owner": "web"},
}
_WINDOWS_LEGACY = {
    **{name: value for name, value in _LEGACY.items() if name != "os_profile_linux_config"},
    "automatic_os_upgrade": True,
    "health_probe_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/l/probes/p",
    "storage_profile_os_disk": [{"os_type": "Windows", "create_option": "FromImage"}],
    "os_profile_windows_config": [{"enable_automatic_upgrades": True, "provision_vm_agent": True}],
}

CASES = (
    Case(
        title="Linux, automatic OS upgrade off",
        form="terraform_plan",
        document=_plan(_LINUX, _linux()),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(
        title="Linux, on, with health and a rolling policy",
        form="terraform_plan",
        document=_plan(_LINUX, _rolling()),
        truth="upgrades itself",
    ),
    Case(
        title="Windows, automatic OS upgrade off",
        form="terraform_plan",
        document=_plan(_LINUX.replace("linux", "windows"), _linux(enable_automatic_updates=True)),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(
        title="Windows, on, and Windows Update beside it",
        form="terraform_plan",
        document=_plan(
            _LINUX.replace("linux", "windows"),
            _rolling(enable_automatic_updates=True, extension=[{**_HEALTH, "type": "ApplicationHealthWindows"}]),
        ),
        truth="Azure refuses it",
        rules=("VMSS-005",),
    ),
    Case(
        title="Linux, on, the image version pinned",
        form="terraform_plan",
        document=_plan(_LINUX, _rolling(source_image_reference=[{**_IMAGE, "version": "22.04.202610200"}])),
        truth="on, and can never happen",
        rules=("VMSS-002", "VMSS-030"),
    ),
    Case(
        title="Linux, on, without any health signal",
        form="terraform_plan",
        document=_plan(_LINUX, _rolling(extension=[], automatic_instance_repair=[])),
        truth="Azure refuses it",
        rules=("VMSS-003",),
    ),
    Case(
        title="Linux, on, a batch of all instances",
        form="terraform_plan",
        document=_plan(_LINUX, _rolling(rolling_upgrade_policy=[{**_ROLLING, "max_batch_instance_percent": 100}])),
        truth="upgrades all at once",
        rules=("VMSS-020", "VMSS-021"),
    ),
    Case(
        title="Linux, the policy known only after apply",
        form="terraform_plan",
        document=_plan(_LINUX, _linux(), {"automatic_os_upgrade_policy": True}),
        truth="not known before it is applied",
        unknown=("VMSS-001",),
    ),
    Case(
        title="Orchestrated (Flexible)",
        form="terraform_plan",
        document=_plan("azurerm_orchestrated_virtual_machine_scale_set", _FLEX),
        truth="the provider cannot say",
        unknown=("VMSS-001",),
    ),
    Case(
        title="Legacy resource, off",
        form="terraform_plan",
        document=_plan("azurerm_virtual_machine_scale_set", _LEGACY),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(
        title="Legacy resource, Windows, on, and Windows Update beside it",
        form="terraform_plan",
        document=_plan("azurerm_virtual_machine_scale_set", _WINDOWS_LEGACY),
        truth="Azure refuses it",
        rules=("VMSS-005",),
    ),
    Case(
        title="azapi_resource, off",
        form="terraform_plan",
        document=_plan(
            "azapi_resource",
            {
                "type": "Microsoft.Compute/virtualMachineScaleSets@2024-07-01",
                "name": "web",
                "location": "westeurope",
                "tags": {"owner": "web"},
                "body": {name: _template(flag=False)["resources"][0][name] for name in ("sku", "properties")},
            },
        ),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(
        title="ARM template, off",
        form="arm",
        document=_template(flag=False),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(title="ARM template, on", form="arm", document=_template(flag=True), truth="upgrades itself"),
    Case(
        title="ARM template, off by the default of a parameter",
        form="arm",
        document=_template("[parameters('upgrade')]", parameters={"upgrade": {"type": "bool", "defaultValue": False}}),
        truth="no upgrade comes by itself",
        rules=("VMSS-001",),
    ),
    Case(
        title="ARM template, a parameter without a value",
        form="arm",
        document=_template("[parameters('upgrade')]", parameters={"upgrade": {"type": "bool"}}),
        truth="not known before it is applied",
        unknown=("VMSS-001",),
    ),
)
"""In the order of the table."""
