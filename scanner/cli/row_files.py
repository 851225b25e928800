"""Rows of our tables in files: JSON Lines as they are exported, or the JSON that ``scan`` and ``check`` print."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scanner.errors import SettingsError
from scanner.facts.evidence import JsonValue


def rows_in(paths: Iterable[Path]) -> Iterator[dict[str, JsonValue]]:
    """Yield the rows of files, one after the other, as they are read. Raises ``SettingsError``."""
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig") as file:
                yield from _rows(path, file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise SettingsError(f"{path} cannot be read: {reason or error}.") from error


def _rows(path: Path, file: Iterable[str]) -> Iterator[dict[str, JsonValue]]:
    lines = iter(file)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _json(line)
        if row is None and number == 1:
            # Not a row a line: one document. The lines that are left belong to it.
            yield from _document(path, line + "".join(lines))
            return
        if not isinstance(row, dict):
            raise SettingsError(f"{path}, line {number}: it is not a JSON object. Each line must be a row.")
        yield row


def _document(path: Path, text: str) -> Iterator[dict[str, JsonValue]]:
    document = _json(text)
    found = document if isinstance(document, list) else [document]
    for item in found:
        if not isinstance(item, dict):
            raise SettingsError(f"{path} is not JSON Lines, and not the JSON of vmss-posture scan.")
        yield item


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
