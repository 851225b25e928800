"""From a scale set as Azure wrote it to a posture: the one place where Azure's spelling becomes ours.

Three shapes are read: ARM's (``properties`` nested, also as Resource Graph rows hold it), that of ``az vmss show`` and
``az vmss list`` (flattened, with ``automaticOsUpgradePolicy``), and ARM's of old API versions (``automaticOSUpgrade``).
Property names are matched exactly, in these documented spellings. Whatever else a document holds is passed over.
"""

from collections.abc import Mapping

from scanner.errors import MonitorError
from scanner.facts import arm_paths as arm
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import LifecycleHook, OrchestrationMode, Posture
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.facts.tags import Tags
from scanner.reading.azure_values import (
    Block,
    as_reported,
    choice,
    is_blank,
    listed,
    optional,
    required,
    text,
)
from scanner.reading.posture_extensions import ReadExtensions
from scanner.reading.posture_guests import ReadGuest
from scanner.reading.posture_images import read_image
from scanner.reading.posture_owners import find_owner
from scanner.reading.posture_upgrades import ReadPolicy
from scanner.reading.reader import Reader

_ORCHESTRATION_MODES = {
    "uniform": OrchestrationMode.UNIFORM,
    "scalesetvm": OrchestrationMode.UNIFORM,
    "flexible": OrchestrationMode.FLEXIBLE,
    "virtualmachines": OrchestrationMode.FLEXIBLE,
    "vm": OrchestrationMode.FLEXIBLE,
}
_HOOK_ACTIONS = {"approve": "approve", "reject": "reject"}
_FLATTENED = frozenset({
    "orchestrationMode",
    "upgradePolicy",
    "virtualMachineProfile",
    "overprovision",
    "provisioningState",
    "singlePlacementGroup",
    "uniqueId",
    "automaticRepairsPolicy",
    "externalHealthPolicy",
    "lifecycleHooksProfile",
})  # fmt: skip


class UnreadableRowError(MonitorError):
    """A row is no scale set that could be named, so nothing can be remembered of it."""


def parse_scale_set(document: object, *, resource_group_managed_by: str | None = None) -> Posture:
    """Read the posture of one scale set.

    ``resource_group_managed_by`` is ``managedBy`` of its resource group, where it has one. Raises
    ``UnreadableRowError`` when the document is no object or has no resource id of a scale set, and nothing else,
    whatever the document holds: a value that cannot be read is ``None`` in the posture.
    """
    if not isinstance(document, Mapping):
        raise UnreadableRowError(f"A scale set is a JSON object; this is {type(document).__name__}.")
    identity = _identity(document)
    properties = _properties(document)
    reader = Reader()
    policy = required(properties, "upgradePolicy")
    profile = required(properties, "virtualMachineProfile")
    extensions = ReadExtensions(profile, reader)
    raw_tags = document.get("tags")
    tags = raw_tags if isinstance(raw_tags, dict) else {}
    owner = find_owner(tags, extensions.publishers, document.get("managedBy"), resource_group_managed_by)
    storage = optional(profile, "storageProfile")
    guest = ReadGuest(profile, storage, reader)
    read = ReadPolicy(policy, reader)
    location = text(document.get("location"))
    unique_id = None if properties is None else text(properties.get("uniqueId"))
    return Posture(
        scale_set_id=identity.text,
        name=identity.name,
        subscription_id=identity.subscription,
        resource_group=identity.resource_group,
        location=None if location is None else location.lower().replace(" ", ""),
        unique_id=unique_id,
        api_version=text(document.get("apiVersion")),
        tags=Tags({name: value for name, value in tags.items() if isinstance(value, str)}),
        tags_read=raw_tags is None or isinstance(raw_tags, dict),
        unreadable_tags=frozenset(
            [name.lower() for name, value in tags.items() if value is not None and not isinstance(value, str)]
        ),
        managed_by=None if owner is None else owner[0],
        managed_by_evidence=None if owner is None else owner[1],
        service_fabric=extensions.service_fabric,
        durability=extensions.durability,
        orchestration_mode=_orchestration_mode(properties, reader),
        upgrade_mode=read.mode,
        automatic_os_upgrade=read.automatic_os_upgrade,
        automatic_rollback_disabled=read.rollback_disabled,
        use_rolling_upgrade_policy=read.use_rolling,
        os_rolling_upgrade_deferral=read.deferral,
        max_batch_instance_percent=read.max_batch,
        max_unhealthy_instance_percent=read.max_unhealthy,
        max_unhealthy_upgraded_instance_percent=read.max_unhealthy_upgraded,
        pause_between_batches_seconds=read.pause,
        max_surge=read.max_surge,
        overprovision=reader.flag(arm.OVERPROVISION, properties, "overprovision", default=None),
        capacity=reader.number(arm.CAPACITY, required(document, "sku"), "capacity"),
        os_type=guest.os_type,
        image=read_image(storage, reader),
        service_artifact_reference=_artifact(profile, reader),
        health_probe=_probe(profile, reader),
        application_health=extensions.application_health,
        application_health_protocol=extensions.protocol,
        external_health_policy=reader.flag(
            arm.EXTERNAL_HEALTH, optional(properties, "externalHealthPolicy"), "enabled"
        ),
        automatic_repairs=reader.flag(arm.REPAIRS, optional(properties, "automaticRepairsPolicy"), "enabled"),
        windows_automatic_updates=guest.windows_automatic_updates,
        windows_patch_mode=guest.windows_patch_mode,
        linux_patch_mode=guest.linux_patch_mode,
        platform_patching=guest.platform_patching,
        extensions=extensions.items,
        lifecycle_hooks=_hooks(properties, reader),
        reported=reader.reported,
    )


