"""How a key of the policy is declared: once, with its default, what it may be, and what it means.

Reading a file, its error messages, the fingerprint and docs/policy.md all come from the declarations.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Protocol

from scanner.facts.evidence import JsonValue

_SHOWN = 200  # characters of a wrong value in a message


class WrongValueError(Exception):
    """A value that its key may not have; ``allowed`` says what it may be."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class IncompleteTableError(Exception):
    """A table lacks what it needs; what that is was noted."""


class Kind(Protocol):
    """What a key may be."""

    @property
    def allowed(self) -> str:
        """Say what a value must be, behind "it must be"."""

    def read(self, value: object, place: str, reading: "Reading") -> Any:
        """Read what TOML holds. Raises ``WrongValueError``; what is wrong within a table is noted in the reading."""

    def plain(self, value: Any) -> JsonValue:
        """Turn a value into plain JSON, always the same for the same meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The declaration of one key."""

    kind: Kind
    name: str
    """As in the file; empty: as the field."""
    meaning: str
    rules: tuple[str, ...]
    """Rules that it decides in; empty: all, or none."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """Collects what is wrong, so that all of it is reported at once."""

    rule_id: Callable[[str], str]
    """Finds the id of a rule by id or name; raises ``KeyError``."""
    problems: list[str] = field(default_factory=list)


REQUIRED: Any = MISSING
"""In place of a default: a table without the key is wrong."""


def declare(kind: Kind, default: Any, meaning: str, *rules: str, name: str = "") -> Any:
    """Declare a key as the field of a frozen dataclass."""
    return field(default=default, metadata={"key": Key(kind=kind, name=name, meaning=meaning, rules=rules)})


def keys_of(declared: type[Any]) -> dict[str, tuple[Key, Field[Any]]]:
    """List the keys of a table by their names in the file, in the order of their declaration."""
    return {item.metadata["key"].name or item.name: (item.metadata["key"], item) for item in fields(declared)}


def read_table[T](declared: type[T], values: Mapping[str, object], place: str, reading: Reading) -> T:
    """Read a table; a key that is not there, or is wrong, has its default.

    Raises ``IncompleteTableError`` where a key without a default is missing or wrong; the problem is noted.
    """
    keys = keys_of(declared)
    reading.problems.extend(
        f"{place}{name} is not a key of the policy; allowed here: {', '.join(keys)}."
        for name in values
        if name not in keys
    )
    found: dict[str, Any] = {}
    for name, (key, item) in keys.items():
        if name in values:
            try:
                found[item.name] = key.kind.read(values[name], f"{place}{name}", reading)
            except WrongValueError as error:
                reading.problems.append(f"{place}{name} is {shown(values[name])}; it must be {error.allowed}.")
        elif item.default is REQUIRED:
            reading.problems.append(f"{place}{name} is missing; it must be {key.kind.allowed}.")
    if any(item.default is REQUIRED and item.name not in found for _, item in keys.values()):
        raise IncompleteTableError
    return declared(**found)


def plain_table(table: Any) -> dict[str, JsonValue]:
    """Turn a table into plain JSON, by the names in the file."""
    return {name: key.kind.plain(getattr(table, item.name)) for name, (key, item) in keys_of(type(table)).items()}


def shown(value: object) -> str:
    """Show a value in a message, of bounded length."""
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
