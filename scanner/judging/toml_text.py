"""TOML, as every file that an operator edits is read."""

import tomllib
from collections.abc import Sequence
from typing import Any

from scanner.errors import SettingsError
from scanner.plain_text import plain

_BYTE_ORDER_MARK = "\ufeff"  # Windows editors and PowerShell put it in front of UTF-8


def read_toml(text: str, source: str) -> dict[str, Any]:
    """Read a TOML document. Raises ``SettingsError`` that names ``source`` when the text is not TOML."""
    try:
        return tomllib.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise SettingsError(f"{source} is not TOML: {plain(str(error), 500)}") from error


def unusable(source: str, problems: Sequence[str]) -> SettingsError:
    """Make the error that names every problem of a file; what is quoted from its keys and values cannot act."""
    lines = "\n".join(f"- {plain(problem, 1_000)}" for problem in problems)
    return SettingsError(f"{source} is not usable:\n{lines}")
