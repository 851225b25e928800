"""Values of a plan that may be hidden: known only after apply, or marked sensitive.

A hidden value becomes a text in square brackets. That is how ARM writes an expression, and ``scanner.reading`` takes
an expression for a value that was not read. A sensitive value is replaced here, before anything else sees it.
"""

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Final

type Tree = Mapping[str, object]
"""A JSON object in which hidden values are texts in square brackets."""

AFTER_APPLY: Final = "[known after apply]"
SENSITIVE: Final = "[sensitive]"
UNREADABLE: Final = "[unreadable]"

_EXPRESSION = re.compile(r"\[(?!\[).*\]", re.DOTALL)


def is_hidden(value: object) -> bool:
    """Whether a value stands in place of one that is not known: ours, or an expression of ARM."""
    return isinstance(value, str) and _EXPRESSION.fullmatch(value) is not None


def planned_value(after: object, unknown: object, sensitive: object) -> object:
    """Lay the marks of a Terraform change over its value. https://developer.hashicorp.com/terraform/internals/json-format."""
    if sensitive is True:
        return SENSITIVE
    if unknown is True:
        return AFTER_APPLY
    if isinstance(after, dict) or (after is None and isinstance(unknown, dict) and unknown):
        value = after if isinstance(after, dict) else {}
        unknowns = unknown if isinstance(unknown, dict) else {}
        marks = sensitive if isinstance(sensitive, dict) else {}
        names = [*value, *(name for name in unknowns if name not in value)]
        return {name: planned_value(value.get(name), unknowns.get(name), marks.get(name)) for name in names}
    if isinstance(after, list):
        beside = zip_longest(after, _items(unknown, len(after)), _items(sensitive, len(after)))
        return [planned_value(*triple) for triple in beside]
    return after


def _items(marks: object, length: int) -> list[object]:
    return marks[:length] if isinstance(marks, list) else []


def first(blocks: object) -> object:
    """Take the only item of a block that may be given once: ``None`` for no block, a hidden block as it is."""
    if isinstance(blocks, list):
        return next((item for item in blocks if item is not None), None)
    return blocks


def block(blocks: object) -> Tree | str | None:
    """Take the only item of a block as an object; a text where it is hidden, or has another form than expected."""
    item = first(blocks)
    if item is None or isinstance(item, dict):
        return item
    return item if isinstance(item, str) and is_hidden(item) else UNREADABLE


def default(value: object, *, otherwise: object) -> object:
    """Fill in what the provider sends for an attribute that is not set."""
    return otherwise if value is None else value


def inverse(value: object) -> object:
    """Turn a flag around: the provider's name says the opposite of ARM's."""
    if isinstance(value, bool):
        return not value
    return value if value is None or is_hidden(value) else UNREADABLE


def known(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is not set: absent, as Azure reads it."""
    return {name: value for name, value in values.items() if value is not None}


def mapped(item: Tree | str | None, make: Callable[[Tree], object]) -> object:
    """Translate a block that is there; a hidden one stays hidden and an absent one absent."""
    return make(item) if isinstance(item, Mapping) else item


def text(value: object) -> str:
    """Read a text that is known and not empty; else the empty text."""
    return value if isinstance(value, str) and not is_hidden(value) else ""
