"""Scale sets in what ``bicep snapshot`` writes: modules flattened, loops expanded, parameters bound, offline.

What cannot be known stays an expression in square brackets.
https://github.com/Azure/bicep/blob/main/docs/experimental/snapshot-command.md.
"""

from collections.abc import Iterator, Mapping

from scanner.plans.arm import EXTENSION, SCALE_SET, Found, put_together
from scanner.plans.planned import Action, Place, PlanReading, Source
from scanner.plans.templates.scope import look
from scanner.plans.values import is_hidden

TAGS_ELSEWHERE = "Tags that an Azure Policy adds are not in a Bicep snapshot."


def is_snapshot(document: Mapping[str, object]) -> bool:
    """Whether the document is a snapshot."""
    return isinstance(document.get("predictedResources"), list)


def read(document: Mapping[str, object]) -> PlanReading:
    """Read every scale set that the snapshot predicts."""
    problems = tuple(_problems(document))
    return PlanReading(planned=put_together(_found(document), Source.SNAPSHOT, TAGS_ELSEWHERE), problems=problems)


def _found(document: Mapping[str, object]) -> Iterator[Found]:
    resources = document["predictedResources"]
    for resource in resources if isinstance(resources, list) else []:
        kind = look(resource, "type")
        kind = kind.lower() if isinstance(kind, str) else ""
        if kind not in (SCALE_SET, EXTENSION) or not isinstance(resource, Mapping):
            continue
        identifier, name = look(resource, "id"), look(resource, "name")
        called = name if isinstance(name, str) else str(identifier or "")
        yield Found(
            kind=kind,
            name=called,
            named=not is_hidden(called),
            document=resource,
            address=called,
            action=Action.UNKNOWN,
            place=Place(name=called.rpartition("/")[2]),
        )


def _problems(document: Mapping[str, object]) -> Iterator[str]:
    found = document.get("diagnostics")
    for item in found if isinstance(found, list) else []:
        level = str(look(item, "level")).lower()
        if level == "error":
            yield f"the snapshot holds an error: {look(item, 'code')}. Make it again without errors"
