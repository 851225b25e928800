"""Scale sets in a Terraform (or OpenTofu) plan, as ``terraform show -json`` writes it.

https://developer.hashicorp.com/terraform/internals/json-format.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.plans import azapi, azurerm
from scanner.plans.arm import append_extension
from scanner.plans.azurerm_extensions import one_extension, public_part
from scanner.plans.gaps import gaps_of
from scanner.plans.planned import Action, Place, Planned, PlanReading, Source
from scanner.plans.terraform_configuration import Configuration, Target, module_path
from scanner.plans.values import AFTER_APPLY, planned_value, text

EXTENSION = "azurerm_virtual_machine_scale_set_extension"
_COMPUTED = ("extension", "automatic_instance_repair", "gallery_application", "extension_operations_enabled")
"""Arguments that the provider computes where they are not set: unknown then, although the plan knows they are absent."""
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]$')
SCALE_SETS = azurerm.KINDS | azapi.KINDS
_PROVIDER = "/providers/Microsoft.Compute/virtualMachineScaleSets/"
UNPLACED = "[an extension of the plan that may belong to this scale set]"
TAGS_ELSEWHERE = "Tags that an Azure Policy adds, or a provider's default_tags, are not in the plan."


def is_plan(document: Mapping[str, object]) -> bool:
    """Whether the document is a plan: a list of changes, and Terraform's version of the format."""
    return "format_version" in document and isinstance(document.get("resource_changes"), list)


@dataclass(slots=True)
class _Resource:
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
    document: dict[str, object] | None = None

    @property
    def id(self) -> str:
        """The resource id, where the plan knows it."""
        return text(self.values.get("id")) or self.before_id


def read(document: Mapping[str, object]) -> PlanReading:
    """Read every scale set that the plan leaves behind, with the extensions and patches that stand beside it."""
    problems: list[str] = []
    if document.get("errored") is True:
        problems.append("the plan ended in an error, so it does not hold every change. Plan again")
    configuration = Configuration(document.get("configuration"))
    resources: list[_Resource] = []
    for change in _changes(document):
        try:
            resource = _resource(change, configuration)
        except RecursionError:
            problems.append(f"{_address(change)} is nested too deeply to be read.")
            continue
        if resource is not None:
            resources.append(resource)
    sets = [item for item in resources if item.document is not None]
    finder = _Finder(sets, configuration)
    for item in resources:
        if item.kind == EXTENSION or azapi.is_extension(item.kind, item.values):
            _add_extension(item, finder)
        elif azapi.is_update(item.kind, item.values):
            owners, certain = finder.of(item)
            for owner in owners:
                azapi.patch(owner.document or {}, item.values, certain=certain)
    deferred = document.get("complete") is False and document.get("errored") is not True
    return PlanReading(
        planned=tuple([_planned(item) for item in sets]),
        problems=tuple(problems),
        notes=("the plan is not complete: Terraform has deferred changes to a later plan",) if deferred else (),
    )


