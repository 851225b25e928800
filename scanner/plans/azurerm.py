"""Scale sets of Terraform's azurerm provider in ARM's form: attribute names of 3.x and 4.x, inverses, and defaults.

What an attribute that is not set means is the provider's answer, not Azure's: it sends its own defaults.
https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/linux_virtual_machine_scale_set,
https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets.
"""

from collections.abc import Callable, Mapping
from typing import Final

from scanner.plans.azurerm_extensions import extension_profile, gallery_applications
from scanner.plans.values import SENSITIVE, Tree, block, default, inverse, known, mapped

UNIFORM: Final = {
    "azurerm_linux_virtual_machine_scale_set": "Linux",
    "azurerm_windows_virtual_machine_scale_set": "Windows",
}
ORCHESTRATED: Final = "azurerm_orchestrated_virtual_machine_scale_set"
LEGACY: Final = "azurerm_virtual_machine_scale_set"

NO_OS_UPGRADE: Final = "[azurerm_orchestrated_virtual_machine_scale_set has no attribute for automatic OS image upgrade]"
NO_MODE: Final = "[this version of the provider has no upgrade_mode for an orchestrated scale set]"
_SHARED: Final = "[the provider derives it from its rolling_upgrade_policy in some versions]"


def translate(kind: str, values: Tree) -> dict[str, object] | None:
    """Translate a resource of this Terraform type; ``None``: it is not a scale set of azurerm."""
    if kind in UNIFORM:
        return _uniform(values, UNIFORM[kind])
    make = _OTHERS.get(kind)
    return None if make is None else make(values)


def _top(values: Tree, properties: object, sku: object) -> dict[str, object]:
    identity = block(values.get("identity"))
    return known({
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "name": values.get("name"),
        "location": values.get("location"),
        "tags": default(values.get("tags"), {}),
        "zones": values.get("zones"),
        "sku": sku,
        "identity": mapped(identity, lambda item: known({"type": item.get("type")})) if identity else {"type": "None"},
        "properties": properties,
    })  # fmt: skip


