"""TOML, as every file that an operator edits is read."""

import tomllib
from typing import Any

from scanner.errors import SettingsError

_BYTE_ORDER_MARK = "\ufeff"  # Windows editors and PowerShell put it in front of UTF-8


def read_toml(text: str, source: str) -> dict[str, Any]:
    """Read a TOML document. Raises ``SettingsError`` that names ``source`` when the text is not TOML."""
    try:
        return tomllib.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise SettingsError(f"{source} is not TOML: {error}") from error
