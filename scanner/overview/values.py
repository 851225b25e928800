"""Values of rows that others may have edited: each is taken as what it must be, or as not known."""

import json
from collections.abc import Mapping, Sequence
from typing import TypedDict

from scanner.facts.evidence import JsonValue


def text_of(row: Mapping[str, JsonValue], name: str) -> str:
    """Read a text; empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def number_of(row: Mapping[str, JsonValue], name: str) -> int:
    """Read a whole number; 0 where there is none."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def number_or_none(row: Mapping[str, JsonValue], name: str) -> int | None:
    """Read a whole number; ``None`` where there is none."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping_of(row: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    """Read an object, also one that is written as JSON text, as dynamic columns are exported."""
    value = _decoded(row.get(name))
    return value if isinstance(value, Mapping) else {}


def list_of(row: Mapping[str, JsonValue], name: str) -> Sequence[JsonValue]:
    """Read a list, also one that is written as JSON text."""
    value = _decoded(row.get(name))
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def texts_of(row: Mapping[str, JsonValue], name: str) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple([item for item in list_of(row, name) if isinstance(item, str)])


def objects_of(row: Mapping[str, JsonValue], name: str) -> list[Mapping[str, JsonValue]]:
    """Read a list of objects."""
    return [item for item in list_of(row, name) if isinstance(item, Mapping)]


def text_values_of(row: Mapping[str, JsonValue], name: str) -> dict[str, str]:
    """Read an object whose values are texts."""
    return {key: value for key, value in mapping_of(row, name).items() if isinstance(value, str)}


def numbers_of(row: Mapping[str, JsonValue], name: str) -> dict[str, int]:
    """Read an object whose values are whole numbers."""
    values = mapping_of(row, name)
    return {key: value for key, value in values.items() if isinstance(value, int) and not isinstance(value, bool)}


def _decoded(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        decoded: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return decoded


class Identity(TypedDict):
    """Which scale set a row is about, and whose."""

    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    environment: str
    application: str
    ring: str
    owner: str


def identity_of(row: Mapping[str, JsonValue]) -> Identity:
    """Read which scale set a row is about, and whose."""
    return Identity(
        scale_set_id=text_of(row, "ScaleSetId"),
        name=text_of(row, "ScaleSetName"),
        subscription_id=text_of(row, "AzureSubscriptionId"),
        resource_group=text_of(row, "ResourceGroup"),
        location=text_of(row, "Location"),
        environment=text_of(row, "Environment"),
        application=text_of(row, "Application"),
        ring=text_of(row, "Ring"),
        owner=text_of(row, "Owner"),
    )