def _changes(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    changes = document.get("resource_changes")
    deferred = document.get("deferred_changes")
    found = list(changes) if isinstance(changes, list) else []
    if isinstance(deferred, list):
        found += [item.get("resource_change") for item in deferred if isinstance(item, dict)]
    for change in found:
        if isinstance(change, dict) and change.get("mode", "managed") == "managed":
            yield change


def _address(change: Mapping[str, object]) -> str:
    return str(change.get("address") or f"{change.get('type')}.{change.get('name')}")


_ACTIONS = {"create": Action.CREATE, "update": Action.UPDATE, "no-op": Action.NONE}


def _action(actions: object) -> Action | None:
    """Name the action; ``None``: nothing is left to judge (deleted, or no longer managed)."""
    names = {str(item) for item in actions} if isinstance(actions, list) else set()
    if names in ({"delete"}, {"forget"}):
        return None
    if "create" in names and len(names) == 2:
        return Action.REPLACE
    return _ACTIONS.get(next(iter(names)), Action.UNKNOWN) if len(names) == 1 else Action.UNKNOWN


def _resource(change: Mapping[str, object], configuration: Configuration) -> _Resource | None:
    kind, name = str(change.get("type")), str(change.get("name"))
    if not (kind in azurerm.KINDS or kind == EXTENSION or kind in azapi.KINDS):
        return None
    details = change.get("change")
    details = details if isinstance(details, dict) else {}
    action = _action(details.get("actions"))
    if action is None:
        return None
    module_address = change.get("module_address")
    module = module_path(module_address)
    expressions = configuration.expressions(module, kind, name)
    literals = configuration.literals(module, kind, name)
    values = _values(details, literals)
    for argument in _COMPUTED:
        if values.get(argument) == AFTER_APPLY and expressions is not None and argument not in expressions:
            values[argument] = None
    before = details.get("before")
    before_id = text(before.get("id")) if isinstance(before, dict) else ""
    address = _address(change)
    index = _INDEX.search(address)
    resource = _Resource(
        address=address,
        kind=kind,
        name=name,
        module=module,
        module_address=module_address if isinstance(module_address, str) else "",
        index=index[0] if index else "",
        action=action,
        values=values,
        expressions=expressions,
        before_id=before_id,
    )
    resource.document = azurerm.translate(kind, values) or azapi.translate(kind, values)
    if resource.document is not None:
        _name(resource)
    return resource


def _values(details: Mapping[str, object], literals: frozenset[str]) -> dict[str, object]:
    after, unknown, sensitive = (details.get(key) for key in ("after", "after_unknown", "after_sensitive"))
    found = planned_value(after, unknown, sensitive)
    if not isinstance(found, dict):
        return dict.fromkeys(after, found) if isinstance(after, dict) else {}
    values = dict(found)
    if isinstance(sensitive, dict) and sensitive.get("extension") is True and isinstance(after, dict):
        unknowns = unknown.get("extension") if isinstance(unknown, dict) else None
        extensions = planned_value(after.get("extension"), unknowns, None)
        values["extension"] = extensions if extensions in (None, AFTER_APPLY) else public_part(extensions, literals)
    return values


def _name(resource: _Resource) -> None:
    """Give the document the id by which Azure will know it, as far as the plan does."""
    document = resource.document
    if document is not None and resource.id:
        document["id"] = resource.id


class _Finder:
    """Finds the scale sets of the plan that another resource of the plan is about."""

    def __init__(self, sets: list[_Resource], configuration: Configuration) -> None:
        self._sets = sets
        self._configuration = configuration
        self._by_id = {item.id.lower(): item for item in sets if item.id}
        self._unnamed = [item for item in sets if not item.id]

    def of(self, resource: _Resource) -> tuple[list[_Resource], bool]:
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


def _parent(resource: _Resource) -> tuple[str, str]:
    """Name the argument that says whose this is, and its value where the plan knows it."""
    for argument in ("virtual_machine_scale_set_id", "resource_id", "parent_id"):
        if argument in resource.values and resource.values[argument] is not None:
            identifier = text(resource.values[argument])
            if argument == "parent_id" and azapi.is_update(resource.kind, resource.values):
                name = text(resource.values.get("name"))
                identifier = f"{identifier}{_PROVIDER}{name}" if identifier and name else ""
            return argument, identifier
    return "virtual_machine_scale_set_id", ""


def _is(target: Target, resource: _Resource) -> bool:
    same = (target.module, target.type, target.name) == (resource.module, resource.kind, resource.name)
    return same and target.index in ("", resource.index)


def _add_extension(resource: _Resource, finder: _Finder) -> None:
    extension = azapi.extension(resource.values) if resource.kind != EXTENSION else one_extension(resource.values)
    owners, certain = finder.of(resource)
    for owner in owners:
        append_extension(owner.document or {}, extension if certain else UNPLACED)


def _planned(resource: _Resource) -> Planned:
    document = resource.document or {}
    return Planned(
        document=document,
        address=resource.address,
        source=Source.TERRAFORM,
        action=resource.action,
        place=Place(module=resource.module, type=resource.kind, name=resource.name),
        gaps=gaps_of(document),
        tags_may_be_added=TAGS_ELSEWHERE,
    )
