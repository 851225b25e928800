"""Conditions of the operator's own rules, over facts, in three-valued logic: what is known decides when it can."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import cache

from scanner.facts.evidence import JsonValue
from scanner.facts.three_valued import all_of, any_of, negation

type Value = bool | int | float | str | tuple[Value, ...]
"""What a fact is compared with."""
type ReadFact = Callable[[str], JsonValue]
"""Answers the value of a fact; ``None``: it was not read."""
type Condition = Comparison | All | Any | Not


class FactKind(StrEnum):
    """What values a fact has."""

    TEXT = "text"
    """Compared without case; empty where it is known that there is none."""
    NUMBER = "number"
    FLAG = "true or false"
    LIST = "list of texts"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact compared with a value by one operator of ``OPERATORS``."""

    fact: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of them."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; what is not known stays so."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Operator:
    """A way to compare."""

    kinds: frozenset[FactKind]
    """The kinds of fact that it takes."""
    takes: str
    """What its value may be, in words: one of ``VALUES``."""
    meaning: str
    holds: Callable[[JsonValue, Value], bool]
    """Compares a value that was read."""


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _same(found: JsonValue, value: Value) -> bool:
    return isinstance(found, bool) == isinstance(value, bool) and _folded(found) == _folded(value)


def _among(found: JsonValue, value: Value) -> bool:
    return isinstance(value, tuple) and any(_same(found, item) for item in value)


def _globs(value: Value) -> Iterator[str]:
    yield from (item for item in (value if isinstance(value, tuple) else (value,)) if isinstance(item, str))


def _like(found: JsonValue, value: Value) -> bool:
    return isinstance(found, str) and any(_pattern(glob).match(found.casefold()) for glob in _globs(value))


def _contains(found: JsonValue, value: Value) -> bool:
    return isinstance(found, list | tuple) and any(_like(item, value) for item in found)


def _only(found: JsonValue, value: Value) -> bool:
    return isinstance(found, list | tuple) and all(_like(item, value) for item in found)


def _exists(found: JsonValue, value: Value) -> bool:
    return (found not in ("", [], ())) == value


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Read a glob: ``*`` and ``?`` only, without case; a bracket is itself."""
    return re.compile(translate(glob.casefold().replace("[", "[[]")))


def _number(compare: Callable[[float, float], bool]) -> Callable[[JsonValue, Value], bool]:
    def holds(found: JsonValue, value: Value) -> bool:
        return isinstance(found, int | float) and isinstance(value, int | float) and compare(found, value)

    return holds


_ALL = frozenset(FactKind)
_SINGLE = frozenset({FactKind.TEXT, FactKind.NUMBER, FactKind.FLAG})
_NUMBER = frozenset({FactKind.NUMBER})
SAME, SEVERAL, GLOB, NUMBER, FLAG = (
    "a value of its kind",
    "a list of such values",
    "a glob, or a list of globs",
    "a number",
    "true or false",
)
OPERATORS: Mapping[str, Operator] = {
    "is": Operator(_SINGLE, SAME, "the fact is the value; texts without case", _same),
    "in": Operator(_SINGLE, SEVERAL, "the fact is one of the values", _among),
    "like": Operator(frozenset({FactKind.TEXT}), GLOB, "the text matches a glob (`*`, `?`), without case", _like),
    "at_least": Operator(_NUMBER, NUMBER, "the number or more", _number(lambda found, value: found >= value)),
    "at_most": Operator(_NUMBER, NUMBER, "the number or less", _number(lambda found, value: found <= value)),
    "more_than": Operator(_NUMBER, NUMBER, "more than the number", _number(lambda found, value: found > value)),
    "less_than": Operator(_NUMBER, NUMBER, "less than the number", _number(lambda found, value: found < value)),
    "contains": Operator(frozenset({FactKind.LIST}), GLOB, "an item of the list matches a glob", _contains),
    "contains_only": Operator(frozenset({FactKind.LIST}), GLOB, "every item of the list matches a glob", _only),
    "exists": Operator(
        frozenset({FactKind.TEXT, FactKind.LIST}),
        FLAG,
        "whether there is one: a text or list that is not empty",
        _exists,
    ),
}


def holds(condition: Condition, read: ReadFact) -> bool | None:
    """Say whether a condition holds; ``None``: a fact that decides was not read."""
    match condition:
        case Comparison(fact, operator, value):
            found = read(fact)
            return None if found is None else OPERATORS[operator].holds(found, value)
        case All(conditions):
            return all_of(*[holds(item, read) for item in conditions])
        case Any(conditions):
            return any_of(*[holds(item, read) for item in conditions])
        case Not(inner):
            return negation(holds(inner, read))


def comparisons_in(condition: Condition) -> Iterator[Comparison]:
    """Yield what a condition compares, in the order in which it stands."""
    match condition:
        case Comparison():
            yield condition
        case All(conditions) | Any(conditions):
            for item in conditions:
                yield from comparisons_in(item)
        case Not(inner):
            yield from comparisons_in(inner)


def plain(condition: Condition) -> JsonValue:
    """Turn a condition into plain JSON, as it is written in TOML."""
    match condition:
        case Comparison(fact, operator, value):
            return {"fact": fact, operator: list(value) if isinstance(value, tuple) else value}
        case All(conditions):
            return {"all": [plain(item) for item in conditions]}
        case Any(conditions):
            return {"any": [plain(item) for item in conditions]}
        case Not(inner):
            return {"not": plain(inner)}
