"""Changes to the estate, as people, pipelines and Azure itself make them."""

import copy
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.estate import documents
from emulator.estate.change_records import Attribution
from emulator.estate.estate import Estate


class ChangeError(Exception):
    """The change cannot be made. The message says why."""


def attribution(facts: Mapping[str, Any]) -> Attribution:
    """Read who changes something. Raises ``TypeError`` for a field that there is not."""
    return Attribution(**facts)


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give a scale set's document what Azure itself adds: name, type, location, tags left alone, a unique id."""
    whole = copy.deepcopy(dict(document))
    parts = documents.parse_id(str(whole["id"]))
    whole.setdefault("name", parts.name)
    whole.setdefault("type", "Microsoft.Compute/virtualMachineScaleSets")
    whole.setdefault("location", "westeurope")
    properties = whole.setdefault("properties", {})
    if isinstance(properties, dict):
        properties.setdefault("provisioningState", "Succeeded")
        properties.setdefault("uniqueId", str(uuid.uuid4()))
    return whole


def _paths(asked: Any) -> Iterable[tuple[documents.Path, Any]]:
    pairs = asked.items() if isinstance(asked, Mapping) else asked
    return [(documents.parse_path(path), value) for path, value in pairs]


def apply(estate: Estate, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Change or delete one scale set; answer its document afterwards.

    ``set`` is an object of paths and values, or a list of pairs; ``remove`` a list of paths; ``delete`` is true for a
    deletion; ``by`` says who. Raises ``ChangeError`` where there is no such scale set.
    """
    resource_id = str(asked["id"])
    by = attribution(asked.get("by") or {})
    with estate.lock:
        if asked.get("delete"):
            if not estate.delete(resource_id, by):
                raise ChangeError(f"there is no scale set {resource_id}")
            return {"document": None}
        document = estate.get(resource_id)
        if document is None:
            raise ChangeError(f"there is no scale set {resource_id}")
        for path, value in _paths(asked.get("set") or {}):
            documents.assign(document, path, value)
        for path in asked.get("remove") or ():
            documents.remove(document, documents.parse_path(path))
        estate.put(document, by)
        instances = asked.get("instances")
        if instances is not None:
            move_instances(estate, resource_id, instances)
        return {"document": document}


def move_instances(estate: Estate, resource_id: str, asked: Mapping[str, Any]) -> int:
    """Bring a share of the instances to an image version, to the latest model, or both; answer how many that were."""
    found = estate.index.instances(resource_id)
    moved = found[: round(len(found) * float(asked.get("share", 1.0)))]
    for instance in moved:
        properties = instance.setdefault("properties", {})
        if "exact_version" in asked:
            documents.assign(properties, ("storageProfile", "imageReference", "exactVersion"), asked["exact_version"])
        if "latest_model" in asked:
            properties["latestModelApplied"] = bool(asked["latest_model"])
    estate.put_instances(moved)
    return len(moved)
