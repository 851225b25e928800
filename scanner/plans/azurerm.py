"""Scale sets of Terraform's azurerm provider in ARM's form: attribute names of 3.x and 4.x, inverses, and defaults.

What an attribute that is not set means is the provider's answer, not Azure's: it sends its own defaults.
https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/linux_virtual_machine_scale_set,
https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets.
"""

from collections.abc import Callable, Mapping
from typing import Final

from scanner.plans import azurerm_legacy
from scanner.plans.azurerm_blocks import either, image_of, probe_of, repairs_policy, rolling_policy, top
from scanner.plans.azurerm_extensions import extension_profile, gallery_applications
from scanner.plans.values import Tree, block, default, inverse, known, mapped

UNIFORM: Final = {
    "azurerm_linux_virtual_machine_scale_set": "Linux",
    "azurerm_windows_virtual_machine_scale_set": "Windows",
}
ORCHESTRATED: Final = "azurerm_orchestrated_virtual_machine_scale_set"
LEGACY: Final = "azurerm_virtual_machine_scale_set"

READ: Final = frozenset(
    [
        "automatic_instance_repair",
        "automatic_os_upgrade",
        "automatic_os_upgrade_policy",
        "automatic_updates_enabled",
        "automatic_upgrade_enabled",
        "enable_automatic_updates",
        "extension",
        "extension_operations_enabled",
        "extensions_to_provision_after_vm_creation",
        "failure_suppression_enabled",
        "gallery_application",
        "health_probe_id",
        "id",
        "identity",
        "instances",
        "location",
        "name",
        "os_profile",
        "os_profile_linux_config",
        "os_profile_windows_config",
        "overprovision",
        "provision_after_extensions",
        "provision_vm_agent",
        "publisher",
        "resource_group_name",
        "rolling_upgrade_policy",
        "settings",
        "single_placement_group",
        "sku",
        "sku_name",
        "source_image_id",
        "source_image_reference",
        "storage_profile_image_reference",
        "storage_profile_os_disk",
        "tags",
        "type",
        "type_handler_version",
        "upgrade_mode",
        "upgrade_policy_mode",
        "virtual_machine_scale_set_id",
        "zones",
    ]
)
"""Attributes that are looked at; of no other anything is read, so passwords and keys never are."""
NO_OS_UPGRADE: Final = (
    "[azurerm_orchestrated_virtual_machine_scale_set has no attribute for automatic OS image upgrade]"
)
NO_MODE: Final = "[this version of the provider has no upgrade_mode for an orchestrated scale set]"
_SHARED: Final = "[the provider derives it from its rolling_upgrade_policy in some versions]"


def translate(kind: str, values: Tree) -> dict[str, object] | None:
    """Translate a resource of this Terraform type; ``None``: it is not a scale set of azurerm."""
    if kind in UNIFORM:
        return _uniform(values, UNIFORM[kind])
    make = _OTHERS.get(kind)
    return None if make is None else make(values)


