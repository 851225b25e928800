"""A condition of an own rule, read from what TOML holds."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from scanner.rules.conditions import (
    FLAG,
    GLOB,
    NUMBER,
    OPERATORS,
    SEVERAL,
    All,
    Any,
    Comparison,
    Condition,
    FactKind,
    Not,
    Value,
)
from scanner.rules.own_facts import OWN_FACTS, fact_named
from scanner.rules.policy_keys import shown

_DEEPEST = 20
_LONGEST_GLOB = 1_000
_GROUPS = ("all", "any", "not")


class WrongConditionError(Exception):
    """A condition that cannot be read; the message says where and what it must be."""


def read_condition(value: object, place: str, depth: int = 0) -> Condition:
    """Read a condition. Raises ``WrongConditionError``."""
    if depth > _DEEPEST:
        raise WrongConditionError(f"{place}: conditions are nested more than {_DEEPEST} deep.")
    if not isinstance(value, dict):
        told = "is missing" if value is None else f"is {shown(value)}"
        raise WrongConditionError(
            f"{place} {told}; it must be a table: a fact and how it is compared, or all, any, not."
        )
    groups = [name for name in _GROUPS if name in value]
    if not groups:
        return _comparison(value, place)
    name = groups[0]
    if len(value) > 1:
        others = ", ".join(key for key in value if key != name)
        raise WrongConditionError(f"{place}: {name} stands alone in its table; {others} is beside it.")
    if name == "not":
        return Not(read_condition(value["not"], f"{place}.not", depth + 1))
    items = value[name]
    if not isinstance(items, list) or not items:
        raise WrongConditionError(f"{place}.{name} is {shown(items)}; it must be a list of conditions.")
    read = [read_condition(item, f"{place}.{name} {number}", depth + 1) for number, item in enumerate(items, start=1)]
    return All(tuple(read)) if name == "all" else Any(tuple(read))


def _comparison(table: Mapping[str, object], place: str) -> Comparison:
    name = table.get("fact")
    fact = fact_named(name) if isinstance(name, str) else None
    if not isinstance(name, str) or fact is None:
        near = get_close_matches(str(name), OWN_FACTS, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise WrongConditionError(
            f"{place}: fact is {shown(name)}, which is no fact; docs/own-rules.md lists them.{hint}"
        )
    words = [key for key in table if key != "fact"]
    allowed = [key for key, operator in OPERATORS.items() if fact.kind in operator.kinds]
    if len(words) != 1 or words[0] not in allowed:
        there = ", ".join(words) or "nothing"
        raise WrongConditionError(f"{place}: {name} ({fact.kind}) takes one of {', '.join(allowed)}; {there} is there.")
    value, takes = _value(table[words[0]]), OPERATORS[words[0]].takes
    if value is None or not _fits(value, takes, fact.kind):
        kind = "" if takes in (NUMBER, FLAG, GLOB) else f" ({fact.kind})"
        raise WrongConditionError(f"{place}: {name} {words[0]} {shown(table[words[0]])}; it must be {takes}{kind}.")
    return Comparison(name, words[0], value)


def _value(value: object) -> Value | None:
    """Take a value of TOML; ``None``: no condition compares with such a one."""
    if isinstance(value, list):
        items = [_value(item) for item in value]
        return None if None in items else tuple([item for item in items if item is not None])
    return value if isinstance(value, bool | int | float | str) else None


def is_of(value: object, kind: FactKind) -> bool:
    """Say whether a value is one of a fact's kind."""
    match kind:
        case FactKind.TEXT:
            return isinstance(value, str)
        case FactKind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FactKind.FLAG:
            return isinstance(value, bool)
        case FactKind.LIST:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _fits(value: Value, takes: str, kind: FactKind) -> bool:
    if takes == NUMBER:
        return is_of(value, FactKind.NUMBER)
    if takes == FLAG:
        return isinstance(value, bool)
    if takes == GLOB:
        globs: Sequence[object] = value if isinstance(value, tuple) else (value,)
        return bool(globs) and all(isinstance(item, str) and 0 < len(item) <= _LONGEST_GLOB for item in globs)
    if takes == SEVERAL:
        return isinstance(value, tuple) and bool(value) and all(is_of(item, kind) for item in value)
    return is_of(value, kind)
