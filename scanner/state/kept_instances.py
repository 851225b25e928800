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
    InstanceSummary,
    Laggards,
    RepairsState,
    RunningImage,
)
from scanner.facts.since import NEVER, Since
from scanner.times import iso

NAME = "instances"
"""Under which it is kept, and the name of its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptInstances:
    """What a state keeps of instances."""

    instances: Instances
    since: Since = NEVER


NOTHING_KEPT = KeptInstances(instances=Instances())


def write_kept(kept: KeptInstances) -> dict[str, JsonValue]:
    """Write it as plain JSON, in a stable order."""
    instances, since = kept.instances, kept.since
    moments = {"behind_model": since.behind_model, "held": since.held, "mixed": since.mixed}
    written: dict[str, JsonValue] = {"glance": list(digests_of(instances))}
    if instances.census is not None:
        written["census"] = _census_body(instances.census, with_examples=True)
    if not instances.is_current and instances.census_read_at is not None:
        written["read_at"] = iso(instances.census_read_at)
    if instances.reading is not None:
        reading = instances.reading
        written["reading"] = {"at": iso(reading.read_at), "about": reading.about, **_told_body(reading)}
    lasting: dict[str, JsonValue] = {name: iso(moment) for name, moment in moments.items() if moment is not None}
    if lasting:
        written["since"] = lasting
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
    laggards, summary = reading.laggards, reading.summary
    counts = None if laggards is None else [laggards.behind, laggards.held]
    return _digest([counts, None if summary is None else _summary_body(summary)])


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
    if reading.laggards is not None:
        found = reading.laggards
        examples: list[JsonValue] = [list(found.behind_examples), list(found.held_examples)]
        body["laggards"] = [found.behind, found.held, *examples]
    if reading.summary is not None:
        body["summary"] = _summary_body(reading.summary)
    return body


def _summary_body(summary: InstanceSummary) -> list[JsonValue]:
    repairs = None if summary.repairs is None else summary.repairs.value
    return [summary.total, summary.unhealthy, summary.failed, summary.stopped, repairs, summary.repairs_since]


def _kept(body: Mapping[str, Any], current_at: str | None) -> KeptInstances:
    census, read_at = body.get("census"), body.get("read_at")
    moment = read_at or current_at
    since = {name: _moment(body.get("since", {}).get(name)) for name in ("behind_model", "held", "mixed")}
    instances = Instances(
        census=None if census is None else _census(census),
        census_read_at=_moment(moment),
        is_current=read_at is None,
        reading=None if body.get("reading") is None else _reading(body["reading"]),
    )
    return KeptInstances(instances=instances, since=Since(**since))


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
    laggards, summary = body.get("laggards"), body.get("summary")
    return ComputeReading(
        read_at=datetime.fromisoformat(body["at"]),
        about=body["about"],
        laggards=None if laggards is None else _laggards(laggards),
        summary=None if summary is None else _summary(summary),
    )


def _laggards(body: Sequence[Any]) -> Laggards:
    behind, held, behind_examples, held_examples = body
    return Laggards(
        behind=behind, held=held, behind_examples=tuple(behind_examples), held_examples=tuple(held_examples)
    )


def _summary(body: Sequence[Any]) -> InstanceSummary:
    total, unhealthy, failed, stopped, repairs, since = body
    return InstanceSummary(
        total=total,
        unhealthy=unhealthy,
        failed=failed,
        stopped=stopped,
        repairs=None if repairs is None else RepairsState(repairs),
        repairs_since=since,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