def _uniform(values: Tree, system: str) -> dict[str, object]:
    probe = values.get("health_probe_id")
    policy = _upgrade_policy(values)
    profile = known({
        "storageProfile": known({"imageReference": _image(values), "osDisk": {"osType": system}}),
        "osProfile": _uniform_guest(values, system),
        "networkProfile": known({"healthProbe": _probe(probe)}),
        "extensionProfile": extension_profile(values),
        "applicationProfile": gallery_applications(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Uniform",
        "overprovision": default(values.get("overprovision"), True),
        "singlePlacementGroup": values.get("single_placement_group"),
        "upgradePolicy": policy,
        "automaticRepairsPolicy": _repairs(values),
        "virtualMachineProfile": profile,
    })  # fmt: skip
    sku = known({"name": values.get("sku"), "capacity": default(values.get("instances"), 0)})
    return _top(values, properties, sku)


def _upgrade_policy(values: Tree) -> dict[str, object]:
    rolling = _rolling(values)
    system_upgrade = mapped(block(values.get("automatic_os_upgrade_policy")), _os_upgrade)
    if rolling is not None and isinstance(system_upgrade, dict):
        # Older versions leave it out. Absent and unknown are judged alike; a value would be a guess.
        system_upgrade["useRollingUpgradePolicy"] = _SHARED
    return known({
        "mode": default(values.get("upgrade_mode"), "Manual"),
        "automaticOSUpgradePolicy": system_upgrade,
        "rollingUpgradePolicy": rolling,
    })  # fmt: skip


def _os_upgrade(policy: Tree) -> dict[str, object]:
    return known({
        "enableAutomaticOSUpgrade": _either(policy, "automatic_os_upgrade_enabled", "enable_automatic_os_upgrade"),
        "disableAutomaticRollback": _either(policy, "disable_automatic_rollback")
        if "automatic_rollback_enabled" not in policy
        else inverse(policy.get("automatic_rollback_enabled")),
    })  # fmt: skip


def _rolling(values: Tree) -> object:
    return mapped(
        block(values.get("rolling_upgrade_policy")),
        lambda policy: known({
            "maxBatchInstancePercent": policy.get("max_batch_instance_percent"),
            "maxUnhealthyInstancePercent": policy.get("max_unhealthy_instance_percent"),
            "maxUnhealthyUpgradedInstancePercent": policy.get("max_unhealthy_upgraded_instance_percent"),
            "pauseTimeBetweenBatches": policy.get("pause_time_between_batches"),
            "enableCrossZoneUpgrade": policy.get("cross_zone_upgrades_enabled"),
            "prioritizeUnhealthyInstances": policy.get("prioritize_unhealthy_instances_enabled"),
            "maxSurge": policy.get("maximum_surge_instances_enabled"),
        }),
    )  # fmt: skip


def _repairs(values: Tree) -> object:
    return mapped(
        block(values.get("automatic_instance_repair")),
        lambda repair: known({"enabled": repair.get("enabled"), "gracePeriod": repair.get("grace_period")}),
    )


def _probe(identifier: object) -> object:
    """Read the probe: an id that is known after apply is a probe all the same; a sensitive one may be none."""
    if identifier is None or identifier == "":
        return None
    return identifier if identifier == SENSITIVE else {"id": identifier}


def _image(values: Tree) -> object:
    identifier = values.get("source_image_id")
    if identifier is not None and identifier != "":
        return {"id": identifier}
    return mapped(block(values.get("source_image_reference")), _image_reference)


def _image_reference(reference: Tree) -> dict[str, object]:
    return known({name: reference.get(name) for name in ("id", "publisher", "offer", "sku", "version")})


def _uniform_guest(values: Tree, system: str) -> dict[str, object]:
    agent = default(values.get("provision_vm_agent"), True)
    if system == "Windows":
        updates = default(_either(values, "automatic_updates_enabled", "enable_automatic_updates"), True)
        guest = {"windowsConfiguration": {"enableAutomaticUpdates": updates, "provisionVMAgent": agent}}
    else:
        guest = {"linuxConfiguration": {"provisionVMAgent": agent}}
    return known({**guest, "allowExtensionOperations": values.get("extension_operations_enabled")})


def _orchestrated(values: Tree) -> dict[str, object]:
    shell = values.get("sku_name") is None and block(values.get("os_profile")) is None
    policy = known({
        "mode": default(values.get("upgrade_mode"), "Manual") if "upgrade_mode" in values else NO_MODE,
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": NO_OS_UPGRADE},
        "rollingUpgradePolicy": _rolling(values),
    })  # fmt: skip
    system, guest = _orchestrated_guest(values)
    profile = known({
        "storageProfile": known({"imageReference": _image(values), "osDisk": known({"osType": system})}),
        "osProfile": guest,
        "extensionProfile": extension_profile(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Flexible",
        "singlePlacementGroup": values.get("single_placement_group"),
        "upgradePolicy": policy,
        "automaticRepairsPolicy": _repairs(values),
        # Without sku_name the provider sends no model: virtual machines are attached by hand.
        "virtualMachineProfile": None if shell else profile,
    })  # fmt: skip
    sku = known({"name": values.get("sku_name"), "capacity": values.get("instances")})
    return _top(values, properties, sku)


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
    updates = _either(configuration, "automatic_updates_enabled", "enable_automatic_updates")
    return known({
        "enableAutomaticUpdates": default(updates, True),
        "provisionVMAgent": default(configuration.get("provision_vm_agent"), True),
        "patchSettings": {"patchMode": default(configuration.get("patch_mode"), "AutomaticByOS")},
    })  # fmt: skip


def _linux(configuration: Tree) -> dict[str, object]:
    return known({
        "provisionVMAgent": default(configuration.get("provision_vm_agent"), True),
        "patchSettings": {"patchMode": default(configuration.get("patch_mode"), "ImageDefault")},
    })  # fmt: skip


def _legacy(values: Tree) -> dict[str, object]:
    """Translate the first scale set resource of the provider, which is frozen."""
    windows, linux = block(values.get("os_profile_windows_config")), block(values.get("os_profile_linux_config"))
    disk = block(values.get("storage_profile_os_disk"))
    policy = known({
        "mode": values.get("upgrade_policy_mode"),
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": default(values.get("automatic_os_upgrade"), False)},
        "rollingUpgradePolicy": _rolling(values),
    })  # fmt: skip
    guest = known({
        "windowsConfiguration": mapped(
            windows,
            lambda item: known({
                "enableAutomaticUpdates": item.get("enable_automatic_upgrades"),
                "provisionVMAgent": item.get("provision_vm_agent"),
            }),
        ),
        "linuxConfiguration": mapped(linux, lambda _: {}),
    })  # fmt: skip
    image = mapped(block(values.get("storage_profile_image_reference")), _image_reference)
    profile = known({
        "storageProfile": known({"imageReference": image, "osDisk": mapped(disk, _legacy_disk)}),
        "osProfile": guest,
        "networkProfile": known({"healthProbe": _probe(values.get("health_probe_id"))}),
        "extensionProfile": extension_profile(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Uniform",
        "overprovision": default(values.get("overprovision"), True),
        "upgradePolicy": policy,
        "virtualMachineProfile": profile,
    })  # fmt: skip
    sku = mapped(block(values.get("sku")), lambda item: known({name: item.get(name) for name in ("name", "capacity")}))
    return _top(values, properties, sku)


def _legacy_disk(disk: Tree) -> dict[str, object]:
    image, system = disk.get("image"), disk.get("os_type")
    return known({
        "osType": None if system == "" else system,
        "image": None if image is None or image == "" else {"uri": image},
    })  # fmt: skip


def _either(values: Tree, *names: str) -> object:
    """Read an attribute that was renamed between versions of the provider."""
    return next((values[name] for name in names if values.get(name) is not None), None)


KINDS: Final = frozenset({*UNIFORM, ORCHESTRATED, LEGACY})
"""Resource types that are scale sets."""
_OTHERS: Final[Mapping[str, Callable[[Tree], dict[str, object]]]] = {
    ORCHESTRATED: _orchestrated,
    LEGACY: _legacy,
}
