"""Facts of depth as the decision tables write them: what a row leaves out has a default."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from scanner.facts.depth import Depth

READ_AT = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
DEFAULTS: Mapping[str, Any] = {
    "name": "canonical/ubuntu-24_04-lts/server-arm64",
    "source": "platform",
    "location": "westeurope",
    "availability": "first_seen",
    "read_at": READ_AT,
    "about": "",
}
"""Of fields that have none, by their names."""


def depth_of(told: Mapping[str, Any]) -> Depth:
    """Make the facts that a row of a table names, by the fields of ``Depth``."""
    depth: Depth = _built(Depth, told)
    return depth


def _built(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [each for each in arguments if each is not type(None)]
        return None if value is None or len(inner) != 1 else _built(inner[0], value)
    if origin is tuple and isinstance(value, list):
        return tuple(_built(arguments[0], each) for each in value)
    if origin is not None and isinstance(value, Mapping):
        return {name: _built(arguments[1], each) for name, each in value.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return _record(kind, value)
    return value


def _record(kind: Any, told: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    unknown = told.keys() - set(names)
    assert not unknown, f"{kind.__name__} has no {', '.join(sorted(unknown))}"
    required = [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]
    given = {name: DEFAULTS.get(name) for name in required} | dict(told)
    return kind(**{name: _built(hints[name], value) for name, value in given.items()})
