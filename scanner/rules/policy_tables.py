"""The kinds of table that a key of the policy may be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.guids import is_guid
from scanner.rules.policy_keys import (
    IncompleteTableError,
    Reading,
    WrongValueError,
    keys_of,
    plain_table,
    read_table,
    shown,
)
from scanner.rules.policy_kinds import OneOf


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of tables, declared as a dataclass."""

    declared: type[Any]

    @property
    def allowed(self) -> str:
        """Say what it is."""
        return f"a list of tables with {', '.join(keys_of(self.declared))}"

    def read(self, value: object, place: str, reading: Reading) -> tuple[Any, ...]:
        """Read every table; one that lacks something is noted and left out."""
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise WrongValueError(self.allowed)
        found: list[Any] = []
        for number, item in enumerate(value, start=1):
            try:
                found.append(read_table(self.declared, item, f"{place} {number}: ", reading))
            except IncompleteTableError:
                continue
        return tuple(found)

    def plain(self, value: tuple[Any, ...]) -> JsonValue:
        """Turn each table into plain JSON, in an order of their own: that of the file says nothing."""
        return sorted((plain_table(item) for item in value), key=repr)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Subscriptions, each with a note of the operator's."""

    @property
    def allowed(self) -> str:
        """Say how it is written."""
        return 'a table of subscription ids and notes ("ID" = "why"), or a list of subscription ids'

    def read(self, value: object, place: str, reading: Reading) -> dict[str, str]:  # noqa: ARG002 - as every kind
        """Read ids in lower case, each with its note."""
        items = dict.fromkeys(value, "retired") if isinstance(value, list) and _all_text(value) else value
        if not isinstance(items, dict) or not _all_text(items.values()):
            raise WrongValueError(self.allowed)
        found = {name.strip().lower(): note.strip() for name, note in items.items()}
        if not all(is_guid(name) and note for name, note in found.items()):
            raise WrongValueError(self.allowed)
        return found

    def plain(self, value: Mapping[str, str]) -> JsonValue:
        """Sort it by id."""
        return {name: value[name] for name in sorted(value)}


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


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
