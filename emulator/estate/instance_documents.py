"""What an instance looks like: the row of Resource Graph, the model view of Compute, and the instance view.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/get
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.estate.instances import InstanceState, fingerprint, vm_id

NUMBER = "~number~"
VM_ID = "~vm~"
"""What stands in a run's properties in the place of the instance's own number and id."""
_LEVELS = {"Failed": "Error", "unhealthy": "Error", "unknown": "Warning"}


def is_flexible(document: Mapping[str, Any]) -> bool:
    """Whether a scale set's instances are virtual machines of their own."""
    properties = document.get("properties")
    return isinstance(properties, Mapping) and str(properties.get("orchestrationMode")).lower() == "flexible"


def profile_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer a scale set's model of its instances; empty where there is none."""
    properties = document.get("properties")
    profile = properties.get("virtualMachineProfile") if isinstance(properties, Mapping) else None
    return profile if isinstance(profile, Mapping) else {}


def reference_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer the image reference of a scale set's model; empty where there is none."""
    storage = profile_of(document).get("storageProfile")
    reference = storage.get("imageReference") if isinstance(storage, Mapping) else None
    return reference if isinstance(reference, Mapping) else {}


def capacity_of(document: Mapping[str, Any]) -> int:
    """Answer how many instances are wanted; 0 where the document does not say."""
    sku = document.get("sku")
    capacity = sku.get("capacity") if isinstance(sku, Mapping) else None
    return capacity if isinstance(capacity, int) and not isinstance(capacity, bool) else 0


def properties_of(document: Mapping[str, Any], state: InstanceState) -> dict[str, Any]:
    """Answer the properties of a run's instances in the index, with marks for what is each one's own."""
    reference = json.loads(state.reference)
    if state.exact_version:
        reference["exactVersion"] = state.exact_version
    facts: dict[str, Any] = {
        "vmId": VM_ID,
        "provisioningState": state.provisioning,
        "storageProfile": {"imageReference": reference, "osDisk": {"osType": _os_type(document)}},
        "extended": {"instanceView": _power_view(state)},
    }
    if is_flexible(document):
        return facts | {"virtualMachineScaleSet": {"id": document["id"]}}
    facts |= {"instanceId": NUMBER, "latestModelApplied": state.latest_model, "orchestrationMode": "Uniform"}
    facts["modelDefinitionApplied"] = "VirtualMachineScaleSet"
    if state.protect_from_actions or state.protect_from_scale_in:
        facts["protectionPolicy"] = {
            "protectFromScaleIn": state.protect_from_scale_in,
            "protectFromScaleSetActions": state.protect_from_actions,
        }
    return facts


def _os_type(document: Mapping[str, Any]) -> str:
    os_profile = profile_of(document).get("osProfile")
    return "Windows" if isinstance(os_profile, Mapping) and "windowsConfiguration" in os_profile else "Linux"


def _power_view(state: InstanceState) -> dict[str, Any]:
    power = {"code": f"PowerState/{state.power}", "level": "Info", "displayStatus": f"VM {state.power}"}
    # A machine that does not run has lost its instance view, all but the power state.
    return {"powerState": power} | ({"hyperVGeneration": "V2"} if state.power == "running" else {})


def instance_document(document: Mapping[str, Any], number: int, state: InstanceState) -> dict[str, Any]:
    """Make the document of one instance as the index has it."""
    key = str(document["id"]).lower()
    digits = fingerprint(key, number)
    text = json.dumps(properties_of(document, state)).replace(NUMBER, str(number)).replace(VM_ID, vm_id(digits))
    zones: Sequence[str] = document.get("zones") or ()
    whole: dict[str, Any] = {"location": document.get("location", ""), "properties": json.loads(text)}
    if zones:
        whole["zones"] = [zones[number % len(zones)]]
    if "sku" in document:
        whole["sku"] = {name: value for name, value in document["sku"].items() if name != "capacity"}
    if "tags" in document:
        whole["tags"] = document["tags"]
    if is_flexible(document):
        name = f"{document['name']}_{digits[:8]}"
        group = str(document["id"]).rpartition("/providers/")[0]
        return {"id": f"{group}/providers/Microsoft.Compute/virtualMachines/{name}", "name": name} | whole
    return {"id": f"{document['id']}/virtualMachines/{number}", "name": f"{document['name']}_{number}"} | whole


def instance_view(document: Mapping[str, Any], state: InstanceState, number: int, at: str) -> dict[str, Any]:
    """Make an instance view; ``at`` is the time of its statuses. Without a health signal there is no ``vmHealth``."""
    provisioning = state.provisioning.lower()
    view: dict[str, Any] = {
        "placementGroupId": fingerprint(str(document["id"]).lower(), -1),
        "platformUpdateDomain": number % 5,
        "platformFaultDomain": number % 5,
        "statuses": [
            _status(f"ProvisioningState/{provisioning}", f"Provisioning {provisioning}", at),
            {"code": f"PowerState/{state.power}", "level": "Info", "displayStatus": f"VM {state.power}"},
        ],
    }
    if state.power == "running":
        windows = _os_type(document) == "Windows"
        view |= {
            "computerName": f"{document['name']}{number:06d}",
            "osName": "Windows Server 2022 Datacenter" if windows else "ubuntu",
            "osVersion": "10.0.20348" if windows else "22.04",
            "hyperVGeneration": "V2",
            "extensions": [_extension_view(item, state, at) for item in _extensions(document)],
        }
        if state.health:
            health = _status(f"HealthState/{state.health}", f"The VM is reporting itself as {state.health}.", at)
            view["vmHealth"] = {"status": health}
    return view


def _status(code: str, text: str, at: str) -> dict[str, Any]:
    level = next((level for word, level in _LEVELS.items() if code.lower().endswith(word.lower())), "Info")
    return {"code": code, "level": level, "displayStatus": text, "time": at}


def _extensions(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    profile = profile_of(document).get("extensionProfile")
    extensions = profile.get("extensions") if isinstance(profile, Mapping) else None
    return [item for item in extensions or () if isinstance(item, Mapping)]


def _extension_view(extension: Mapping[str, Any], state: InstanceState, at: str) -> dict[str, Any]:
    properties = extension.get("properties") or {}
    kind = str(properties.get("type", ""))
    view: dict[str, Any] = {
        "name": extension.get("name", ""),
        "type": f"{properties.get('publisher', '')}.{kind}",
        "typeHandlerVersion": f"{properties.get('typeHandlerVersion', '1.0')}.1",
        "statuses": [_status("ProvisioningState/succeeded", "Ready", at)],
    }
    if state.skip_upgrade and kind.lower().startswith("applicationhealth"):
        metric = json.dumps({"SkipUpgrade": state.skip_upgrade})
        code = "ComponentStatus/CustomMetrics/succeeded"
        view["substatuses"] = [_status(code, "Provisioning succeeded", at) | {"message": metric}]
    return view


def extension_names(document: Mapping[str, Any]) -> list[str]:
    """Answer the names of the model's extensions, in order."""
    return [str(item.get("name", "")) for item in _extensions(document)]
