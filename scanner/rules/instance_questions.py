"""Questions about the instances of a scale set that several rules ask, and how they are told."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.instances import Instances
from scanner.facts.posture import ImageSource
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import GALLERIES, moment_text
from scanner.rules.verdict import Answer, Outcome

COUNT = "instances.count"
BEHIND = "instances.behindModel"
HELD = "instances.heldBack"
EXAMPLES = "instances.examples"
READ_AT = "instances.readAt"
SINCE = "instances.since"


def has_none(scale_set: ScaleSet) -> bool:
    """Whether the scale set has no instances, by the census or by its capacity."""
    instances = scale_set.depth.instances
    total = None if instances is None else instances.total
    return total == 0 or (total is None and scale_set.posture.capacity == 0)


def image_sla(scale_set: ScaleSet, criteria: Criteria) -> timedelta:
    """Choose how long an instance may run an older version: galleries have no phases, and are quicker."""
    image, policy = scale_set.posture.image, criteria.policy
    is_gallery = image is not None and image.source in GALLERIES
    return timedelta(days=policy.image_sla_gallery_days if is_gallery else policy.image_sla_platform_days)


def has_versions(source: ImageSource) -> bool:
    """Whether images of this source have versions."""
    return source not in {ImageSource.MANAGED_IMAGE, ImageSource.VHD}


def none_there(evidence: tuple[Evidence, ...]) -> Answer:
    """Answer for a scale set without instances."""
    return Answer(Outcome.NOT_APPLICABLE, "There are no instances.", evidence)


def age_of_census(instances: Instances) -> tuple[Evidence, ...]:
    """Say how old the census is, where the last scan could not read it: else it is as old as the scan."""
    if instances.is_current or instances.census_read_at is None:
        return ()
    return (Evidence(READ_AT, moment_text(instances.census_read_at)),)


def age_of_reading(instances: Instances) -> tuple[Evidence, ...]:
    """Say when Compute was asked."""
    return () if instances.reading is None else (Evidence(READ_AT, moment_text(instances.reading.read_at)),)


def named(examples: Iterable[str]) -> tuple[Evidence, ...]:
    """Name some instances."""
    names = list(examples)
    return (Evidence(EXAMPLES, names),) if names else ()


def counted(number: int, what: str = "instance") -> str:
    """Write a count with its noun."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def waited(span: timedelta) -> str:
    """Write a grace time."""
    hours = round(span.total_seconds() / 3600)
    return f"{hours // 24} days" if hours % 24 == 0 and hours >= 48 else f"{hours} hours"


def lasting(since: datetime | None, read_at: datetime | None, allowed: timedelta) -> bool | None:
    """Say whether something was still so, when it was read last, for as long as is allowed; ``None``: not known."""
    return None if since is None or read_at is None else read_at - since >= allowed
