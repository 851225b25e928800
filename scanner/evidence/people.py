"""Names of people, replaced by pseudonyms: the same person has the same one throughout a bundle, and in no other."""

import hashlib
import hmac
from collections.abc import Mapping

from scanner.evidence.rows import Row

_NAMES = "ChangedBy"
"""Columns that begin so name who changed something."""
_NO_NAMES = frozenset({"ChangedByType"})


class Pseudonyms:
    """Replaces names. ``key`` is random, made for one bundle and kept nowhere: without it no name can be tried."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def replaced(self, row: Row) -> Row:
        """Answer the row with pseudonyms: in the columns that name people, and wherever a text repeats such a name."""
        named = {
            value
            for column, value in row.items()
            if column.startswith(_NAMES) and column not in _NO_NAMES and isinstance(value, str) and value
        }
        if not named:
            return row
        aliases = {name: self._alias(name) for name in sorted(named, key=len, reverse=True)}
        return {column: _replace(value, aliases) for column, value in row.items()}

    def _alias(self, name: str) -> str:
        digest = hmac.new(self._key, name.casefold().encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"person-{digest.hexdigest()[:12]}"


def _replace(value: object, aliases: Mapping[str, str]) -> object:
    match value:
        case str():
            for name, alias in aliases.items():
                value = value.replace(name, alias)
            return value
        case Mapping():
            return {name: _replace(item, aliases) for name, item in value.items()}
        case list() | tuple():
            return [_replace(item, aliases) for item in value]
        case _:
            return value
