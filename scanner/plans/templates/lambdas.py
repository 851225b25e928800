"""Scopes of lambdas, and names that are known in part."""

from typing import Any

from scanner.plans.templates.scope import Scope
from scanner.plans.templates.unknown import text_of


def lambda_scope(scope: Scope, names: list[str], item: object, at: int) -> Scope:
    """Answer the scope of a lambda's body for one item."""
    inner = scope
    for name, value in zip(names, (item, at), strict=False):
        inner = inner.with_word(name, value)
    return inner


def filled(name: str, arguments: list[Any]) -> str:
    """Fill a pattern in as far as it goes: names made in two ways from the same things have the same text."""
    if name != "format" or not isinstance(arguments[0], str):
        return ""
    text: str = arguments[0]
    for at, argument in enumerate(arguments[1:]):
        text = text.replace(f"{{{at}}}", text_of(argument))
    return text[:2_000]
