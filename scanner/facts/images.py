"""Images as they are published: which versions a region offers, since when, and what is known of each.

https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from scanner.facts.posture import ImageSource
from scanner.facts.versions import is_older, newest_of, version_key

OLD_AFTER = timedelta(hours=24)
"""An answer of Azure's that is older is told with its age: it could not be read since."""


def old_since(read_at: datetime, moment: datetime) -> datetime | None:
    """Say when an answer was read that is old at this moment; ``None``: it is current.

    Rules show it, and it is part of a state's basis; the moment of every reading would write every state every few hours.
    """
    return read_at if moment - read_at > OLD_AFTER else None


class Availability(StrEnum):
    """What the moment rests on from which a version could be had."""

    PUBLISHED = "published"
    """The publication date of a gallery version."""
    FIRST_SEEN = "first_seen"
    """When this service first saw the version of a platform image: Azure tells its publication nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedVersion:
    """A version that new instances got, or get, in one region."""

    version: str
    since: datetime | None
    """From when on it could be had (UTC); ``None``: not known."""
    is_exact: bool = True
    """``False``: it was there when this service first looked, so that it could be had for longer than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestImage:
    """The newest version of a scale set's image in the scale set's own region or edge zone, compared as numbers."""

    name: str
    """As ``Image.name``: publisher, offer and SKU, or the id of a gallery's image definition."""
    source: ImageSource
    location: str
    """Region, or region and edge zone with a slash between."""
    version: str | None
    """The newest version; ``None``: the region offers none."""
    offered: tuple[OfferedVersion, ...]
    """The newest version and those that were newest before it, in the order of their numbers. Of a gallery: all that the
    region may have."""
    availability: Availability
    """What the moments of ``offered`` rest on."""
    read_at: datetime
    """When the list of versions was read (UTC): now, or at an earlier scan where it could not be read since."""

    def behind_since(self, version: str) -> datetime | None:
        """Say since when a version newer than this one could be had (UTC).

        ``None``: it is the newest, the texts cannot be compared, or no such moment is known.
        """
        if self.version is None:
            return None
        newer = [
            each.since
            for each in self.offered
            if each.since is not None and is_older(version, each.version) and not is_older(self.version, each.version)
        ]
        return min(newer, default=None)

    def since_of(self, version: str) -> datetime | None:
        """Say since when this very version could be had; ``None``: not known."""
        return next((each.since for each in self.offered if each.version == version), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryVersion:
    """One version in a gallery, a shared gallery or a community gallery. ``None``: not read.

    https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get.
    """

    version: str
    is_ready: bool | None = None
    """Whether ``provisioningState`` is Succeeded: a version that is still replicating is not late."""
    published_at: datetime | None = None
    excluded: bool | None = None
    """``excludeFromLatest`` of the version: in no region is it the latest."""
    regions: Mapping[str, bool | None] | None = None
    """Target regions, in lower case without spaces, each with its own ``excludeFromLatest``. A wish: whether the version
    arrived is told elsewhere."""
    tells_no_regions: bool = False
    """Of a shared or community gallery: its list of a location holds what that location has."""
    end_of_life_at: datetime | None = None
    """``None`` also where the version has no end of life."""
    soft_deleted: bool | None = None
    """``imageState`` SoftDeleted: it can be restored, and is no longer to be had."""
    consumption_ends_at: datetime | None = None
    """``consumptionEndTime``: afterwards no instance can be created from it. ``None`` also where there is none."""
    violations: tuple[str, ...] | None = None
    """Policy violations that its safety profile reports, by category; empty: none."""

    def is_offered_in(self, location: str) -> bool | None:
        """Say whether it may be the latest in a region; ``None``: it cannot be said."""
        if False in (self.is_ready, self.targets(location)) or self.excluded or self.soft_deleted:
            return False
        if self.excluded_in(location):
            return False
        unread = None in (self.is_ready, self.targets(location), self.excluded, self.excluded_in(location))
        return None if unread else True

    def targets(self, location: str) -> bool | None:
        """Say whether it is meant for a region."""
        if self.regions is None:
            return True if self.tells_no_regions else None
        return location in self.regions

    def excluded_in(self, location: str) -> bool | None:
        """Say whether it is excluded from latest in a region."""
        if self.regions is None:
            return False if self.tells_no_regions else None
        return self.regions.get(location, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryImage:
    """The image definition that a scale set's model names, and its versions."""

    name: str
    """As ``Image.name``."""
    source: ImageSource
    versions: tuple[GalleryVersion, ...]
    """In the order of their names."""
    end_of_life_at: datetime | None = None
    """Of the definition; ``None``: it has none, or it was not read."""
    has_definition: bool = True
    """Whether the definition's own row was read."""
    read_at: datetime

    def version(self, name: str) -> GalleryVersion | None:
        """Find a version; ``None``: the list that was read does not hold it."""
        return next((each for each in self.versions if each.version == name), None)


class Deprecation(StrEnum):
    """``imageDeprecationStatus.imageState`` of a platform image.

    https://learn.microsoft.com/azure/virtual-machines/deprecated-images.
    """

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """What Azure says of the deprecation of one version of a platform image."""

    version: str
    deprecation: Deprecation
    scheduled_at: datetime | None = None
    """``scheduledDeprecationTime``; ``None``: there is none, or it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformImage:
    """A platform image in one region: what is known of its versions' deprecation."""

    name: str
    location: str
    newest: str | None
    """The version that ``latest`` means now."""
    statuses: tuple[VersionStatus, ...]
    """Of the versions that were asked about and answered; of others nothing is known."""
    read_at: datetime

    def status_of(self, version: str) -> VersionStatus | None:
        """Find what was said of a version; ``None``: not known."""
        return next((each for each in self.statuses if each.version == version), None)


_NOT_BEFORE = date(2014, 1, 1)
_HINTS = (
    re.compile(r"(?<!\d)(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d)\d{0,2}(?!\d)"),  # 22.04.202408260, 2022.127.20180613
    re.compile(r"(?<![\d.])(?P<y>20\d\d)(?P<m>\d\d)\.(?P<d>\d\d)(?!\d)"),  # 202609.15.0
    re.compile(r"(?<=\.)(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d)\d?$"),  # 20348.4052.251002
)


def date_hint(version: str, not_after: datetime) -> date | None:
    """Read the date of a build out of a version's name; ``None``: it holds none that makes sense.

    It is a hint: publishers name versions as they like, and a version is published days after it was built.
    """
    latest = (not_after + timedelta(days=1)).date()
    for form in _HINTS:
        for found in form.finditer(version):
            year = int(found["y"])
            try:
                hint = date(year if year > 99 else 2000 + year, int(found["m"]), int(found["d"]))
            except ValueError:
                continue
            if _NOT_BEFORE <= hint <= latest:
                return hint
    return None


def newest_of_gallery(image: GalleryImage, location: str) -> NewestImage | None:
    """Choose the newest version that a gallery offers in a region; ``None``: it cannot be said.

    A newer version of which it is not known whether the region may have it makes the whole unknown.
    """
    known = [each for each in image.versions if each.is_offered_in(location)]
    version = newest_of([each.version for each in known])
    for each in image.versions:
        newer = True if version is None else is_older(version, each.version)
        if each.is_offered_in(location) is None and newer:
            return None
    return NewestImage(
        name=image.name,
        source=image.source,
        location=location,
        version=version,
        offered=tuple(_in_order(known)),
        availability=Availability.PUBLISHED,
        read_at=image.read_at,
    )


def _in_order(versions: Iterable[GalleryVersion]) -> list[OfferedVersion]:
    offered = [OfferedVersion(version=each.version, since=each.published_at) for each in versions]
    return sorted(offered, key=lambda each: (version_key(each.version) or (), each.version))