def _identity(document: Mapping[str, object]) -> ResourceId:
    identifier = document.get("id")
    if not isinstance(identifier, str):
        raise UnreadableRowError("The row has no id, so it cannot be told which scale set it is.")
    read = parse_resource_id(identifier)
    if read is None or not read.is_scale_set:
        raise UnreadableRowError(f"{identifier[:512]!r} is no resource id of a scale set.")
    return read


def _properties(document: Mapping[str, object]) -> Block | None:
    nested = document.get("properties")
    if isinstance(nested, dict):
        return nested
    return document if nested is None and not _FLATTENED.isdisjoint(document) else None


def _orchestration_mode(properties: Block | None, reader: Reader) -> OrchestrationMode | None:
    if properties is None:
        return None
    if properties.get("orchestrationMode") is not None:
        return reader.choice(arm.ORCHESTRATION_MODE, properties, "orchestrationMode", choices=_ORCHESTRATION_MODES)
    model = (properties.get("upgradePolicy"), properties.get("virtualMachineProfile"))
    if any(isinstance(block, dict) for block in model):
        return OrchestrationMode.UNIFORM
    return OrchestrationMode.FLEXIBLE if model == (None, None) else None


def _probe(profile: Block | None, reader: Reader) -> bool | None:
    probe = optional(optional(profile, "networkProfile"), "healthProbe")
    if probe is None:
        return None
    value = probe.get("id")
    if is_blank(value):
        return False
    reader.note(arm.PROBE, as_reported(value))
    return True if isinstance(value, str) else None


def _artifact(profile: Block | None, reader: Reader) -> str | None:
    reference = optional(profile, "serviceArtifactReference")
    if reference is None:
        return None
    value = reference.get("id")
    if is_blank(value):
        return ""
    reader.note(arm.ARTIFACT, as_reported(value))
    return value.lower() if isinstance(value, str) else None


def _hooks(properties: Block | None, reader: Reader) -> tuple[LifecycleHook, ...] | None:
    found = listed(optional(properties, "lifecycleHooksProfile"), "lifecycleHooks")
    if not found:
        return None if found is None else ()
    hooks: list[LifecycleHook] = []
    seen: list[JsonValue] = []
    for raw in found:
        hook = raw if isinstance(raw, dict) else {"defaultAction": 0}  # no hook that can be read
        kind, action = text(hook.get("type")), hook.get("defaultAction")
        seen.append({"type": kind, "defaultAction": as_reported(action)})
        hooks.append(
            LifecycleHook(
                type=None if kind is None else kind.lower(),
                default_action="approve" if action is None else choice(action, _HOOK_ACTIONS),
            )
        )
    reader.note(arm.HOOKS, seen)
    return tuple(hooks)
