"""What a scale set's posture is after an edit of its model: by this a remediation knows which rules fail next."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Switch
from scanner.facts.posture import OsType, PatchMode, Posture, UpgradeMode
from scanner.facts.three_valued import any_of
from scanner.rules.remediation.edits import Edit, Remove, Scale, Set

_EXTENSION = re.compile(rf"({re.escape(arm.EXTENSIONS)}\[[0-9]+\]\.properties)\.(.+)")
_HOOK = re.compile(rf"{re.escape(arm.HOOKS)}\[([0-9]+)\]\.defaultAction")
_PLAIN: Mapping[str, str] = {
    arm.OS_UPGRADE: "automatic_os_upgrade",
    arm.ROLLBACK_DISABLED: "automatic_rollback_disabled",
    arm.DEFERRAL: "os_rolling_upgrade_deferral",
    arm.MAX_BATCH: "max_batch_instance_percent",
    arm.MAX_UNHEALTHY: "max_unhealthy_instance_percent",
    arm.MAX_UNHEALTHY_UPGRADED: "max_unhealthy_upgraded_instance_percent",
    arm.MAX_SURGE: "max_surge",
    arm.OVERPROVISION: "overprovision",
    arm.EXTERNAL_HEALTH: "external_health_policy",
    arm.REPAIRS: "automatic_repairs",
}
_PATCH_MODES = {
    "Manual": PatchMode.MANUAL,
    "AutomaticByPlatform": PatchMode.AUTOMATIC_BY_PLATFORM,
    "ImageDefault": PatchMode.IMAGE_DEFAULT,
}


def applied(posture: Posture, edits: Iterable[Edit]) -> Posture:
    """Say what the posture is after these edits. Raises ``ValueError`` for an edit that it does not know."""
    for edit in edits:
        posture = _applied(posture, edit)
    return posture


def _applied(posture: Posture, edit: Edit) -> Posture:
    match edit:
        case Scale(capacity):
            return replace(posture, capacity=capacity)
        case Remove(path):
            return _removed(posture, path)
        case Set(path, value):
            return _assigned(posture, path, value)


def _removed(posture: Posture, path: str) -> Posture:
    if path == arm.PROBE.removesuffix(".id"):
        return replace(posture, health_probe=False)
    if path == arm.ARTIFACT.removesuffix(".id"):
        return replace(posture, service_artifact_reference="")
    if path.startswith(f"{arm.IMAGE}."):
        return posture  # other properties name the image in its place
    if path.startswith(f"{arm.EXTENSIONS}["):
        return _without_extension(posture, f"{path}.properties")
    raise ValueError(f"What removing {path} does to a posture is not known.")


def _without_extension(posture: Posture, path: str) -> Posture:
    extensions = tuple([item for item in posture.extensions or () if item.path != path])
    return replace(
        posture,
        extensions=extensions,
        health_extensions=tuple([item for item in posture.health_extensions if item.path != path]),
        application_health=any_of(*[item.is_application_health for item in extensions]),
    )


def _assigned(posture: Posture, path: str, value: Any) -> Posture:
    if path in _PLAIN:
        changes: dict[str, Any] = {_PLAIN[path]: value}
        return replace(posture, **changes)
    if path in _SPECIAL:
        return _SPECIAL[path](posture, value)
    if path.startswith(f"{arm.IMAGE}."):
        # Only ever from a version to the newest one.
        return replace(posture, image=posture.image and replace(posture.image, version="latest"))
    if match := _EXTENSION.fullmatch(path):
        return _extension(posture, match[1], match[2], value)
    if match := _HOOK.fullmatch(path):
        hooks = list(posture.lifecycle_hooks or ())
        hooks[int(match[1])] = replace(hooks[int(match[1])], default_action=value.lower())
        return replace(posture, lifecycle_hooks=tuple(hooks))
    raise ValueError(f"What setting {path} does to a posture is not known.")


def _extension(posture: Posture, path: str, name: str, value: Any) -> Posture:
    changes: dict[str, dict[str, Any]] = {
        "enableAutomaticUpgrade": {"automatic_upgrade": Switch.ON if value else Switch.OFF},
        "provisionAfterExtensions": {"has_predecessor": True},
        "typeHandlerVersion": {"handler_version": _numbers(value)},
    }
    return replace(
        posture,
        extensions=tuple(
            [replace(item, **changes[name]) if item.path == path else item for item in posture.extensions or ()]
        ),
    )


def _numbers(value: Any) -> tuple[int, ...] | None:
    return tuple([int(part) for part in value.split(".")]) if isinstance(value, str) else None


def _mode(posture: Posture, value: str) -> Posture:
    return replace(posture, upgrade_mode=UpgradeMode(value.lower()))


def _pause(posture: Posture, value: str) -> Posture:
    number, unit = int(value[2:-1]), value[-1]
    return replace(posture, pause_between_batches_seconds=number * 60 if unit == "M" else number)


def _windows_updates(posture: Posture, value: bool) -> Posture:  # noqa: FBT001 - the value of a property
    switch = Switch.ON if value else Switch.OFF
    guest = replace(posture.guest, automatic_updates=switch) if posture.os_type is OsType.WINDOWS else posture.guest
    return replace(posture, windows_automatic_updates=switch, guest=guest)


def _windows_mode(posture: Posture, value: str) -> Posture:
    return _patch_mode(posture, OsType.WINDOWS, value, arm.LINUX_PATCH_MODE)


def _linux_mode(posture: Posture, value: str) -> Posture:
    return _patch_mode(posture, OsType.LINUX, value, arm.WINDOWS_PATCH_MODE)


def _patch_mode(posture: Posture, os_type: OsType, value: str, path_of_other: str) -> Posture:
    mode = _PATCH_MODES[value]
    guest = replace(posture.guest, patch_mode=mode) if posture.os_type is os_type else posture.guest
    by_platform = any_of(mode is PatchMode.AUTOMATIC_BY_PLATFORM, is_by_platform(posture, path_of_other))
    return replace(posture, guest=guest, platform_patching=by_platform)


def is_by_platform(posture: Posture, path: str) -> bool:
    """Whether the patch mode under this path was reported as AutomaticByPlatform."""
    value = posture.reported[path].value
    return isinstance(value, str) and value.lower() == "automaticbyplatform"


def _agent(posture: Posture, value: bool) -> Posture:  # noqa: FBT001 - the value of a property
    return replace(posture, guest=replace(posture.guest, agent=value))


def _extension_operations(posture: Posture, value: bool) -> Posture:  # noqa: FBT001 - the value of a property
    return replace(posture, guest=replace(posture.guest, extension_operations=value))


def _schedule(posture: Posture, value: bool) -> Posture:  # noqa: FBT001 - the value of a property
    return replace(posture, guest=replace(posture.guest, customer_schedule=value))


_SPECIAL: Mapping[str, Callable[[Posture, Any], Posture]] = {
    arm.MODE: _mode,
    arm.PAUSE: _pause,
    arm.WINDOWS_UPDATES: _windows_updates,
    arm.WINDOWS_PATCH_MODE: _windows_mode,
    arm.LINUX_PATCH_MODE: _linux_mode,
    arm.AGENT_WINDOWS: _agent,
    arm.AGENT_LINUX: _agent,
    arm.EXTENSION_OPERATIONS: _extension_operations,
    arm.SCHEDULE_WINDOWS: _schedule,
    arm.SCHEDULE_LINUX: _schedule,
}
