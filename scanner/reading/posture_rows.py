"""From a scale set as Azure wrote it to a posture: the one place where Azure's spelling becomes ours.

Three shapes are read: ARM's (``properties`` nested, also as Resource Graph rows hold it), that of ``az vmss show`` and
``az vmss list`` (flattened, with ``automaticOsUpgradePolicy``), and ARM's of old API versions (``automaticOSUpgrade``).
Property names are matched exactly, in these documented spellings. Whatever else a document holds is passed over.
"""

from collections.abc import Mapping

from scanner.errors import MonitorError
from scanner.facts import arm_paths as arm
from scanner.facts.posture import OrchestrationMode, Posture
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.reading.azure_values import (
    Block,
    optional,
    required,
    text,
)
from scanner.reading.posture_extensions import ReadExtensions
from scanner.reading.posture_guests import ReadGuest
from scanner.reading.posture_images import ReadImage
from scanner.reading.posture_owners import find_owner
from scanner.reading.posture_parts import read_artifact, read_hooks, read_probe
from scanner.reading.posture_tags import ReadTags, is_graph_row
from scanner.reading.posture_upgrades import ReadPolicy
from scanner.reading.reader import Reader

_ORCHESTRATION_MODES = {
    "uniform": OrchestrationMode.UNIFORM,
    "scalesetvm": OrchestrationMode.UNIFORM,
    "flexible": OrchestrationMode.FLEXIBLE,
    "virtualmachines": OrchestrationMode.FLEXIBLE,
    "vm": OrchestrationMode.FLEXIBLE,
}
_MODEL = frozenset({
    "additionalCapabilities",
    "automaticRepairsPolicy",
    "constrainedMaximumCapacity",
    "doNotRunExtensionsOnOverprovisionedVMs",
    "externalHealthPolicy",
    "highSpeedInterconnectPlacement",
    "hostGroup",
    "lifecycleHooksProfile",
    "orchestrationMode",
    "overprovision",
    "platformFaultDomainCount",
    "priorityMixPolicy",
    "proximityPlacementGroup",
    "resiliencyPolicy",
    "scaleInPolicy",
    "scheduledEventsPolicy",
    "singlePlacementGroup",
    "skuProfile",
    "spotRestorePolicy",
    "upgradePolicy",
    "virtualMachineProfile",
    "zonalPlatformFaultDomainAlignMode",
    "zoneBalance",
})  # fmt: skip
"""The properties of the model. Lists of resources hold others, such as ``provisioningState``, and no model."""


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
    properties = _model(document)
    reader = Reader()
    policy = required(properties, "upgradePolicy")
    profile = required(properties, "virtualMachineProfile")
    storage = optional(profile, "storageProfile")
    guest = ReadGuest(profile, storage, reader)
    extensions = ReadExtensions(profile, guest.os_type, reader)
    tags = ReadTags(document, has_model=properties is not None)
    raw_tags = document.get("tags")
    owner = find_owner(
        raw_tags if isinstance(raw_tags, dict) else {},
        tags.tags,
        extensions.owner,
        document.get("managedBy"),
        resource_group_managed_by,
    )
    read = ReadPolicy(policy, reader)
    image = ReadImage(storage, reader)
    location = text(document.get("location"))
    return Posture(
        scale_set_id=identity.text,
        name=identity.name,
        subscription_id=identity.subscription,
        resource_group=identity.resource_group,
        location=None if location is None else location.lower().replace(" ", ""),
        zones=_zones(document),
        unique_id=_unique_id(document),
        api_version=text(document.get("apiVersion")),
        tags=tags.tags,
        tags_read=tags.are_read,
        unreadable_tags=tags.unreadable,
        managed_by=None if owner is None else owner[0],
        managed_by_evidence=None if owner is None else owner[1],
        service_fabric=extensions.service_fabric,
        durability=extensions.durability,
        cluster_endpoint=extensions.cluster_endpoint,
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
        capacity=_capacity(document, reader),
        os_type=guest.os_type,
        image=image.image,
        canonical_image=image.is_canonical,
        service_artifact_reference=read_artifact(profile, reader),
        health_probe=read_probe(profile, reader),
        application_health=extensions.application_health,
        application_health_protocol=extensions.protocol,
        health_extensions=extensions.health,
        external_health_policy=reader.flag(
            arm.EXTERNAL_HEALTH, optional(properties, "externalHealthPolicy"), "enabled"
        ),
        automatic_repairs=reader.flag(arm.REPAIRS, optional(properties, "automaticRepairsPolicy"), "enabled"),
        windows_automatic_updates=guest.windows_automatic_updates,
        guest=guest.guest,
        platform_patching=guest.platform_patching,
        extensions=extensions.items,
        credentials=extensions.credentials,
        has_identity=_has_identity(document, reader),
        lifecycle_hooks=read_hooks(properties, reader),
        reported=reader.reported,
    )


