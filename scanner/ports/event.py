"""Events: named, past occurrences that we publish, each with an id that names the transition and not the attempt."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.facts.evidence import JsonValue

SCHEMA_VERSION = 1
_NAMESPACE = uuid.UUID("6f0d3c52-7c0e-5a53-9f3e-3b1f6f1a7f10")


class Table(StrEnum):
    """The Log Analytics tables, by the names declared in ``data/tables.json``."""

    EVENTS = "VmssPostureEvents_CL"
    SNAPSHOT = "VmssPostureSnapshot_CL"
    SCANS = "VmssPostureScans_CL"


@dataclass(frozen=True, slots=True)
class Event:
    """One row to publish: its id, its table, and its columns but for ``TimeGenerated``, which is the time of sending.

    Times in ``columns`` are ISO 8601 text in UTC; everything in it is plain JSON.
    """

    event_id: str
    table: Table
    columns: Mapping[str, JsonValue]


def event_id(subject: str, event_type: str, detail: str, revision: int, generation: str = "") -> str:
    """Name a transition: what it is about, its type, the rule or field, and the revision of the state that it made.

    ``generation`` is the moment at which the row of that state was created, so that a state that was lost and began
    again at revision 1 does not repeat ids; empty for rows of the time before there were generations.
    """
    # Half a surrogate pair, which JSON may hold, is part of the name as any other character is.
    name = f"{subject.lower()}\n{event_type}\n{detail}\n{revision}"
    name += f"\n{generation}" if generation else ""
    return str(uuid.uuid5(_NAMESPACE, name.encode("utf-8", "surrogatepass")))