def _uniform(values: Tree, system: str) -> dict[str, object]:
    probe = values.get("health_probe_id")
    policy = _upgrade_policy(values)
    profile = known({
        "storageProfile": known({"imageReference": image_of(values), "osDisk": {"osType": system}}),
        "osProfile": _uniform_guest(values, system),
        "networkProfile": known({"healthProbe": probe_of(probe)}),
        "extensionProfile": extension_profile(values),
        "applicationProfile": gallery_applications(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Uniform",
        "overprovision": default(values.get("overprovision"), otherwise=True),
        "singlePlacementGroup": values.get("single_placement_group"),
        "upgradePolicy": policy,
        "automaticRepairsPolicy": repairs_policy(values),
        "virtualMachineProfile": profile,
    })  # fmt: skip
    sku = known({"name": values.get("sku"), "capacity": default(values.get("instances"), otherwise=0)})
    return top(values, properties, sku)


def _upgrade_policy(values: Tree) -> dict[str, object]:
    rolling = rolling_policy(values)
    system_upgrade = mapped(block(values.get("automatic_os_upgrade_policy")), _os_upgrade)
    if rolling is not None and isinstance(system_upgrade, dict):
        # Older versions leave it out. Absent and unknown are judged alike; a value would be a guess.
        system_upgrade["useRollingUpgradePolicy"] = _SHARED
    return known({
        "mode": default(values.get("upgrade_mode"), otherwise="Manual"),
        "automaticOSUpgradePolicy": system_upgrade,
        "rollingUpgradePolicy": rolling,
    })  # fmt: skip


def _os_upgrade(policy: Tree) -> dict[str, object]:
    return known({
        "enableAutomaticOSUpgrade": either(policy, "automatic_os_upgrade_enabled", "enable_automatic_os_upgrade"),
        "disableAutomaticRollback": either(policy, "disable_automatic_rollback")
        if "automatic_rollback_enabled" not in policy
        else inverse(policy.get("automatic_rollback_enabled")),
    })  # fmt: skip


def _uniform_guest(values: Tree, system: str) -> dict[str, object]:
    agent = default(values.get("provision_vm_agent"), otherwise=True)
    if system == "Windows":
        updates = default(either(values, "automatic_updates_enabled", "enable_automatic_updates"), otherwise=True)
        guest = {"windowsConfiguration": {"enableAutomaticUpdates": updates, "provisionVMAgent": agent}}
    else:
        guest = {"linuxConfiguration": {"provisionVMAgent": agent}}
    return known({**guest, "allowExtensionOperations": values.get("extension_operations_enabled")})


def _orchestrated(values: Tree) -> dict[str, object]:
    shell = values.get("sku_name") is None and block(values.get("os_profile")) is None
    policy = known({
        "mode": default(values.get("upgrade_mode"), otherwise="Manual") if "upgrade_mode" in values else NO_MODE,
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": NO_OS_UPGRADE},
        "rollingUpgradePolicy": rolling_policy(values),
    })  # fmt: skip
    system, guest = _orchestrated_guest(values)
    profile = known({
        "storageProfile": known({"imageReference": image_of(values), "osDisk": known({"osType": system})}),
        "osProfile": guest,
        "extensionProfile": extension_profile(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Flexible",
        "singlePlacementGroup": values.get("single_placement_group"),
        "upgradePolicy": policy,
        "automaticRepairsPolicy": repairs_policy(values),
        # Without sku_name the provider sends no model: virtual machines are attached by hand.
        "virtualMachineProfile": None if shell else profile,
    })  # fmt: skip
    sku = known({"name": values.get("sku_name"), "capacity": values.get("instances")})
    return top(values, properties, sku)


def _orchestrated_guest(values: Tree) -> tuple[str | None, object]:
    guest = block(values.get("os_profile"))
    if not isinstance(guest, Mapping):
        return guest, guest
    operations = values.get("extension_operations_enabled")
    windows, linux = block(guest.get("windows_configuration")), block(guest.get("linux_configuration"))
    if windows is not None:
        configuration = mapped(windows, _windows)
        return "Windows", known({"windowsConfiguration": configuration, "allowExtensionOperations": operations})
    if linux is not None:
        configuration = mapped(linux, _linux)
        return "Linux", known({"linuxConfiguration": configuration, "allowExtensionOperations": operations})
    return None, known({"allowExtensionOperations": operations})


def _windows(configuration: Tree) -> dict[str, object]:
    updates = either(configuration, "automatic_updates_enabled", "enable_automatic_updates")
    return known({
        "enableAutomaticUpdates": default(updates, otherwise=True),
        "provisionVMAgent": default(configuration.get("provision_vm_agent"), otherwise=True),
        "patchSettings": {"patchMode": default(configuration.get("patch_mode"), otherwise="AutomaticByOS")},
    })  # fmt: skip


def _linux(configuration: Tree) -> dict[str, object]:
    return known({
        "provisionVMAgent": default(configuration.get("provision_vm_agent"), otherwise=True),
        "patchSettings": {"patchMode": default(configuration.get("patch_mode"), otherwise="ImageDefault")},
    })  # fmt: skip


KINDS: Final = frozenset({*UNIFORM, ORCHESTRATED, LEGACY})
"""Resource types that are scale sets."""
_OTHERS: Final[Mapping[str, Callable[[Tree], dict[str, object]]]] = {
    ORCHESTRATED: _orchestrated,
    LEGACY: azurerm_legacy.translate,
}
