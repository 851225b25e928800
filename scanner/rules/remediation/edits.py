"""Edits of a scale set's model: what a remediation changes, told apart from the command that does it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.facts import arm_paths as arm
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import OrchestrationMode, Posture, UpgradeMode
from scanner.rules.remediation.data import Command

_MODEL = "properties.virtualMachineProfile."
_NONE = "No instance."


@dataclass(frozen=True, slots=True)
class Set:
    """Give a property this value. ``path`` is ARM's, with ``[0]`` for an item of a list."""

    path: str
    value: bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a property, a block, or an item of a list away."""

    path: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Ask for this many instances."""

    capacity: int


type Edit = Set | Remove | Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rule wants changed on one scale set, before the commands are made of it."""

    note: str
    edits: tuple[Edit, ...] = ()
    """Empty: no command can do it."""
    bicep: str = ""
    """Empty: the edits say it; without edits, there is only a note."""
    terraform: str = ""
    """Empty: there is only a note."""
    restarts: str = ""
    """Empty: the edits and the upgrade mode say it."""


UNKNOWN_PART = "(not-known)"
"""Stands in an id for a part that only a deployment knows."""


def commands_of(plan: Plan, posture: Posture) -> tuple[Command, ...]:
    """Make the commands: more instances first, then one update of the model. None where a template still has to be evaluated."""
    if not all(_is_evaluated(word) for word in _words(plan, posture)):
        return ()
    return (*_scaling(plan, posture), *_update(plan, posture))


def _words(plan: Plan, posture: Posture) -> Iterator[str]:
    """Yield what comes from the scale set and would stand in a command."""
    yield from (posture.subscription_id, posture.resource_group, posture.name)
    for edit in plan.edits:
        if isinstance(edit, Set):
            values = edit.value if isinstance(edit.value, tuple) else (edit.value,)
            yield from [value for value in values if isinstance(value, str)]


def _is_evaluated(word: str) -> bool:
    """Whether it is a value, and not an expression of a template or a part of an id that is not known yet.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions.
    """
    is_expression = word.startswith("[") and word.endswith("]") and not word.startswith("[[")
    return not is_expression and UNKNOWN_PART not in word


def bicep_of(plan: Plan) -> str:
    """Write the properties to set in Bicep."""
    if plan.bicep or not plan.edits:
        return plan.bicep
    return "; ".join([_bicep(edit) for edit in plan.edits])


def model_restarts(mode: UpgradeMode | None, posture: Posture) -> str:
    """Say which instances may restart when the model changes in this upgrade mode.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy.
    """
    match mode:
        case UpgradeMode.AUTOMATIC:
            return "All instances may restart at once: the upgrade mode is Automatic."
        case UpgradeMode.ROLLING:
            return "All instances may restart, batch by batch: the upgrade mode is Rolling."
        case UpgradeMode.MANUAL if posture.orchestration_mode is OrchestrationMode.FLEXIBLE:
            return "No instance: existing VMs keep their settings until each is updated or replaced."
        case UpgradeMode.MANUAL:
            return (
                "No instance yet: existing instances keep the old model until they are brought to the latest one "
                "(az vmss update-instances), which may restart them."
            )
        case None:
            return "It depends on the upgrade mode, which was not read: in mode Automatic, all instances at once."


def _scaling(plan: Plan, posture: Posture) -> Iterator[Command]:
    for edit in plan.edits:
        if isinstance(edit, Scale):
            yield Command(
                argv=("az", "vmss", "scale", *_target(posture), "--new-capacity", str(edit.capacity)),
                changes=f"{arm.CAPACITY} = {edit.capacity}",
                restarts="No instance: new ones are added.",
            )


def _update(plan: Plan, posture: Posture) -> Iterator[Command]:
    edits = [edit for edit in plan.edits if not isinstance(edit, Scale)]
    if not edits:
        return
    argv = ["az", "vmss", "update", *_target(posture)]
    removed = [edit for edit in edits if isinstance(edit, Remove)]
    for edit in removed:
        argv += ["--remove", *_cli_item(edit.path)]
    assigned = [f"{_cli_path(edit.path)}={_cli_value(edit.value)}" for edit in edits if isinstance(edit, Set)]
    argv += ["--set", *assigned] if assigned else []
    yield Command(
        argv=tuple(argv),
        changes="; ".join([_describe(edit) for edit in edits]),
        restarts=plan.restarts or _restarts(edits, posture),
    )


def _restarts(edits: list[Set | Remove], posture: Posture) -> str:
    mode = next((edit.value for edit in edits if isinstance(edit, Set) and edit.path == arm.MODE), None)
    after = posture.upgrade_mode if mode is None else UpgradeMode(str(mode).lower())
    if any(edit.path.startswith(_MODEL) for edit in edits):
        return model_restarts(after, posture)
    if posture.upgrade_mode in {UpgradeMode.MANUAL, None} and after not in {UpgradeMode.MANUAL, None}:
        return f"Instances that are not on the latest model may restart: the upgrade mode becomes {mode}."
    return _NONE


def _target(posture: Posture) -> list[str]:
    names = {
        "--subscription": posture.subscription_id,
        "--resource-group": posture.resource_group,
        "--name": posture.name,
    }
    words: list[str] = []
    for option, value in names.items():
        # A value that begins with a dash would be read as another option.
        words += [f"{option}={value}"] if value.startswith("-") else [option, value]
    return words


def _cli_path(path: str) -> str:
    """Write a path as the Azure CLI has it: what ARM keeps in ``properties`` stands beside the name."""
    return path.removeprefix("properties.").replace("].properties.", "].")


def _cli_item(path: str) -> list[str]:
    """Write what ``--remove`` takes: a path, and of an item of a list the place as a word of its own."""
    if not path.endswith("]"):
        return [_cli_path(path)]
    items, _, place = path.removesuffix("]").rpartition("[")
    return [_cli_path(items), place]


def _cli_value(value: bool | float | str | tuple[str, ...]) -> str:  # noqa: FBT001 - a value of ARM's, whatever its type
    """Write a value so that the Azure CLI, which reads JSON where it can, reads exactly this one."""
    if isinstance(value, str) and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _describe(edit: Set | Remove) -> str:
    return f"{edit.path} is removed" if isinstance(edit, Remove) else f"{edit.path} = {_plain(edit.value)}"


def _plain(value: bool | float | str | tuple[str, ...]) -> str:  # noqa: FBT001 - as above
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bicep(edit: Edit) -> str:
    match edit:
        case Scale(capacity):
            return f"{arm.CAPACITY}: {capacity}"
        case Remove(path):
            return f"remove {path}"
        case Set(path, value):
            return f"{path}: {bicep_value(value)}"


def bicep_value(value: JsonValue | tuple[str, ...]) -> str:
    """Write a value as Bicep does: texts in single quotes."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
        return f"'{escaped}'"
    if isinstance(value, tuple):
        return f"[{', '.join([bicep_value(item) for item in value])}]"
    return json.dumps(value)


def terraform_value(value: JsonValue) -> str:
    """Write a value as Terraform does: texts in double quotes."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
