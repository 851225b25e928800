"""Values as Azure writes them, made plain. ``None`` is always the answer for a value that cannot be read.

A block is a JSON object of Azure's. Null inside a block that was read is absent, and an empty block was read. A number
or bool written as a string of exactly that value is that value, as old API versions write it; any other wrong type is
a value that cannot be read. So is the expression of a template, which has no value before the deployment. Property names are matched exactly as documented, in the spellings of ARM and of the CLI:
answers of Azure use no other, and a looser match would read what Azure ignores. Enum values are matched without case.
"""

import math
import re
from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Number

type Block = Mapping[str, object]

EMPTY: Block = {}
_LARGEST = 10**15
"""Numbers beyond this are read as this: they compare the same, and no product of two is too long to be written."""
_WIDEST = 4096  # bits: far less than the 4,300 digits up to which Python writes a number
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
_DIGITS = 4000  # of a number written as a text; longer ones cannot be read
_SIGNATURE = re.compile(r"(?:s|%73)(?:i|%69)(?:g|%67)(?:=|%3d)", re.IGNORECASE)
_DURATION = re.compile(
    r"(-)?P(?:([0-9]{1,9})W|(?=[0-9T])(?:([0-9]{1,9})D)?(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?"
    r"(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?)"
)


def required(parent: Block | None, name: str) -> Block | None:
    """Read a block without which nothing is known of what it holds."""
    if parent is None:
        return None
    value = parent.get(name)
    return value if isinstance(value, dict) else None


def optional(parent: Block | None, *names: str) -> Block | None:
    """Read a block whose absence means that everything in it has Azure's default. Earlier spellings go first."""
    if parent is None:
        return None
    for name in names:
        value = parent.get(name)
        if value is not None:
            return value if isinstance(value, dict) else None
    return EMPTY


def listed(parent: Block | None, name: str) -> list[object] | None:
    """Read a list; absent is empty, and null items are passed over."""
    if parent is None:
        return None
    value = parent.get(name)
    if value is None:
        return []
    return [item for item in value if item is not None] if isinstance(value, list) else None


def flag(value: object) -> bool | None:
    """Read a bool."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    return {"true": True, "false": False}.get(value)


def number(value: object) -> Number | None:
    """Read a number. A whole one is an ``int``, however it was written."""
    if isinstance(value, str):
        if len(value) > _DIGITS or not _NUMBER.fullmatch(value):
            return None
        value = int(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() else value
    if not isinstance(value, int | float):
        return None
    return value if -_LARGEST <= value <= _LARGEST else max(-_LARGEST, min(_LARGEST, value))


def seconds(value: object) -> Number | None:
    """Read an ISO 8601 duration as seconds; years and months have no fixed length and cannot be read.

    https://learn.microsoft.com/dotnet/api/system.xml.xmlconvert.totimespan.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    sign, weeks, days, hours, minutes, rest = match.groups()
    total = int(weeks or 0) * 604_800 + int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60
    return number(-(total + float(rest or 0)) if sign else total + float(rest or 0))


def choice[T](value: object, choices: Mapping[str, T]) -> T | None:
    """Read an enum value, by its name in lower case."""
    return choices.get(value.lower()) if isinstance(value, str) else None


def text(value: object) -> str | None:
    """Read a text that is not blank, no expression, and holds no credential."""
    if not isinstance(value, str) or not value or value.isspace() or is_expression(value):
        return None
    return None if holds_credential(value) else value


def name_of(value: object) -> str | None:
    """Read a name, which is taken as it is, an expression too."""
    return value if isinstance(value, str) and not is_blank(value) and not holds_credential(value) else None


def is_expression(value: object) -> bool:
    """Whether the value is an expression of a template; a text that begins with ``[[`` is that text.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions.
    """
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[[")


def holds_credential(value: str) -> bool:
    """Whether the text may hold an address with a signature (``sig=``), however it is encoded."""
    # Nearly no text has either character, and looking for one is a tenth of the work.
    return ("=" in value or "%" in value) and _SIGNATURE.search(value) is not None


def is_blank(value: object) -> bool:
    """Whether the value is absent or an empty text: old API versions write some absent properties so."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def as_reported(value: object) -> JsonValue:
    """Keep a value as evidence; what should have been one value and is many is only named."""
    if isinstance(value, str):
        return "(an address with a signature)" if holds_credential(value) else value
    if isinstance(value, int):
        return value if value.bit_length() <= _WIDEST else "(a number too long to write)"
    if value is None:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return "(a list)" if isinstance(value, list) else "(an object)"
