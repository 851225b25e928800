"""Which instances of Flexible scale sets a schedule for guests reaches, and which scale sets ask for one."""

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.facts.resource_id import parse_resource_id
from scanner.reading.azure_values import optional, required, text
from scanner.reading.image_rows import region
from scanner.reading.maintenance_rows import DynamicScope
from scanner.reading.posture_guests import ReadGuest
from scanner.reading.reader import Reader

_MACHINES = "microsoft.compute/virtualmachines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An instance of a Flexible scale set; or the scale set itself, as its instances begin."""

    key: str
    """Resource id in lower case."""
    subscription_id: str
    resource_group: str
    """Lower case."""
    location: str | None
    os_type: str | None
    tags: Mapping[str, str] | None
    """Names and values in lower case; ``None``: not read."""


def asks_for_patching(row: Mapping[str, object]) -> bool:
    """Whether the model of a scale set lets the platform patch the guests: only then are schedules asked for."""
    profile = required(required(row, "properties"), "virtualMachineProfile")
    os_profile = optional(profile, "osProfile")
    for name in ("linuxConfiguration", "windowsConfiguration"):
        settings = optional(optional(os_profile, name), "patchSettings")
        mode = None if settings is None else settings.get("patchMode")
        if isinstance(mode, str) and mode.lower() == "automaticbyplatform":
            return True
    return False


def machine_of(row: Mapping[str, object]) -> tuple[str, Machine] | None:
    """Read an instance, and the key of its scale set; ``None``: it is none, or cannot be read."""
    scale_set = text(row.get("scaleSet"))
    machine = _machine(row, row.get("osType"))
    return None if scale_set is None or machine is None else (scale_set.lower(), machine)


def as_machine(row: Mapping[str, object]) -> Machine | None:
    """Read a scale set as its instances begin: in its group and region, with its tags and system."""
    profile = required(required(row, "properties"), "virtualMachineProfile")
    disk = optional(optional(profile, "storageProfile"), "osDisk")
    guest = ReadGuest(profile, optional(profile, "storageProfile"), Reader())
    told = None if disk is None else disk.get("osType")
    return _machine(row, told if guest.os_type is None else guest.os_type.value)


def reaches(scope: DynamicScope, machine: Machine) -> bool | None:
    """Whether a filter finds a machine; ``None``: it cannot be said.

    https://learn.microsoft.com/azure/update-manager/dynamic-scope-overview
    """
    if scope.subscription_id != machine.subscription_id:
        return False
    if scope.resource_group and scope.resource_group != machine.resource_group:
        return False
    answers = [
        _is_in(machine.location, scope.locations),
        _is_in(machine.os_type, scope.os_types),
        _is_in(machine.resource_group, scope.resource_groups),
        _is_in(_MACHINES, scope.resource_types),
        _has_tags(scope, machine),
    ]
    if False in answers:
        return False
    return None if None in answers else True


def needs_tags(scope: DynamicScope) -> bool:
    """Whether the tags of each machine decide."""
    return scope.tags is None or bool(scope.tags)


def _machine(row: Mapping[str, object], os_type: object) -> Machine | None:
    found = parse_resource_id(row.get("id"))
    if found is None:
        return None
    system = text(os_type)
    return Machine(
        key=found.key,
        subscription_id=found.subscription,
        resource_group=found.resource_group.lower(),
        location=region(row.get("location")),
        os_type=None if system is None else system.lower(),
        tags=_tags(row.get("tags")),
    )


def _tags(value: object) -> Mapping[str, str] | None:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return None
    return {str(name).lower(): str(told).lower() for name, told in value.items()}


def _is_in(value: str | None, wanted: frozenset[str] | None) -> bool | None:
    if wanted is None:
        return None
    if not wanted:
        return True
    return None if value is None else value in wanted


def _has_tags(scope: DynamicScope, machine: Machine) -> bool | None:
    if scope.tags is None or scope.all_tags is None:
        return None
    if not scope.tags:
        return True
    if machine.tags is None:
        return None
    tags = machine.tags
    found = [name in tags and (not values or tags[name] in values) for name, values in scope.tags.items()]
    return all(found) if scope.all_tags else any(found)
