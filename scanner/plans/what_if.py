"""Scale sets in the JSON of ``az deployment … what-if --no-pretty-print``.

https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if.
"""

from collections.abc import Iterator, Mapping

from scanner.plans.arm import EXTENSION, SCALE_SET, Found, put_together
from scanner.plans.planned import Action, Place, PlanReading, Source
from scanner.plans.templates.scope import look

TAGS_ELSEWHERE = "Tags that an Azure Policy adds are not in a what-if result."
_ACTIONS = {
    "create": Action.CREATE,
    "modify": Action.UPDATE,
    "nochange": Action.NONE,
    "deploy": Action.UNKNOWN,
    "unsupported": Action.UNKNOWN,
}
"""Change types that leave a resource behind. Ignore is of what the deployment does not mention."""
_NOT_EVALUATED = "[the what-if did not evaluate this resource]"


def is_what_if(document: Mapping[str, object]) -> bool:
    """Whether the document is a what-if result, as the CLI or the API writes it."""
    changes = _changes(document)
    return bool(changes) and all(isinstance(item, dict) and "changeType" in item for item in changes)


def is_empty(document: Mapping[str, object]) -> bool:
    """Whether the document is a what-if result without a change."""
    return document.get("changes") == [] and not {"id", "resources"} & document.keys()


def read(document: Mapping[str, object]) -> PlanReading:
    """Read every scale set that is there after the deployment."""
    planned = put_together(_found(document), Source.WHAT_IF, TAGS_ELSEWHERE)
    return PlanReading(
        planned=planned, problems=tuple(_problems(document)), notes=tuple(_diagnostics(document, {"warning"}))
    )


def _changes(document: Mapping[str, object]) -> list[object]:
    inner = document.get("properties")
    found = document.get("changes", inner.get("changes") if isinstance(inner, dict) else None)
    return list(found) if isinstance(found, list) else []


def _found(document: Mapping[str, object]) -> Iterator[Found]:
    inner = document.get("properties")
    potential = document.get("potentialChanges", inner.get("potentialChanges") if isinstance(inner, dict) else None)
    for change in [*_changes(document), *(potential if isinstance(potential, list) else [])]:
        if not isinstance(change, dict):
            continue
        action = _ACTIONS.get(str(change.get("changeType")).lower())
        identifier = str(change.get("resourceId") or "").rstrip("/")
        kind = _kind(identifier)
        if action is None or kind not in (SCALE_SET, EXTENSION):
            continue
        after = change.get("after")
        name = identifier.rpartition("/")[2]
        yield Found(
            kind=kind,
            name=identifier if kind == SCALE_SET else f"{identifier.rpartition('/extensions/')[0]}/{name}",
            document={**after, "id": identifier} if isinstance(after, dict) else _unread(identifier, name),
            address=identifier,
            action=action,
            place=Place(name=name),
        )


def _unread(identifier: str, name: str) -> dict[str, object]:
    return {"id": identifier, "name": name, **dict.fromkeys(("properties", "tags", "sku", "identity"), _NOT_EVALUATED)}


def _kind(identifier: str) -> str:
    """Read the resource type out of an id, in lower case."""
    parts = identifier.lower().rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]])


def _problems(document: Mapping[str, object]) -> Iterator[str]:
    error = document.get("error")
    if isinstance(error, dict):
        yield f"the what-if ended in an error of Azure: {error.get('code')}"
    yield from _diagnostics(document, {"error"})


def _diagnostics(document: Mapping[str, object], levels: set[str]) -> Iterator[str]:
    """Say what the what-if says of itself, such as a nested deployment that it did not expand."""
    inner = document.get("properties")
    found = document.get("diagnostics", inner.get("diagnostics") if isinstance(inner, dict) else None)
    for item in found if isinstance(found, list) else []:
        if str(look(item, "level")).lower() in levels:
            yield f"the what-if is not whole: {look(item, 'code')} at {look(item, 'target')}"
