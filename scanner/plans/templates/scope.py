"""What a template's expressions may refer to: its parameters and variables, and where in a loop they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scanner.plans.templates.unknown import Unknown

_SECURE = frozenset({"securestring", "secureobject"})
type Raw = Mapping[str, Any]


@dataclass(slots=True)
class Template:
    """One template with the values that it was given."""

    parameters: Raw
    """Declarations, as written."""
    variables: Raw
    given: Mapping[str, Any]
    """Values of parameters by name in lower case; an ``Unknown`` where the value cannot be read."""
    prefix: str = ""
    """Tells equal names of different nested templates apart."""
    known: dict[str, Any] = field(default_factory=dict)
    """Parameters and variables that were evaluated, by kind and name."""
    running: set[str] = field(default_factory=set)
    """Those that are being evaluated: one that refers to itself is not known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A template, and the loops around the expression."""

    template: Template
    loops: Mapping[str, Any] = field(default_factory=dict)
    """Index of each loop, by name in lower case; the innermost also under the empty name."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the lambdas around the expression."""

    def inside(self, loop: str, index: object) -> "Scope":
        """Answer the scope of one turn of a loop."""
        return replace(self, loops={**self.loops, loop.lower(): index, "": index})

    def with_word(self, name: str, value: object) -> "Scope":
        """Answer the scope of a lambda's body."""
        return replace(self, words={**self.words, name: value})


def template_of(document: Raw, given: Mapping[str, Any], prefix: str = "") -> Template:
    """Take a template's declarations; what has another form than they should have declares nothing."""
    return Template(
        parameters=block(document, "parameters"), variables=block(document, "variables"), given=given, prefix=prefix
    )


def declared(template: Template, name: str) -> Any:
    """Answer what a parameter is given, ``Unknown`` for a secret or for none, ``Default`` for its default."""
    declaration = look(template.parameters, name)
    if not isinstance(declaration, Mapping):
        return Unknown(f"{template.prefix}parameter {name.lower()}", f"parameter {name} is not declared")
    if str(look(declaration, "type")).lower() in _SECURE:
        return Unknown(f"{template.prefix}parameter {name.lower()}", f"parameter {name} is secure")
    if name.lower() in template.given:
        return template.given[name.lower()]
    if has(declaration, "defaultValue"):
        return Default(look(declaration, "defaultValue"))
    if look(declaration, "nullable") is True:
        return None
    return Unknown(f"{template.prefix}parameter {name.lower()}", f"parameter {name} has no value")


@dataclass(frozen=True, slots=True)
class Default:
    """The default of a parameter, to be evaluated."""

    raw: Any


def look(container: object, name: str) -> Any:
    """Read a property without case, as Azure reads templates; the exact spelling goes first."""
    if not isinstance(container, Mapping):
        return None
    if name in container:
        return container[name]
    folded = name.lower()
    return next((value for key, value in container.items() if isinstance(key, str) and key.lower() == folded), None)


def has(container: Raw, name: str) -> bool:
    """Whether there is such a property, also a null one."""
    return any(isinstance(key, str) and key.lower() == name.lower() for key in container)


def block(container: object, name: str) -> Raw:
    """Read a property that is an object; any other is an empty one."""
    found = look(container, name)
    return found if isinstance(found, Mapping) else {}
