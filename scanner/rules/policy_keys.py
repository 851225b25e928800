"""How a key of the policy is declared: once, with its default, what it may be, and what it means.

Reading a file, its error messages, the fingerprint and docs/policy.md all come from the declarations.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, Protocol

from scanner.facts.evidence import JsonValue

_TAG_NAME_LIMIT = 512  # characters; https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHOWN = 200  # characters of a wrong value in a message


class WrongValueError(Exception):
    """A value that its key may not have; ``allowed`` says what it may be."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


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


def declare(kind: Kind, default: Any, meaning: str, *rules: str, name: str = "") -> Any:
    """Declare a key as the field of a frozen dataclass."""
    return field(default=default, metadata={"key": Key(kind=kind, name=name, meaning=meaning, rules=rules)})


def keys_of(declared: type[Any]) -> dict[str, tuple[Key, Field[Any]]]:
    """List the keys of a table by their names in the file, in the order of their declaration."""
    return {item.metadata["key"].name or item.name: (item.metadata["key"], item) for item in fields(declared)}


def read_table[T](declared: type[T], values: Mapping[str, object], place: str, reading: Reading) -> T:
    """Read a table; a key that is not there, or is wrong, has its default."""
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


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number within bounds."""

    lowest: int
    highest: int

    @property
    def allowed(self) -> str:
        """Name the bounds."""
        return f"a whole number from {self.lowest} to {self.highest}"

    def read(self, value: object, place: str, reading: Reading) -> int:  # noqa: ARG002 - as every kind
        """Read it; a bool is no number."""
        if isinstance(value, int) and not isinstance(value, bool) and self.lowest <= value <= self.highest:
            return value
        raise WrongValueError(self.allowed)

    def plain(self, value: int) -> JsonValue:
        """Keep it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    choices: type[StrEnum]

    @property
    def allowed(self) -> str:
        """List the words."""
        return "one of " + ", ".join(f'"{item}"' for item in self.choices)

    def read(self, value: object, place: str, reading: Reading) -> StrEnum:  # noqa: ARG002 - as every kind
        """Read it, exactly as it is listed."""
        if isinstance(value, str) and value in list(self.choices):
            return self.choices(value)
        raise WrongValueError(self.allowed)

    def plain(self, value: StrEnum) -> JsonValue:
        """Keep the word."""
        return value.value


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names that are compared without case."""

    @property
    def allowed(self) -> str:
        """Say what a list may hold."""
        return "a list of texts, none of them empty"

    def read(self, value: object, place: str, reading: Reading) -> frozenset[str]:  # noqa: ARG002 - as every kind
        """Read them in lower case."""
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            return frozenset(item.lower() for item in value)
        raise WrongValueError(self.allowed)

    def plain(self, value: frozenset[str]) -> JsonValue:
        """Sort them."""
        return sorted(value)


@dataclass(frozen=True, slots=True)
class TagName:
    """The name of a tag."""

    @property
    def allowed(self) -> str:
        """Name Azure's bound."""
        return f"the name of a tag, of 1 to {_TAG_NAME_LIMIT} characters"

    def read(self, value: object, place: str, reading: Reading) -> str:  # noqa: ARG002 - as every kind
        """Read it as it is written."""
        if isinstance(value, str) and value.strip() and len(value) <= _TAG_NAME_LIMIT:
            return value
        raise WrongValueError(self.allowed)

    def plain(self, value: str) -> JsonValue:
        """Keep it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """A table of keys, declared as a dataclass of its own."""

    declared: type[Any]

    @property
    def allowed(self) -> str:
        """Say what it is."""
        return "a table"

    def read(self, value: object, place: str, reading: Reading) -> Any:
        """Read its keys."""
        if not isinstance(value, dict):
            raise WrongValueError(self.allowed)
        return read_table(self.declared, value, f"{place}.", reading)

    def plain(self, value: Any) -> JsonValue:
        """Turn its keys into plain JSON."""
        return plain_table(value)


@dataclass(frozen=True, slots=True)
class ByRule:
    """A table with a word for some rules, each by id or name."""

    choices: type[StrEnum]

    @property
    def allowed(self) -> str:
        """Say what it is."""
        return "a table of rules"

    def read(self, value: object, place: str, reading: Reading) -> dict[str, StrEnum]:
        """Read the words by rule id; a rule that is given twice, by id and by name, is wrong."""
        if not isinstance(value, dict):
            raise WrongValueError(self.allowed)
        found: dict[str, StrEnum] = {}
        word = OneOf(self.choices)
        for name, item in value.items():
            try:
                rule_id = reading.rule_id(name)
            except KeyError:
                reading.problems.append(f"{place}.{name} is not a known rule; rules are listed in docs/rules.md.")
                continue
            if rule_id in found:
                reading.problems.append(f"{place}.{name} is {rule_id}, which is given twice.")
            try:
                found[rule_id] = word.read(item, place, reading)
            except WrongValueError as error:
                reading.problems.append(f"{place}.{name} is {shown(item)}; it must be {error.allowed}.")
        return found

    def plain(self, value: Mapping[str, StrEnum]) -> JsonValue:
        """Sort it by rule id."""
        return {rule_id: value[rule_id].value for rule_id in sorted(value)}
