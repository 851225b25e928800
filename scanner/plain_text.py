"""Text from Azure made safe for one line of a log, a mail or a terminal: nothing in it can act, nothing is endless."""

import json
import unicodedata

from scanner.facts.evidence import JsonValue

FIELD_LIMIT = 30_000
"""Characters kept of a value: Log Analytics cuts a field at 64 KB without a word, so we cut earlier and say so."""


def plain(text: str, limit: int = FIELD_LIMIT) -> str:
    """Escape what is not printable (controls, line ends, text-direction marks) and cut what is longer than ``limit``."""
    if not text.isprintable():
        text = "".join(char if _harmless(char) else _escape(char) for char in text)
    if len(text) > limit:
        return f"{text[:limit]}… ({len(text)} characters)"
    return text


def json_text(value: JsonValue) -> str:
    """Write a value as JSON on one line, cut when it is longer than a field may be."""
    return plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``1 scale set``, ``2,000 scale sets``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _harmless(char: str) -> bool:
    return char == " " or (char.isprintable() and unicodedata.category(char) not in {"Cf", "Cs"})


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}"
