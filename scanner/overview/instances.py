"""Instances of a fleet: how many run an old image or an old model, and for how long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scanner.overview.scale_set import KnownScaleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """A scale set some of whose instances are behind the newest image."""

    scale_set: KnownScaleSet
    behind: int
    total: int | None
    since: str
    hours: int | None
    """Exposure of those that are behind now: instance-hours since a newer version is there; ``None``: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFigures:
    """Sums over the scale sets whose instances were read."""

    read: int
    """Scale sets of which something is known."""
    not_read: int
    count: int
    behind_model: int
    behind_image: int
    image_not_read: int
    """Scale sets of which it is not known whether an instance is behind the image."""
    model_not_read: int
    hours: int
    """Exposure of all that is behind now, as far as it is known."""
    lags: Sequence[Lag]
    """The longest first."""


def instance_figures(items: Iterable[KnownScaleSet], at: str) -> InstanceFigures:
    """Sum up what is known of instances at a moment (ISO 8601)."""
    all_items = list(items)
    known = [(item, item.instances) for item in all_items if item.instances is not None]
    lags = [
        Lag(
            scale_set=item,
            behind=instances.behind_image,
            total=instances.count,
            since=instances.behind_image_since,
            hours=_hours(instances.behind_image_since, at, instances.behind_image),
        )
        for item, instances in known
        if instances.behind_image
    ]
    return InstanceFigures(
        read=len(known),
        not_read=len(all_items) - len(known),
        count=sum(instances.count or 0 for _, instances in known),
        behind_model=sum(instances.behind_model or 0 for _, instances in known),
        behind_image=sum(instances.behind_image or 0 for _, instances in known),
        image_not_read=sum(1 for _, instances in known if instances.behind_image is None),
        model_not_read=sum(1 for _, instances in known if instances.behind_model is None),
        hours=sum(lag.hours or 0 for lag in lags),
        lags=sorted(lags, key=lambda lag: (-(lag.hours or 0), -lag.behind, lag.scale_set.key)),
    )


def _hours(since: str, at: str, instances: int) -> int | None:
    try:
        seconds = (datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return None
    return round(max(seconds, 0) / 3600 * instances)
