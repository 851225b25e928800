"""From image definitions and versions of galleries, as Azure writes them, to facts. What cannot be read is ``None``.

https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scanner.facts.images import GalleryImage, GalleryVersion
from scanner.facts.posture import ImageSource
from scanner.reading.azure_values import Block, choice, flag, listed, optional, required, text
from scanner.reading.image_rows import moment, region

_OWN = re.compile(
    r"(?P<name>/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.compute/galleries/[^/]+/images/[^/]+)"
    r"(?:/versions/(?P<version>[^/]+))?"
)
_COMMUNITY = re.compile(r".*(?P<name>/communitygalleries/[^/]+/images/[^/]+)(?:/versions/(?P<version>[^/]+))?")
_READY: Mapping[str, bool] = {
    "succeeded": True,
    "creating": False,
    "updating": False,
    "failed": False,
    "deleting": False,
    "migrating": False,
}
_STATES: Mapping[str, bool] = {"active": False, "softdeleted": True}
_CATEGORIES = 10
"""Policy violations that are named; more say nothing more."""


@dataclass(slots=True)
class GalleryRows:
    """Definitions and versions as their rows come, page by page."""

    read_at: datetime
    _versions: dict[str, list[GalleryVersion]] = field(default_factory=dict)
    _definitions: dict[str, datetime | None] = field(default_factory=dict)

    def take_own(self, row: object) -> None:
        """Take a definition or version of a gallery; what is neither is passed over."""
        self._take(row, _OWN, is_own=True, place="")

    def take_community(self, row: object) -> None:
        """Take a definition or version of a community gallery, in the region that its row names."""
        place = region(row.get("location")) if isinstance(row, Mapping) else None
        if place is not None:
            self._take(row, _COMMUNITY, is_own=False, place=f"{place}|")

    def images(self) -> dict[str, GalleryImage]:
        """Answer what was taken, by the id of the definition; of community galleries by region, ``|`` and name."""
        found: dict[str, GalleryImage] = {}
        for key in sorted(self._versions.keys() | self._definitions.keys()):
            name = key.rpartition("|")[2]
            found[key] = GalleryImage(
                name=name,
                source=ImageSource.COMMUNITY_GALLERY if "|" in key else ImageSource.GALLERY,
                versions=_in_order(self._versions.get(key, ())),
                end_of_life_at=self._definitions.get(key),
                has_definition=key in self._definitions,
                read_at=self.read_at,
            )
        return found

    def _take(self, row: object, form: re.Pattern[str], *, is_own: bool, place: str) -> None:
        identifier = row.get("id") if isinstance(row, Mapping) else None
        match = form.fullmatch(identifier.lower().rstrip("/")) if isinstance(identifier, str) else None
        if match is None or not isinstance(row, Mapping):
            return
        key = f"{place}{match['name']}"
        properties = required(row, "properties")
        if match["version"] is None:
            if properties is not None:
                self._definitions[key] = moment(properties.get("endOfLifeDate"))
            return
        read = own_version if is_own else shared_version
        self._versions.setdefault(key, []).append(read(match["version"], properties))


def own_version(name: str, properties: Block | None) -> GalleryVersion:
    """Read a version of a gallery that we may read itself."""
    profile, safety = optional(properties, "publishingProfile"), optional(properties, "safetyProfile")
    return GalleryVersion(
        version=name,
        is_ready=None if properties is None else choice(properties.get("provisioningState"), _READY),
        published_at=_moment(profile, "publishedDate"),
        excluded=_flag(profile, "excludeFromLatest"),
        regions=_regions(profile),
        end_of_life_at=_moment(profile, "endOfLifeDate"),
        soft_deleted=_soft_deleted(properties),
        consumption_ends_at=_moment(properties, "consumptionEndTime"),
        violations=_violations(safety),
    )


def shared_version(name: str, properties: Block | None) -> GalleryVersion:
    """Read a version of a shared or community gallery: no regions and no safety profile are told."""
    return GalleryVersion(
        version=name,
        is_ready=None if properties is None else True,  # only what can be had is listed
        published_at=_moment(properties, "publishedDate"),
        excluded=_flag(properties, "excludeFromLatest"),
        tells_no_regions=True,
        end_of_life_at=_moment(properties, "endOfLifeDate"),
        soft_deleted=_soft_deleted(properties),
        consumption_ends_at=_moment(properties, "consumptionEndTime"),
        violations=(),
    )


def shared_image(name: str, items: Iterable[object], definition: object, read_at: datetime) -> GalleryImage | None:
    """Put together a directly shared image; ``None``: an item cannot be read, so the list is not whole."""
    versions: list[GalleryVersion] = []
    for item in items:
        version = text(item.get("name")) if isinstance(item, Mapping) else None
        if version is None or not isinstance(item, Mapping):
            return None
        versions.append(shared_version(version.lower(), required(item, "properties")))
    described = required(definition, "properties") if isinstance(definition, Mapping) else None
    return GalleryImage(
        name=name,
        source=ImageSource.SHARED_GALLERY,
        versions=_in_order(versions),
        end_of_life_at=_moment(described, "endOfLifeDate"),
        has_definition=described is not None,
        read_at=read_at,
    )


def _in_order(versions: Iterable[GalleryVersion]) -> tuple[GalleryVersion, ...]:
    return tuple(sorted(versions, key=lambda each: each.version))


def _moment(block: Block | None, name: str) -> datetime | None:
    return None if block is None else moment(block.get(name))


def _flag(block: Block | None, name: str) -> bool | None:
    if block is None:
        return None
    value = block.get(name)
    return False if value is None else flag(value)


def _soft_deleted(properties: Block | None) -> bool | None:
    """Read whether a version is soft-deleted; lists of old API versions do not say so, and hold no such version."""
    if properties is None:
        return None
    state = properties.get("imageState")
    return False if state is None else choice(state, _STATES)


def _regions(profile: Block | None) -> Mapping[str, bool | None] | None:
    if profile is None or profile.get("targetRegions") is None:
        return None
    regions: dict[str, bool | None] = {}
    for item in listed(profile, "targetRegions") or ():
        name = region(item.get("name")) if isinstance(item, Mapping) else None
        if name is None or not isinstance(item, Mapping):
            return None
        regions[name] = _flag(item, "excludeFromLatest")
    return regions if isinstance(profile.get("targetRegions"), list) else None


def _violations(safety: Block | None) -> tuple[str, ...] | None:
    if safety is None:
        return None
    reported, violations = _flag(safety, "reportedForPolicyViolation"), listed(safety, "policyViolations")
    if violations is None:
        return None
    named = [text(item.get("category")) if isinstance(item, Mapping) else None for item in violations[:_CATEGORIES]]
    categories = sorted({name or "Other" for name in named})
    if not categories and reported is None:
        return None
    return tuple(categories) or (("Reported",) if reported else ())
