"""Since when the instances of a scale set are as they are: the moments that rules with a grace time count from.

Only moments are kept, never running totals: what lasts is not written again with every scan.
"""

from dataclasses import dataclass
from datetime import datetime

from scanner.facts.instances import Instances
from scanner.facts.versions import VersionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Moments in UTC; ``None``: it is not so, or was never read."""

    behind_model: datetime | None = None
    """An instance that nothing holds back is behind the model."""
    behind_image: datetime | None = None
    """An instance runs a version to which a newer one could be had in its region since then."""
    held: datetime | None = None
    """An instance is held back from upgrades."""
    mixed: datetime | None = None
    """Instances run different versions of one image."""


NEVER = Since()


def next_since(known: Since, instances: Instances, moment: datetime) -> Since:
    """Carry the moments on by what is known now: what was not read stays, what is no longer so ends."""
    return Since(
        behind_image=known.behind_image,
        behind_model=_carried(known.behind_model, moment, is_so=_some(instances.behind)),
        held=_carried(known.held, moment, is_so=_some(instances.held)),
        mixed=_carried(known.mixed, moment, is_so=is_mixed(instances)),
    )


def is_mixed(instances: Instances) -> bool | None:
    """Whether instances run different versions of one image; ``None``: not read, or of some no version was reported."""
    if instances.census is None:
        return None
    seen: dict[str, VersionKey] = {}
    is_unread = False
    for image in instances.census.images:
        if image.key is None:
            is_unread = True
        elif seen.setdefault(image.name, image.key) != image.key:
            return True
    return None if is_unread else False


def _carried(known: datetime | None, moment: datetime, *, is_so: bool | None) -> datetime | None:
    if is_so is None:
        return known
    return (known or moment) if is_so else None


def _some(count: int | None) -> bool | None:
    return None if count is None else count > 0
