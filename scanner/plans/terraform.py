"""Scale sets in a Terraform (or OpenTofu) plan, as ``terraform show -json`` writes it.

https://developer.hashicorp.com/terraform/internals/json-format.
"""

import re
from collections.abc import Iterator, Mapping

from scanner.plans import azapi, azurerm, terraform_templates
from scanner.plans.arm import append_extension
from scanner.plans.azurerm_extensions import one_extension, public_part
from scanner.plans.gaps import gaps_of
from scanner.plans.planned import Action, Place, Planned, PlanReading, Source
from scanner.plans.terraform_configuration import Configuration, module_path
from scanner.plans.terraform_owners import Finder, Resource
from scanner.plans.values import AFTER_APPLY, planned_value, text

EXTENSION = "azurerm_virtual_machine_scale_set_extension"
_COMPUTED = ("extension", "automatic_instance_repair", "gallery_application", "extension_operations_enabled")
"""Arguments that the provider computes where they are not set: unknown then, although the plan knows they are absent."""
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]$')
UNPLACED = "[an extension of the plan that may belong to this scale set]"
TAGS_ELSEWHERE = "Tags that an Azure Policy adds, or a provider's default_tags, are not in the plan."


def is_plan(document: Mapping[str, object]) -> bool:
    """Whether the document is a plan: a list of changes, and Terraform's version of the format."""
    return "format_version" in document and isinstance(document.get("resource_changes"), list)


def read(document: Mapping[str, object]) -> PlanReading:
    """Read every scale set that the plan leaves behind, with the extensions and patches that stand beside it."""
    problems: list[str] = []
    if document.get("errored") is True:
        problems.append("the plan ended in an error, so it does not hold every change. Plan again")
    configuration = Configuration(document.get("configuration"))
    resources: list[Resource] = []
    for change in _changes(document):
        try:
            resource = _resource(change, configuration)
        except RecursionError:
            problems.append(f"{_address(change)} is nested too deeply to be read.")
            continue
        if resource is not None:
            resources.append(resource)
    sets = [item for item in resources if item.document is not None]
    finder = Finder(sets, configuration)
    for item in resources:
        if item.kind == EXTENSION or azapi.is_extension(item.kind, item.values):
            _add_extension(item, finder)
        elif azapi.is_update(item.kind, item.values):
            owners, certain = finder.of(item)
            for owner in owners:
                azapi.patch(owner.document or {}, item.values, certain=certain)
    templates = [found for change in _changes(document) if (found := _template(change)) is not None]
    deferred = document.get("complete") is False and document.get("errored") is not True
    return PlanReading(
        planned=(*[_planned(item) for item in sets], *[item for found in templates for item in found.planned]),
        problems=(*problems, *[text for found in templates for text in found.problems]),
        notes=(*([_DEFERRED] if deferred else []), *[text for found in templates for text in found.notes]),
    )


_DEFERRED = "the plan is not complete: Terraform has deferred changes to a later plan"


def _template(change: Mapping[str, object]) -> PlanReading | None:
    """Read a template that the plan deploys; ``None``: the change is of something else, or deletes it."""
    details = change.get("change")
    if str(change.get("type")) not in terraform_templates.KINDS or not isinstance(details, dict):
        return None
    action = _action(details.get("actions"))
    place = Place(
        module=module_path(change.get("module_address")), type=str(change.get("type")), name=str(change.get("name"))
    )
    return None if action is None else terraform_templates.read(details, _address(change), action, place)


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


def _resource(change: Mapping[str, object], configuration: Configuration) -> Resource | None:
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
    values = _values(details, literals, None if kind in azapi.KINDS else azurerm.READ)
    absent = [] if expressions is None else [name for name in _COMPUTED if name not in expressions]
    taken = tuple([name for name in absent if values.get(name) == AFTER_APPLY])
    values |= dict.fromkeys(taken)
    before = details.get("before")
    before_id = text(before.get("id")) if isinstance(before, dict) else ""
    address = _address(change)
    index = _INDEX.search(address)
    resource = Resource(
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
        taken_for_absent=taken,
    )
    resource.document = azurerm.translate(kind, values) or azapi.translate(kind, values)
    if resource.document is not None:
        _name(resource)
    return resource


def _values(
    details: Mapping[str, object], literals: frozenset[str], wanted: frozenset[str] | None
) -> dict[str, object]:
    parts = [details.get(key) for key in ("after", "after_unknown", "after_sensitive")]
    if wanted is not None:
        parts = [
            {name: part[name] for name in part if name in wanted} if isinstance(part, dict) else part for part in parts
        ]
    after, unknown, sensitive = parts
    found = planned_value(after, unknown, sensitive)
    if not isinstance(found, dict):
        return dict.fromkeys(after, found) if isinstance(after, dict) else {}
    values = dict(found)
    if isinstance(sensitive, dict) and sensitive.get("extension") is True and isinstance(after, dict):
        unknowns = unknown.get("extension") if isinstance(unknown, dict) else None
        extensions = planned_value(after.get("extension"), unknowns, None)
        values["extension"] = extensions if extensions in (None, AFTER_APPLY) else public_part(extensions, literals)
    return values


def _name(resource: Resource) -> None:
    """Give the document the id by which Azure will know it, as far as the plan does."""
    document = resource.document
    if document is not None and resource.id:
        document["id"] = resource.id


def _add_extension(resource: Resource, finder: Finder) -> None:
    extension = azapi.extension(resource.values) if resource.kind != EXTENSION else one_extension(resource.values)
    owners, certain = finder.of(resource)
    for owner in owners:
        append_extension(owner.document or {}, extension if certain else UNPLACED)


def _planned(resource: Resource) -> Planned:
    document = resource.document or {}
    return Planned(
        document=document,
        address=resource.address,
        source=Source.TERRAFORM,
        action=resource.action,
        resource_group=text(resource.values.get("resource_group_name")) or azapi.group_of(resource.values),
        place=Place(module=resource.module, type=resource.kind, name=resource.name),
        gaps=gaps_of(document),
        taken_for_absent=resource.taken_for_absent,
        tags_may_be_added=TAGS_ELSEWHERE,
    )
