"""JSON that every reader takes: a name may hold half a pair of UTF-16, which JSON can write and many readers refuse."""

import json

_HALF = "\\ud"
"""How the escape of half a pair begins, and that of a whole pair too."""


def strict_json(value: object, *, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """Write JSON in ASCII; half a pair becomes a question mark, as it is no character.

    https://www.rfc-editor.org/rfc/rfc8259#section-8.2.
    """
    text = json.dumps(value, indent=indent, separators=separators)
    if _HALF not in text:
        return text
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.dumps(json.loads(whole), indent=indent, separators=separators)
