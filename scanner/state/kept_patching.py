"""What a state keeps of how a scale set's instances follow the newest image, as plain JSON, and back.

It stands within what is kept of instances, and is written anew only when a count changes or a version is reached.
"""

from datetime import datetime
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.images import Availability
from scanner.facts.patching import LeadTime, Patching
from scanner.state.kept_images import BEFORE_FIRST_SEEN
from scanner.times import iso

HOUR = 3600


def write_patching(patching: Patching) -> JsonValue:
    """Write it."""
    return {
        "image": patching.image,
        "from": iso(patching.counted_from),
        "on": patching.on_newest,
        "behind": patching.behind,
        "as_of": iso(patching.as_of),
        "closed": patching.closed_seconds,
        "reached": patching.reached,
        "lead_times": [
            [each.version, _iso(each.published_at), each.basis.value, iso(each.reached_at)]
            for each in patching.lead_times
        ],
    }


def read_patching(body: Any) -> Patching | None:
    """Read it; what another release wrote, and cannot be read, is not known, and is added up anew."""
    if body is None:
        return None
    try:
        return _patching(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _patching(body: Any) -> Patching:
    return Patching(
        image=str(body["image"]),
        counted_from=datetime.fromisoformat(body["from"]),
        on_newest=body["on"],
        behind=body["behind"],
        as_of=datetime.fromisoformat(body["as_of"]),
        closed_seconds=int(body["closed"]),
        reached=body["reached"],
        lead_times=tuple([
            LeadTime(
                version=str(version),
                published_at=None if published is None else datetime.fromisoformat(published),
                basis=Availability(basis),
                reached_at=datetime.fromisoformat(reached),
            )
            for version, published, basis, reached in body["lead_times"]
        ]),
    )  # fmt: skip


def told_patching(patching: Patching | None, read_at: datetime | None) -> dict[str, JsonValue]:
    """Say it, for rows and screens. What is not known is ``None``."""
    if patching is None:
        return {"on_newest_image": None, "exposure_hours": None, "exposure_from": None, "lead_times": None}
    return {
        "on_newest_image": patching.on_newest,
        "exposure_hours": patching.exposure(read_at) // HOUR,
        "exposure_from": iso(patching.counted_from),
        "lead_times": [told_lead_time(each) for each in patching.lead_times],
    }


def told_lead_time(each: LeadTime) -> dict[str, JsonValue]:
    """Say one lead time: in whole hours, rounded."""
    is_unknown = each.published_at is None and each.basis is Availability.FIRST_SEEN
    return {
        "version": each.version,
        "published_at": _iso(each.published_at),
        "published_is": BEFORE_FIRST_SEEN if is_unknown else each.basis.value,
        "reached_at": iso(each.reached_at),
        "hours": None if each.seconds is None else round(each.seconds / HOUR),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
