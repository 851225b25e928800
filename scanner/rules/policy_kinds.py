"""The kinds of value that a key of the policy may have."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.resource_id import parse_resource_id
from scanner.rules.policy_keys import (
    IncompleteTableError,
    Reading,
    WrongValueError,
    keys_of,
    plain_table,
    read_table,
    shown,
)

_TAG_NAME_LIMIT = 512  # characters; https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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
class Galleries:
    """A list of galleries, each by resource id or by name."""

    @property
    def allowed(self) -> str:
        """Say what a list may hold."""
        return "a list of names of galleries, or of their resource ids (/subscriptions/…/galleries/NAME)"

    def read(self, value: object, place: str, reading: Reading) -> frozenset[str]:
        """Read them in lower case. What has a slash must be the id of a gallery: anything else would match none."""
        names = frozenset(item.rstrip("/") for item in Names().read(value, place, reading))
        for name in names:
            identity = parse_resource_id(name)
            if "/" in name and (identity is None or identity.type != "microsoft.compute/galleries"):
                raise WrongValueError(self.allowed)
        return names

    def plain(self, value: frozenset[str]) -> JsonValue:
        """Sort them."""
        return sorted(value)


@dataclass(frozen=True, slots=True)
class SomeOf:
    """One or several of a few words, or ``both`` for all of two."""

    choices: type[StrEnum]

    @property
    def allowed(self) -> str:
        """List the words."""
        return f'{OneOf(self.choices).allowed}, "both", or a list of these'

    def read(self, value: object, place: str, reading: Reading) -> frozenset[StrEnum]:
        """Read them, exactly as they are listed."""
        if value == "both":
            return frozenset(self.choices)
        items = value if isinstance(value, list) else [value]
        if not items:
            raise WrongValueError(self.allowed)
        try:
            return frozenset(OneOf(self.choices).read(item, place, reading) for item in items)
        except WrongValueError as error:
            raise WrongValueError(self.allowed) from error

    def plain(self, value: frozenset[StrEnum]) -> JsonValue:
        """Sort them."""
        return sorted(item.value for item in value)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not empty."""

    folded: bool = False
    """Whether it is compared without case, and kept in lower case."""

    @property
    def allowed(self) -> str:
        """Say what it is."""
        return "a text that is not empty"

    def read(self, value: object, place: str, reading: Reading) -> str:  # noqa: ARG002 - as every kind
        """Read it without blanks around it."""
        if isinstance(value, str) and value.strip():
            return value.strip().lower() if self.folded else value.strip()
        raise WrongValueError(self.allowed)

    def plain(self, value: str) -> JsonValue:
        """Keep it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, in UTC."""

    @property
    def allowed(self) -> str:
        """Say how it is written."""
        return "a day, as YYYY-MM-DD"

    def read(self, value: object, place: str, reading: Reading) -> date:  # noqa: ARG002 - as every kind
        """Read a date of TOML, or a text in its form."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        raise WrongValueError(self.allowed)

    def plain(self, value: date) -> JsonValue:
        """Write it as YYYY-MM-DD."""
        return value.isoformat()


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
        if not all(_SUBSCRIPTION.fullmatch(name) and note for name, note in found.items()):
            raise WrongValueError(self.allowed)
        return found

    def plain(self, value: Mapping[str, str]) -> JsonValue:
        """Sort it by id."""
        return {name: value[name] for name in sorted(value)}


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


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
