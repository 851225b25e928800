"""Template functions over known values. One that is given what Azure would refuse raises: its value is not known.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from scanner.plans.templates.objects import (
    NotEvaluatedError,
    create_object,
    object_items,
    shallow_merge,
    text_or_refused,
    try_get,
    union,
)

LONGEST: Final = 100_000
"""Items of a list, or characters of a text, that a function makes at most."""


def _concat(*items: Any) -> Any:
    if all(isinstance(item, list) for item in items):
        return [element for item in items for element in item]
    return "".join([_as_text(item) for item in items])


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return str(value)
    raise NotEvaluatedError


def _string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _format(pattern: str, *items: Any) -> str:
    def fill(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        value = items[int(match[1])]
        if not match[2]:
            return _as_text(value)
        digits = re.fullmatch(r"[dD]([0-9]{0,2})", match[2])
        if digits is None or not isinstance(value, int):
            raise NotEvaluatedError
        return str(value).zfill(int(digits[1] or 0))

    return re.sub(r"\{\{|\}\}|\{([0-9]{1,3})(?::([^{}]*))?\}", fill, text_or_refused(pattern))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotEvaluatedError
    return value


def _int(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    return _whole(value)


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        return value.lower() in {"true", "1"}
    if isinstance(value, bool):
        return value
    return bool(_whole(value))


def _equals(left: Any, right: Any) -> bool:
    """Compare exactly, as Azure does; a bool is not a number."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return _as_text(item) in container
    if isinstance(container, Mapping):
        return isinstance(item, str) and item.lower() in {name.lower() for name in container}
    if isinstance(container, list):
        return any(_equals(element, item) for element in container)
    raise NotEvaluatedError


def _empty(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str | list | Mapping):
        return len(value) == 0
    raise NotEvaluatedError


def _sized(value: Any) -> Any:
    if not isinstance(value, str | list | Mapping):
        raise NotEvaluatedError
    return value


def _sequence(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise NotEvaluatedError
    return value


def _substring(value: str, start: int, length: int | None = None) -> str:
    end = len(value) if length is None else start + length
    if not 0 <= start <= end <= len(value):
        raise NotEvaluatedError
    return value[start:end]


def _range(start: int, count: int) -> list[int]:
    if not 0 <= count <= 10_000:
        raise NotEvaluatedError
    return list(range(start, start + count))


def _numbers(items: Sequence[Any]) -> list[int]:
    flat = items[0] if len(items) == 1 and isinstance(items[0], list) else items
    return [_whole(item) for item in flat]


def _divided(left: int, right: int) -> int:
    return int(_whole(left) / _whole(right))


def _split(value: str, separators: Any) -> list[str]:
    found = [separators] if isinstance(separators, str) else list(separators)
    return re.split("|".join(map(re.escape, found)), text_or_refused(value)) if all(found) else [value]


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "add": lambda left, right: _whole(left) + _whole(right),
    "array": lambda value: value if isinstance(value, list) else [value],
    "base64": lambda value: base64.b64encode(text_or_refused(value).encode()).decode(),
    "base64tostring": lambda value: base64.b64decode(text_or_refused(value)).decode(),
    "bool": _bool,
    "concat": _concat,
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": create_object,
    "div": _divided,
    "empty": _empty,
    "endswith": lambda value, end: text_or_refused(value).lower().endswith(text_or_refused(end).lower()),
    "equals": _equals,
    "false": lambda: False,
    "first": lambda value: _sequence(value)[0] if value else ("" if isinstance(value, str) else None),
    "flatten": lambda value: [element for item in value for element in item],
    "format": _format,
    "greater": lambda left, right: left > right,
    "greaterorequals": lambda left, right: left >= right,
    "indexof": lambda value, part: text_or_refused(value).lower().find(text_or_refused(part).lower()),
    "int": _int,
    "intersection": lambda first, *rest: [item for item in first if all(item in other for other in rest)],
    "items": object_items,
    "join": lambda items, separator: text_or_refused(separator).join([_as_text(item) for item in items]),
    "json": lambda value: json.loads(text_or_refused(value)),
    "last": lambda value: _sequence(value)[-1] if value else ("" if isinstance(value, str) else None),
    "length": lambda value: len(_sized(value)),
    "less": lambda left, right: left < right,
    "lessorequals": lambda left, right: left <= right,
    "max": lambda *items: max(_numbers(items)),
    "min": lambda *items: min(_numbers(items)),
    "mod": lambda left, right: _whole(left) - _divided(left, right) * _whole(right),
    "mul": lambda left, right: _whole(left) * _whole(right),
    "not": lambda value: not _bool(value),
    "null": lambda: None,
    "objectkeys": lambda value: sorted(value, key=str.lower),
    "padleft": lambda value, width, fill=" ": _as_text(value).rjust(min(_whole(width), LONGEST), fill),
    "range": _range,
    "replace": lambda value, old, new: text_or_refused(value).replace(text_or_refused(old), text_or_refused(new)),
    "shallowmerge": shallow_merge,
    "skip": lambda value, count: _sequence(value)[max(_whole(count), 0) :],
    "split": _split,
    "startswith": lambda value, start: text_or_refused(value).lower().startswith(text_or_refused(start).lower()),
    "string": _string,
    "sub": lambda left, right: _whole(left) - _whole(right),
    "substring": _substring,
    "take": lambda value, count: _sequence(value)[: max(_whole(count), 0)],
    "tolower": lambda value: text_or_refused(value).lower(),
    "toupper": lambda value: text_or_refused(value).upper(),
    "trim": lambda value: text_or_refused(value).strip(),
    "true": lambda: True,
    "tryget": try_get,
    "union": union,
}
"""By name in lower case. What decides lazily, or reads the template, is in ``evaluator``."""
