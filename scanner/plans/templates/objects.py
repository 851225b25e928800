"""Objects of templates: made, merged, and read without case.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object.
"""

from collections.abc import Mapping
from typing import Any


class NotEvaluatedError(Exception):
    """A function was given what it does not take. Never leaves this room."""


def text_or_refused(value: Any) -> str:
    """Take a text, and nothing else."""
    if not isinstance(value, str):
        raise NotEvaluatedError
    return value


def create_object(*items: Any) -> dict[str, Any]:
    """Make an object of names and values in turn."""
    if len(items) % 2:
        raise NotEvaluatedError
    return {text_or_refused(items[at]): items[at + 1] for at in range(0, len(items), 2)}


def union(*items: Any) -> Any:
    """Merge objects, the later ones over the earlier ones, or join lists without repeats."""
    if all(isinstance(item, list) for item in items):
        found: list[Any] = []
        for item in items:
            found += [element for element in item if element not in found]
        return found
    merged: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, Mapping):
            raise NotEvaluatedError
        merged = _merged(merged, item)
    return merged


def _merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(left)
    for name, value in right.items():
        here = result.get(name)
        both = isinstance(here, Mapping) and isinstance(value, Mapping)
        result[name] = _merged(here, value) if both else value  # type: ignore[arg-type] # both are objects
    return result


def shallow_merge(items: Any) -> dict[str, Any]:
    """Merge objects, not what is in them."""
    return {name: value for item in items for name, value in item.items()}


def object_items(value: Any) -> list[Any]:
    """List the properties of an object, sorted by name."""
    return [{"key": name, "value": value[name]} for name in sorted(value, key=str.lower)]


def try_get(value: Any, *keys: Any) -> Any:
    """Read what may be absent: null then."""
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = member(value, key, safe=True)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if -1 < key < len(value) else None
        elif value is not None:
            return None
    return value


def member(value: Any, key: Any, *, safe: bool) -> Any:
    """Read a property, without case, or an item of a list."""
    if value is None and safe:
        return None
    if isinstance(value, Mapping) and isinstance(key, str):
        if key in value:
            return value[key]
        for name, item in value.items():
            if name.lower() == key.lower():
                return item
    elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(value):
        return value[key]
    if safe:
        return None
    raise NotEvaluatedError
