"""What a message between host and worker is: declared fields, strict types, and presence as in Protocol Buffers.

Azure's host and its Python worker speak gRPC. The worker library is handed the message classes and only constructs
them, reads fields and asks which one of several is set, so that is what ``Message`` does; there is no wire format.
https://protobuf.dev/reference/python/python-generated/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class One:
    """A single value: text, bytes, a number, a time span, an enumeration or another message."""

    kind: type
    one_of: str | None = None
    """Name of the group of which at most one field is set."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one kind."""

    kind: type


@dataclass(frozen=True, slots=True)
class Named:
    """Values of one kind by name."""

    kind: type


type Field = One | Many | Named


def fields(**declared: Field) -> Mapping[str, Field]:
    """Declare the fields of a message type."""
    return declared


class Message:
    """Base of the message types. ``None`` for a field means that it is not set; an unset field reads as its default."""

    FIELDS: ClassVar[Mapping[str, Field]] = {}

    def __init__(self, **values: Any) -> None:
        self._values: dict[str, Any] = {}
        for name, value in values.items():
            declared = self.FIELDS.get(name)
            if declared is None:
                raise ValueError(f"{type(self).__name__} has no field {name!r}.")
            if value is not None:
                self._set(name, declared, value)

    def _set(self, name: str, declared: Field, value: Any) -> None:
        where = f"{type(self).__name__}.{name}"
        match declared:
            case One(kind, one_of):
                if one_of is not None and self.WhichOneof(one_of) is not None:
                    raise ValueError(f"{where}: {self.WhichOneof(one_of)!r} is set already, and only one may be.")
                self._values[name] = _checked(where, kind, value)
            case Many(kind):
                self._values[name] = [_checked(where, kind, item) for item in value]
            case Named(kind):
                self._values[name] = {
                    _checked(where, str, key): _checked(where, kind, item) for key, item in value.items()
                }

    def __getattr__(self, name: str) -> Any:
        declared = type(self).FIELDS.get(name)
        if declared is None:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}.")
        if name in self._values:
            return self._values[name]
        match declared:
            case Many():
                return []
            case Named():
                return {}
            case One(kind, _):
                return kind(0) if issubclass(kind, IntEnum) else kind()

    def HasField(self, name: str) -> bool:  # noqa: N802 - the name that Protocol Buffers gives it
        """Say whether a single value is set."""
        return name in self._values

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - as above
        """Name the field of a group that is set. Raises ``ValueError`` for a group that is not declared."""
        members = [name for name, field in self.FIELDS.items() if isinstance(field, One) and field.one_of == group]
        if not members:
            raise ValueError(f"{type(self).__name__} has no group {group!r}.")
        return next((name for name in members if name in self._values), None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


def _checked(where: str, kind: type, value: Any) -> Any:
    if issubclass(kind, IntEnum):
        return _member(where, kind, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{where} is declared as {kind.__name__} and was given a {type(value).__name__}.")
    return value


def _member(where: str, kind: type[IntEnum], value: Any) -> IntEnum:
    """Read an enumeration's member, given as number or name, as Protocol Buffers allows."""
    try:
        return kind[value] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{where}: {value!r} is no member of {kind.__name__}.") from error
