"""Instances of a fleet: how many run an old image or an old model, and for how long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.overview.scale_set import KnownScaleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """A scale set some of whose instances are behind the newest image."""

    scale_set: KnownScaleSet
    behind: int
    total: int | None
    since: str
    hours: int | None
    """Instance-hours behind the newest image, as they were added up; ``None``: not counted."""
    hours_from: str
    """From when on they are added up."""


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
    """Exposure of all scale sets, also of those that are no longer behind."""
    hours_from: str
    """The earliest moment from which on one of them is counted; empty: none is."""
    hours_not_read: int
    """Scale sets of which no exposure is counted."""
    lags: Sequence[Lag]
    """The longest first."""


def instance_figures(items: Iterable[KnownScaleSet]) -> InstanceFigures:
    """Sum up what is known of instances. Definitions: docs/numbers.md."""
    all_items = list(items)
    known = [(item, item.instances) for item in all_items if item.instances is not None]
    lags = [
        Lag(
            scale_set=item,
            behind=instances.behind_image,
            total=instances.count,
            since=instances.behind_image_since,
            hours=instances.exposure_hours,
            hours_from=instances.exposure_from,
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
        hours=sum(instances.exposure_hours or 0 for _, instances in known),
        hours_from=min([instances.exposure_from for _, instances in known if instances.exposure_from], default=""),
        hours_not_read=sum(1 for _, instances in known if instances.exposure_hours is None),
        lags=sorted(lags, key=lambda lag: (-(lag.hours or 0), -lag.behind, lag.scale_set.key)),
    )
