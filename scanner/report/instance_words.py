"""What the report says of instances: counts with since when, exposure, and how long versions took."""

from collections.abc import Mapping

from scanner.overview.figures import days_between
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain, plural
from scanner.report.words import NAME_LIMIT, VALUE_LIMIT, day, moment

_BASES: Mapping[str, str] = {
    "published": "published",
    "first_seen": "first seen here",
    "before_first_seen": "there before this service looked",
}
"""What the time of a publication rests on."""


def instances_of(item: KnownScaleSet, at: str) -> list[tuple[str, str]]:
    """Say what is known of its instances: name and value; nothing where nothing was read."""
    known = item.instances
    if known is None:
        return []
    behind = "not read" if known.behind_image is None else _counted(known.behind_image, known.behind_image_since, at)
    model = "not read" if known.behind_model is None else _counted(known.behind_model, known.behind_model_since, at)
    told = [
        ("Instances", "not read" if known.count is None else f"{known.count:,}"),
        ("Behind the image", behind),
        ("Behind the model", model),
    ]
    if known.exposure_hours is not None:
        since = f" since {day(known.exposure_from)}" if known.exposure_from else ""
        told.append(("Instance-hours behind the image", f"{known.exposure_hours:,}{since}"))
    told += [("Held back", f"{known.held_back:,}")] if known.held_back else []
    told += [("Unhealthy", f"{known.unhealthy:,}")] if known.unhealthy else []
    told += [
        (f"Image {plain(name, NAME_LIMIT)}", plain(str(count), VALUE_LIMIT)) for name, count in known.versions.items()
    ]
    return [*told, ("Counted", moment(known.counted_at))] if known.counted_at else told


def _counted(count: int, since: str, at: str) -> str:
    days = days_between(since, at)
    return f"{count:,}" if not count or days is None else f"{count:,}, for {plural(days, 'day')}"


def basis(name: str) -> str:
    """Say what the time of a publication rests on."""
    return _BASES.get(name, plain(name, NAME_LIMIT))


def duration(hours: float) -> str:
    """Write hours as a person reads them."""
    if hours < 1:
        return "less than an hour"
    return plural(round(hours), "hour") if hours < 48 else plural(round(hours / 24), "day")
