"""What a state keeps of instances: the last known counts, when they were read, and since when they are so.

It stands in ``ScaleSetState.beside`` under ``NAME``. The moment of a census that every scan repeats is not kept: it is
that of the subscription's last reading. It is written down when a scan could not read the census.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.instances import (
    Census,
    ComputeReading,
    Instances,
    Listing,
    RepairsService,
    RepairsState,
    RunningImage,
)
from scanner.facts.patching import Patching
from scanner.facts.since import NEVER, Since
from scanner.state.kept_patching import read_patching, told_patching, write_patching
from scanner.times import iso

NAME = "instances"
"""Under which it is kept, and the name of its source."""

_MOMENTS = ("behind_model", "behind_image", "held", "mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptInstances:
    """What a state keeps of instances."""

    instances: Instances
    since: Since = NEVER
    patching: Patching | None = None
    """``None``: the newest version of the image was never read together with the instances."""


NOTHING_KEPT = KeptInstances(instances=Instances())


def write_kept(kept: KeptInstances) -> dict[str, JsonValue]:
    """Write it as plain JSON, in a stable order."""
    instances, since = kept.instances, kept.since
    moments = {name: getattr(since, name) for name in _MOMENTS}
    written: dict[str, JsonValue] = {"glance": list(digests_of(instances))}
    if instances.census is not None:
        written["census"] = _census_body(instances.census, with_examples=True)
    if not instances.is_current and instances.census_read_at is not None:
        written["read_at"] = iso(instances.census_read_at)
    if instances.reading is not None:
        reading = instances.reading
        written["reading"] = {"at": iso(reading.read_at), "about": reading.about, **_told_body(reading)}
    if instances.behind_image is not None:
        written["behind_image"] = instances.behind_image
    lasting: dict[str, JsonValue] = {name: iso(moment) for name, moment in moments.items() if moment is not None}
    if lasting:
        written["since"] = lasting
    if kept.patching is not None:
        written["patching"] = write_patching(kept.patching)
    return written


def read_kept(beside: Mapping[str, JsonValue], current_at: str | None) -> KeptInstances:
    """Read it from what a state keeps; what is not there, or is not what this service writes, is not known.

    ``current_at`` is the moment (ISO 8601) at which the subscription was read last.
    """
    body = beside.get(NAME)
    if not isinstance(body, Mapping):
        return NOTHING_KEPT
    try:
        return _kept(body, current_at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return NOTHING_KEPT


def told_of(kept: KeptInstances) -> dict[str, JsonValue] | None:
    """Say what is known of instances, for rows and screens; ``None``: nothing. What was not read is ``None``."""
    instances, since = kept.instances, kept.since
    if instances.census is None and instances.reading is None:
        return None
    listing, census = instances.listing, instances.census
    versions: dict[str, JsonValue] | None = None
    if census is not None:
        versions = {
            f"{image.name or 'not reported'}/{image.version or 'not reported'}": image.count for image in census.images
        }
    return {
        "count": instances.total,
        "versions": versions,
        "power": None if census is None else dict(census.power),
        "behind_model": instances.behind,
        "behind_model_since": _iso(since.behind_model),
        "behind_image": instances.behind_image,
        "behind_image_since": _iso(since.behind_image),
        "held_back": instances.held,
        "held_back_since": _iso(since.held),
        "unhealthy": listing.unhealthy if listing is not None and listing.is_whole else None,
        "counted_at": _iso(instances.census_read_at),
        "asked_at": None if instances.reading is None else _iso(instances.reading.read_at),
        **told_patching(kept.patching, instances.census_read_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def digests_of(instances: Instances) -> tuple[str, str]:
    """Digest the census, and what Compute said: what a state rests on. Examples and moments do not count."""
    return digest_of_census(instances.census), digest_of_reading(instances.reading)


def digest_of_census(census: Census | None) -> str:
    """Digest the counts of a census; empty: there is none."""
    return "" if census is None else _digest(_census_body(census, with_examples=False))


def digest_of_reading(reading: ComputeReading | None) -> str:
    """Digest what Compute said; empty: nothing."""
    if reading is None:
        return ""
    return _digest([_counts(reading.listing), _repairs_body(reading.repairs)])


def _digest(value: JsonValue) -> str:
    return blake2b(json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _census_body(census: Census, *, with_examples: bool) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {
        "images": [
            [image.name, image.version, image.count, *([list(image.examples)] if with_examples else [])]
            for image in census.images
        ],
        "power": dict(census.power),
        "behind": census.behind,
        "held": census.held,
    }
    if with_examples:
        body["examples"] = [list(census.behind_examples), list(census.held_examples)]
    return body


def _told_body(reading: ComputeReading) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {}
    if reading.listing is not None:
        found = reading.listing
        examples = (found.behind_examples, found.held_examples, found.unhealthy_examples)
        body["listing"] = [_counts(found), *[list(names) for names in examples]]
    if reading.repairs is not None:
        body["repairs"] = _repairs_body(reading.repairs)
    return body


def _counts(found: Listing | None) -> list[JsonValue] | None:
    if found is None:
        return None
    return [found.is_whole, found.behind, found.held, found.total, found.unhealthy, found.silent]


def _repairs_body(repairs: RepairsService | None) -> list[JsonValue] | None:
    if repairs is None:
        return None
    return [None if repairs.state is None else repairs.state.value, repairs.since]


def _kept(body: Mapping[str, Any], current_at: str | None) -> KeptInstances:
    census, read_at = body.get("census"), body.get("read_at")
    moment = read_at or current_at
    since = {name: _moment(body.get("since", {}).get(name)) for name in _MOMENTS}
    instances = Instances(
        census=None if census is None else _census(census),
        census_read_at=_moment(moment),
        is_current=read_at is None,
        reading=None if body.get("reading") is None else _reading(body["reading"]),
        behind_image=body.get("behind_image"),
    )
    patching = read_patching(body.get("patching"))
    return KeptInstances(instances=instances, since=Since(**since), patching=patching)


def _census(body: Mapping[str, Any]) -> Census:
    behind, held = body["examples"]
    return Census(
        images=tuple([
            RunningImage(name=name, version=version, count=count, examples=tuple(examples))
            for name, version, count, examples in body["images"]
        ]),
        power=dict(body["power"]),
        behind=body["behind"],
        held=body["held"],
        behind_examples=tuple(behind),
        held_examples=tuple(held),
    )  # fmt: skip


def _reading(body: Mapping[str, Any]) -> ComputeReading:
    listing, repairs = body.get("listing"), body.get("repairs")
    return ComputeReading(
        read_at=datetime.fromisoformat(body["at"]),
        about=body["about"],
        listing=None if listing is None else _listing(listing),
        repairs=None if repairs is None else _repairs(repairs),
    )


def _listing(body: Sequence[Any]) -> Listing:
    (is_whole, behind, held, total, unhealthy, silent), *examples = body
    behind_examples, held_examples, unhealthy_examples = (tuple(names) for names in examples)
    return Listing(
        is_whole=is_whole,
        behind=behind,
        held=held,
        total=total,
        unhealthy=unhealthy,
        silent=silent,
        behind_examples=behind_examples,
        held_examples=held_examples,
        unhealthy_examples=unhealthy_examples,
    )


def _repairs(body: Sequence[Any]) -> RepairsService:
    state, since = body
    return RepairsService(state=None if state is None else RepairsState(state), since=since)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