def _identity(document: Mapping[str, object]) -> ResourceId:
    identifier = document.get("id")
    if not isinstance(identifier, str):
        raise UnreadableRowError("The row has no id, so it is not known which scale set it is.")
    read = parse_resource_id(identifier)
    if read is None or not read.is_scale_set:
        raise UnreadableRowError(f"{identifier[:512]!r} is not the resource id of a scale set.")
    return read


def _model(document: Mapping[str, object]) -> Block | None:
    """Find the block that holds the model; ``None``: the row has none, and says nothing about it."""
    nested = document.get("properties")
    block = document if nested is None else nested
    if not isinstance(block, Mapping):
        return None
    return block if any(block[name] is not None for name in _MODEL.intersection(block)) else None


def _unique_id(document: Mapping[str, object]) -> str | None:
    nested = document.get("properties")
    block = nested if isinstance(nested, Mapping) else document
    return text(block.get("uniqueId"))


def _zones(document: Mapping[str, object]) -> tuple[str, ...] | None:
    """Read the availability zones; a column that is not in a row of Resource Graph was not read.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-use-availability-zones.
    """
    zones = document.get("zones")
    if zones is None:
        return None if is_graph_row(document) and "zones" not in document else ()
    if not isinstance(zones, list) or not all(isinstance(zone, str) and zone.isdigit() for zone in zones):
        return None
    return tuple(sorted(set(zones)))


def _capacity(document: Mapping[str, object], reader: Reader) -> int | None:
    """Read the number of instances; one below zero, or that is not whole, is none."""
    capacity = reader.number(arm.CAPACITY, required(document, "sku"), "capacity")
    return capacity if isinstance(capacity, int) and capacity >= 0 else None


def _has_identity(document: Mapping[str, object], reader: Reader) -> bool | None:
    """Whether the scale set has a managed identity; a column that is not in the row was not read."""
    identity = document.get("identity")
    if identity is None:
        return None if is_graph_row(document) and "identity" not in document else False
    if not isinstance(identity, Mapping):
        return None
    if all(value is None for value in identity.values()):
        return False
    kind = reader.value(arm.IDENTITY, identity, "type")
    if not isinstance(kind, str):
        return None
    kinds = {part.strip().lower() for part in kind.split(",")}
    if kinds == {"none"}:
        return False
    return True if kinds <= {"systemassigned", "userassigned"} else None


def _orchestration_mode(properties: Block | None, reader: Reader) -> OrchestrationMode | None:
    """Read the mode; where it is absent, an upgrade policy tells Uniform, as Flexible had none in old API versions."""
    if properties is None:
        return None
    if properties.get("orchestrationMode") is not None:
        return reader.choice(arm.ORCHESTRATION_MODE, properties, "orchestrationMode", choices=_ORCHESTRATION_MODES)
    policy = properties.get("upgradePolicy")
    if policy is None:
        return OrchestrationMode.FLEXIBLE
    return OrchestrationMode.UNIFORM if isinstance(policy, dict) else None
