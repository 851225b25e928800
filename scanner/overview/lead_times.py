"""Patch lead times out of the rows of snapshots: each version and scale set once, whichever snapshots tell it.

Definition: docs/numbers.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from scanner.facts.evidence import JsonValue
from scanner.overview.scale_set import KnownInstances, KnownScaleSet
from scanner.overview.values import identity_of, number_or_none, objects_of, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLeadTime:
    """How long a version took to the last instance of a scale set. A text that is not known is empty."""

    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    environment: str
    application: str
    ring: str
    owner: str
    version: str
    published_at: str
    """ISO 8601, UTC; empty: not known."""
    published_is: str
    """What that moment rests on: published, first_seen or before_first_seen."""
    reached_at: str
    """The scan that first saw every instance on it."""
    hours: int | None
    """``None``: not known, as the publication is not."""


def lead_times_of(rows: Iterable[Mapping[str, JsonValue]]) -> list[KnownLeadTime]:
    """List the lead times that rows of snapshots tell, the earliest first; the labels are those of the last row given."""
    found: dict[tuple[str, str, str], KnownLeadTime] = {}
    for row in rows:
        for item in objects_of(row, "LeadTimes"):
            known = _known(row, item)
            found[known.scale_set_id.lower(), known.version, known.reached_at] = known
    return sorted(found.values(), key=lambda each: (each.reached_at, each.scale_set_id.lower(), each.published_at))


def lead_times_known(items: Iterable[KnownScaleSet]) -> list[KnownLeadTime]:
    """List the lead times that are known of scale sets, the earliest first."""
    return lead_times_of([_row(item, item.instances) for item in items if item.instances is not None])


def _row(item: KnownScaleSet, instances: KnownInstances) -> dict[str, JsonValue]:
    return {
        "ScaleSetId": item.scale_set_id,
        "ScaleSetName": item.name,
        "AzureSubscriptionId": item.subscription_id,
        "ResourceGroup": item.resource_group,
        "Location": item.location,
        "Environment": item.environment,
        "Application": item.application,
        "Ring": item.ring,
        "Owner": item.owner,
        "LeadTimes": list(instances.lead_times),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTimeFigures:
    """Sums over lead times. What is not known is counted, and is in no average."""

    known: int
    unknown: int
    mean_hours: float | None
    median_hours: float | None
    longest_hours: int | None


def lead_time_figures(lead_times: Iterable[KnownLeadTime]) -> LeadTimeFigures:
    """Sum up lead times."""
    given = list(lead_times)
    hours: Sequence[int] = [each.hours for each in given if each.hours is not None]
    return LeadTimeFigures(
        known=len(hours),
        unknown=len(given) - len(hours),
        mean_hours=round(fmean(hours), 1) if hours else None,
        median_hours=median(hours) if hours else None,
        longest_hours=max(hours, default=None),
    )


def _known(row: Mapping[str, JsonValue], item: Mapping[str, JsonValue]) -> KnownLeadTime:
    return KnownLeadTime(
        **identity_of(row),
        version=text_of(item, "version"),
        published_at=text_of(item, "published_at"),
        published_is=text_of(item, "published_is"),
        reached_at=text_of(item, "reached_at"),
        hours=number_or_none(item, "hours"),
    )
