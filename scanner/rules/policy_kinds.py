"""The kinds of single value that a key of the policy may have."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from scanner.facts.evidence import JsonValue
from scanner.facts.resource_id import parse_resource_id
from scanner.rules.policy_keys import Reading, WrongValueError

_TAG_NAME_LIMIT = 512  # characters; https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
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
class Order:
    """A list of names in an order, compared without case."""

    @property
    def allowed(self) -> str:
        """Say what a list may hold."""
        return "a list of texts in their order, none of them empty or there twice"

    def read(self, value: object, place: str, reading: Reading) -> tuple[str, ...]:  # noqa: ARG002 - as every kind
        """Read them in lower case."""
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            names = tuple([item.strip().lower() for item in value])
            if len(set(names)) == len(names):
                return names
        raise WrongValueError(self.allowed)

    def plain(self, value: tuple[str, ...]) -> JsonValue:
        """Keep their order."""
        return list(value)


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
