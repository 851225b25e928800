"""The first scale set resource of azurerm, which is frozen and still in use.

https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/virtual_machine_scale_set.
"""

from scanner.plans.azurerm_blocks import image_reference, probe_of, rolling_policy, top
from scanner.plans.azurerm_extensions import extension_profile
from scanner.plans.values import Tree, block, default, known, mapped


def translate(values: Tree) -> dict[str, object]:
    """Translate the first scale set resource of the provider, which is frozen."""
    windows, linux = block(values.get("os_profile_windows_config")), block(values.get("os_profile_linux_config"))
    disk = block(values.get("storage_profile_os_disk"))
    policy = known({
        "mode": values.get("upgrade_policy_mode"),
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": default(values.get("automatic_os_upgrade"), otherwise=False)},
        "rollingUpgradePolicy": rolling_policy(values),
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
    image = mapped(block(values.get("storage_profile_image_reference")), image_reference)
    profile = known({
        "storageProfile": known({"imageReference": image, "osDisk": mapped(disk, _legacy_disk)}),
        "osProfile": guest,
        "networkProfile": known({"healthProbe": probe_of(values.get("health_probe_id"))}),
        "extensionProfile": extension_profile(values),
    })  # fmt: skip
    properties = known({
        "orchestrationMode": "Uniform",
        "overprovision": default(values.get("overprovision"), otherwise=True),
        "upgradePolicy": policy,
        "virtualMachineProfile": profile,
    })  # fmt: skip
    sku = mapped(block(values.get("sku")), lambda item: known({name: item.get(name) for name in ("name", "capacity")}))
    return top(values, properties, sku)


def _legacy_disk(disk: Tree) -> dict[str, object]:
    image, system = disk.get("image"), disk.get("os_type")
    return known({
        "osType": None if system == "" else system,
        "image": None if image is None or image == "" else {"uri": image},
    })  # fmt: skip
