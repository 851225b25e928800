"""Whose an extension or a patch of a Terraform plan is: by id, or by what its argument refers to."""

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.plans import azapi, azurerm
from scanner.plans.planned import Action
from scanner.plans.terraform_configuration import Configuration, Target
from scanner.plans.values import text

SCALE_SETS = azurerm.KINDS | azapi.KINDS
_PROVIDER = "/providers/Microsoft.Compute/virtualMachineScaleSets/"


@dataclass(slots=True)
class Resource:
    """A managed resource of the plan that is of interest, with what it will be."""

    address: str
    kind: str
    name: str
    module: tuple[str, ...]
    module_address: str
    index: str
    action: Action
    values: Mapping[str, object]
    expressions: Mapping[str, object] | None
    before_id: str = ""
    taken_for_absent: tuple[str, ...] = ()
    document: dict[str, object] | None = None

    @property
    def id(self) -> str:
        """The resource id, where the plan knows it."""
        return text(self.values.get("id")) or self.before_id


class Finder:
    """Finds the scale sets of the plan that another resource of the plan is about."""

    def __init__(self, sets: list[Resource], configuration: Configuration) -> None:
        self._sets = sets
        self._configuration = configuration
        self._by_id = {item.id.lower(): item for item in sets if item.id}
        self._unnamed = [item for item in sets if not item.id]

    def of(self, resource: Resource) -> tuple[list[Resource], bool]:
        """List the scale sets that this one may belong to, none if it is another's; and whether that is certain."""
        argument, identifier = _parent(resource)
        if identifier:
            found = self._by_id.get(identifier.lower())
            return ([found] if found is not None else []), True
        expressions = resource.expressions or {}
        targets = self._configuration.targets(resource.module, expressions.get(argument))
        if not any(target.type in SCALE_SETS for target in targets):
            return self._unnamed, False  # nothing says which; those that have an id would have been named by it
        found_sets = [item for item in self._sets if any(_is(target, item) for target in targets)]
        beside = [item for item in found_sets if item.module_address == resource.module_address]
        found_sets = beside or found_sets
        if len(found_sets) > 1 and resource.index:
            same = [item for item in found_sets if item.index == resource.index]
            found_sets = same if len(same) == 1 and not any(target.index for target in targets) else found_sets
        return found_sets, len(found_sets) == 1


def _parent(resource: Resource) -> tuple[str, str]:
    """Name the argument that says whose this is, and its value where the plan knows it."""
    for argument in ("virtual_machine_scale_set_id", "resource_id", "parent_id"):
        if argument in resource.values and resource.values[argument] is not None:
            identifier = text(resource.values[argument])
            if argument == "parent_id" and azapi.is_update(resource.kind, resource.values):
                name = text(resource.values.get("name"))
                identifier = f"{identifier}{_PROVIDER}{name}" if identifier and name else ""
            return argument, identifier
    return "virtual_machine_scale_set_id", ""


def _is(target: Target, resource: Resource) -> bool:
    same = (target.module, target.type, target.name) == (resource.module, resource.kind, resource.name)
    return same and target.index in ("", resource.index)
