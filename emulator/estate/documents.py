"""Resource documents: ids, paths into them, and what differs between two of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Path = tuple[str | int, ...]
_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/providers/(?P<rest>.+)$", re.IGNORECASE
)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceId:
    """The parts of a resource id."""

    subscription: str
    group: str
    type: str
    """For example ``Microsoft.Compute/virtualMachineScaleSets``; a child's type has its parent's before it."""
    name: str


def parse_id(resource_id: str) -> ResourceId:
    """Take a resource id apart. Raises ``ValueError`` when it is none."""
    match = _ID.match(resource_id)
    parts = match["rest"].split("/") if match else []
    if match is None or len(parts) < 3 or len(parts) % 2 == 0:
        raise ValueError(f"not the id of a resource: {resource_id!r}")
    return ResourceId(
        subscription=match["subscription"],
        group=match["group"],
        type="/".join([parts[0], *parts[1::2]]),
        name=parts[-1],
    )


def parse_path(path: str | Sequence[str | int]) -> Path:
    """Read ``properties.zones[0]``, or a list of steps where a name has a dot in it."""
    if not isinstance(path, str):
        return tuple(path)
    return tuple(int(index) if index else name for index, name in _STEP.findall(path))


def write_path(path: Path) -> str:
    """Write a path as Resource Graph names a changed property."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def assign(document: dict[str, Any], path: Path, value: Any) -> None:
    """Set the value at a path; objects on the way are made. Raises ``ValueError`` where the path does not fit."""
    target: Any = document
    for step, following in pairwise(path):
        if isinstance(target, dict) and target.get(step) is None:
            target[step] = [] if isinstance(following, int) else {}
        if not _holds(target, step):
            raise ValueError(f"the document has no {write_path(path)}")
        target = target[step]
    last = path[-1]
    if isinstance(target, list) and last == len(target):
        target.append(value)
    elif isinstance(target, dict) or _holds(target, last):
        target[last] = value
    else:
        raise ValueError(f"the document has no {write_path(path)}")


def _holds(target: Any, step: str | int) -> bool:
    if isinstance(target, dict):
        return step in target
    return isinstance(target, list) and isinstance(step, int) and 0 <= step < len(target)


def remove(document: dict[str, Any], path: Path) -> None:
    """Take away what is at a path; nothing there is no error."""
    target: Any = document
    for step in path[:-1]:
        if not _holds(target, step):
            return
        target = target[step]
    if _holds(target, path[-1]):
        del target[path[-1]]


def merge(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a patch over a document as ARM's PATCH does: objects are merged, all else is replaced, null removes."""
    merged = dict(document)
    for key, value in patch.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = merge(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    if isinstance(value, Mapping) and value:
        items: list[tuple[str | int, Any]] = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        items = list(enumerate(value))
    else:
        return {path: value}
    leaves: dict[Path, Any] = {}
    for step, item in items:
        leaves.update(_leaves(item, (*path, step)))
    return leaves


def _same(before: Any, after: Any) -> bool:
    """Whether two scalars are one value; to Python, true is 1."""
    return type(before) is type(after) and bool(before == after)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Answer every scalar path that differs, with the value before and after; ``None`` where there was none."""
    old, new = _leaves(before), _leaves(after)
    changed = [path for path in {**old, **new} if not _same(old.get(path), new.get(path))]
    return {write_path(path): (old.get(path), new.get(path)) for path in changed}
