"""Changes to the estate, as people, pipelines and Azure itself make them."""

import copy
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.estate import documents, instances
from emulator.estate.change_records import Attribution
from emulator.estate.estate import Estate
from emulator.estate.instance_documents import reference_of


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
        moved = asked.get("instances")
        if moved is not None:
            move_instances(estate, resource_id, moved)
        return {"document": document}


def move_instances(estate: Estate, resource_id: str, asked: Mapping[str, Any]) -> int:
    """Change a share of the instances: their image version, whether they are on the latest model, or any of a state.

    Answers how many were changed. ``state`` holds fields of ``InstanceState``, and is for instances in runs alone.
    """
    share = float(asked.get("share", 1.0))
    facts = dict(asked.get("state") or {})
    found = estate.index.instances(resource_id)
    moved = found[: round(len(found) * share)]
    for instance in moved:
        properties = instance.setdefault("properties", {})
        if "exact_version" in asked:
            documents.assign(properties, ("storageProfile", "imageReference", "exactVersion"), asked["exact_version"])
        if "latest_model" in asked:
            properties["latestModelApplied"] = bool(asked["latest_model"])
    estate.put_instances(moved)
    facts |= {name: asked[name] for name in ("exact_version", "latest_model") if name in asked}
    runs = estate.runs(resource_id)
    runs, count = instances.changed(
        runs, lambda state: replace(state, **facts), most=round(instances.total(runs) * share)
    )
    estate.set_runs(resource_id, runs)
    return len(moved) + count


def put_runs(estate: Estate, resource_id: str, asked: Sequence[Mapping[str, Any]]) -> int:
    """Give a scale set instances by the run; answer how many there are then. Raises ``ChangeError``."""
    with estate.lock:
        document = estate.get(resource_id)
        if document is None:
            raise ChangeError(f"there is no scale set {resource_id}")
        reference = instances.write_reference(reference_of(document))
        runs = instances.read_runs(asked, instances.InstanceState(reference=reference))
        estate.set_runs(resource_id, runs)
        return instances.total(runs)
