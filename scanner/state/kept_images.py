"""What a state keeps of the newest version of its image, for rows and screens."""

from collections.abc import Mapping
from datetime import datetime

from scanner.facts.evidence import JsonValue
from scanner.facts.images import Availability, NewestImage, date_hint
from scanner.times import iso

SOURCES = ("platform_image", "gallery_image")
"""Names of the sources that keep one: of a scale set, one of them does."""

BEFORE_FIRST_SEEN = "before_first_seen"
"""The version was there when this service first looked: it could be had for longer than that."""


def write_newest(newest: NewestImage | None) -> JsonValue:
    """Write the newest version as plain JSON; ``None``: not read, or the region offers none."""
    if newest is None or newest.version is None:
        return None
    offered = next((each for each in newest.offered if each.version == newest.version), None)
    since = None if offered is None or offered.since is None else iso(offered.since)
    kind = newest.availability.value
    if newest.availability is Availability.FIRST_SEEN and offered is not None and not offered.is_exact:
        kind = BEFORE_FIRST_SEEN
    return [newest.version, since, kind]


def told_newest(beside: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """Say what is known of the newest version, for rows and screens; ``None``: nothing."""
    for name in SOURCES:
        match beside.get(name):
            case [str(version), None | str() as since, str(kind)]:
                return {"version": version, "since": since, "since_is": kind, "date_hint": _hint(version, since)}
            case _:
                continue
    return None


def _hint(version: str, since: str | None) -> str | None:
    """Read the build date that the name of a version hints at."""
    try:
        latest = None if since is None else datetime.fromisoformat(since)
    except ValueError:
        return None
    hint = None if latest is None else date_hint(version, latest)
    return None if hint is None else hint.isoformat()
