"""Text from Azure made safe for one line of a log, a mail or a terminal: escaped and length-limited."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from scanner.facts.evidence import JsonValue

FIELD_LIMIT = 30_000
"""Characters kept of a value: Log Analytics cuts a field at 64 KB without a word, so we cut earlier and say so."""

FIELD_BYTES = 60_000
"""Bytes of a value in UTF-8: the limit of Log Analytics is counted in these."""
_NOTE_BYTES = 120
_LEAST_BYTES = 400


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
"""What makes a spreadsheet read a cell as a formula, also in full width; and the mark itself, so that it can be taken away again.
https://owasp.org/www-community/attacks/CSV_Injection"""
FORMULA_MARK = "'"
"""Stands before a text that would be one: spreadsheets show it as text."""


def no_formula(text: str) -> str:
    """Mark a text that a spreadsheet would run; spaces before it do not hide it."""
    return FORMULA_MARK + text if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def plain(text: str, limit: int = FIELD_LIMIT) -> str:
    """Escape what is not printable (controls, line ends, text-direction marks) and cut what is longer than ``limit``."""
    if not text.isprintable():
        text = "".join(char if _harmless(char) else _escape(char) for char in text)
    if len(text) > limit:
        return _cut(text, limit)
    if 4 * len(text) > FIELD_BYTES and (size := len(text.encode())) > FIELD_BYTES:
        return _cut(text, len(text) * FIELD_BYTES // size - 64)
    return text


def _cut(text: str, length: int) -> str:
    kept = text[:length]
    while len(kept.encode()) > FIELD_BYTES:
        kept = kept[: len(kept) * 3 // 4]
    return f"{kept}… ({len(text)} characters)"


def bounded(value: JsonValue, limit: int = FIELD_BYTES) -> JsonValue:
    """Make a value safe for a dynamic column: texts are plain, and the whole of it takes no more than ``limit`` bytes.

    What does not fit is left out from the end, and said; a text that is too long is cut.
    """
    return _bounded(_printable(value), limit)


def _bounded(value: JsonValue, limit: int) -> JsonValue:
    if size_of(value) <= limit:
        return value
    room = limit - _NOTE_BYTES
    match value:
        case str():
            return plain(value, max(0, room // 4))
        case Mapping():
            kept: dict[str, JsonValue] = {}
            for name, item in value.items():
                if room < _LEAST_BYTES:
                    break
                key = plain(name, 200)
                kept[key] = _bounded(item, max(_LEAST_BYTES, room // 2))
                room -= size_of({key: kept[key]})
            return kept if len(kept) == len(value) else {**kept, "…": f"{len(value) - len(kept)} more left out"}
        case Sequence():
            items: list[JsonValue] = []
            for item in value:
                if room < _LEAST_BYTES:
                    break
                items.append(_bounded(item, max(_LEAST_BYTES, room // 2)))
                room -= size_of(items[-1])
            return items if len(items) == len(value) else [*items, f"… {len(value) - len(items)} more left out"]
        case _:
            return plain(str(value), max(0, room // 4))


def size_of(value: JsonValue) -> int:
    """Count the bytes of a value as JSON in UTF-8, generously."""
    return len(_measuring().encode(value).encode("utf-8", "surrogatepass")) + 2


def _printable(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return plain(value)
        case Mapping():
            return {plain(name): _printable(item) for name, item in value.items()}
        case Sequence():
            return [_printable(item) for item in value]
        case _:
            return value


def _plain_mapping(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not plain JSON")


def json_text(value: JsonValue) -> str:
    """Write a value as JSON on one line, cut when it is longer than a field may be."""
    return plain(_writing().encode(value))


# ``json.dumps`` makes an encoder for every call whose options are not its own.


@cache
def _measuring() -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, default=_plain_mapping)


@cache
def _writing() -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``1 scale set``, ``2,000 scale sets``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _harmless(char: str) -> bool:
    return char == " " or (char.isprintable() and unicodedata.category(char) not in {"Cf", "Cs"})


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}"
