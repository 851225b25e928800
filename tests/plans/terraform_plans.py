"""Terraform plans as ``terraform show -json`` writes them, made of the attributes that matter here."""

import json
from typing import Any

from scanner.facts.posture import Posture
from scanner.plans.planned import Planned, PlanReading
from scanner.plans.recognise import read_plan
from scanner.reading.posture_rows import parse_scale_set

LINUX = "azurerm_linux_virtual_machine_scale_set"
WINDOWS = "azurerm_windows_virtual_machine_scale_set"
ORCHESTRATED = "azurerm_orchestrated_virtual_machine_scale_set"
LEGACY = "azurerm_virtual_machine_scale_set"
EXTENSION = "azurerm_virtual_machine_scale_set_extension"
ANY_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/v"
UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}


def change(
    kind: str,
    after: dict[str, Any] | None,
    *,
    name: str = "web",
    unknown: Any = None,
    sensitive: Any = None,
    before: Any = None,
    actions: tuple[str, ...] = ("create",),
    module: str = "",
    index: str | int | None = None,
) -> dict[str, Any]:
    """Make one change of a plan."""
    key = "" if index is None else f"[{json.dumps(index)}]"
    return {
        "address": f"{module}{'.' if module else ''}{kind}.{name}{key}",
        **({"module_address": module} if module else {}),
        **({} if index is None else {"index": index}),
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/azurerm",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": unknown if unknown is not None else {"id": True},
            "before_sensitive": False,
            "after_sensitive": sensitive if sensitive is not None else {},
        },
    }


def plan(*changes: dict[str, Any], configuration: Any = None, **rest: Any) -> dict[str, Any]:
    """Make a plan of changes."""
    found: dict[str, Any] = {"format_version": "1.2", "terraform_version": "1.11.0", "resource_changes": list(changes)}
    if configuration is not None:
        found["configuration"] = {"root_module": configuration}
    return {**found, **rest}


def configured(kind: str, expressions: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """Make the configuration of one resource."""
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "expressions": expressions,
    }


def linux(**attributes: Any) -> dict[str, Any]:
    """Make the attributes of a Linux scale set as the provider plans them."""
    return {
        "name": "web",
        "resource_group_name": "shop",
        "location": "westeurope",
        "instances": 3,
        "sku": "Standard_D2s_v5",
        "upgrade_mode": "Manual",
        "overprovision": True,
        "automatic_os_upgrade_policy": [],
        "rolling_upgrade_policy": [],
        "automatic_instance_repair": [],
        "extension": [],
        "health_probe_id": None,
        "source_image_id": None,
        "source_image_reference": [UBUNTU],
        "identity": [],
        "tags": None,
        **attributes,
    }


def health(settings: Any = None, **attributes: Any) -> dict[str, Any]:
    """Make the Application Health extension as a block."""
    chosen = {"protocol": "http", "port": 80, "requestPath": "/health"} if settings is None else settings
    return {
        "name": "health",
        "publisher": "Microsoft.ManagedServices",
        "type": "ApplicationHealthLinux",
        "type_handler_version": "1.0",
        "automatic_upgrade_enabled": None,
        "provision_after_extensions": [],
        "settings": json.dumps(chosen),
        "protected_settings": "",
        **attributes,
    }


def reading(document: Any) -> PlanReading:
    """Read a plan that is one."""
    found = read_plan(document)
    assert found is not None
    return found


def only(document: Any) -> Planned:
    """Read a plan of one scale set."""
    (planned,) = reading(document).planned
    return planned


def posture_of(planned: Planned) -> Posture:
    """Read the facts of a planned scale set."""
    return parse_scale_set({**planned.document, "id": ANY_ID})
