"""Questions about the published versions of an image that several rules ask. Each answer may be ``None``: not known."""

from datetime import datetime, timedelta

from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import GalleryImage, GalleryVersion, old_since
from scanner.facts.posture import Image, ImageSource
from scanner.facts.versions import is_older
from scanner.rules.criteria import Criteria

GALLERIES = frozenset({ImageSource.GALLERY, ImageSource.SHARED_GALLERY, ImageSource.COMMUNITY_GALLERY})
WARNED_BEFORE = timedelta(days=90)
"""How long before the end of an image a scale set that uses it is a finding."""


def follows_latest(image: Image) -> bool | None:
    """Whether new instances get the newest version."""
    return None if image.version is None else not image.pinned


def version_of_new_instances(scale_set: ScaleSet) -> str | None:
    """Name the version that a new instance gets now: the fixed one, or the newest in the region."""
    image, newest = scale_set.posture.image, scale_set.depth.newest
    if image is None or image.version is None:
        return None
    if image.pinned:
        return image.version
    if scale_set.posture.service_artifact_reference != "":
        return None
    return None if newest is None else newest.version


def running_versions(scale_set: ScaleSet) -> frozenset[str] | None:
    """Name the versions that instances run, of the model's own image; ``None``: not read, or not of all."""
    instances, image = scale_set.depth.instances, scale_set.posture.image
    if instances is None or instances.census is None or image is None:
        return None
    running = [each.version for each in instances.census.images if each.name in (image.name, "")]
    return None if "" in running else frozenset(running)


def used_versions(scale_set: ScaleSet) -> frozenset[str] | None:
    """Name the versions that the model or the instances use; ``None``: not all of them are known."""
    running, new = running_versions(scale_set), version_of_new_instances(scale_set)
    if running is None or new is None:
        return None
    return running | {new}


def known_versions(scale_set: ScaleSet) -> frozenset[str]:
    """Name those of them that are known."""
    running, new = running_versions(scale_set), version_of_new_instances(scale_set)
    return (running or frozenset()) | ({new} if new else frozenset())


def found_version(image: GalleryImage, version: str) -> GalleryVersion | None:
    """Find a version in a gallery, also in another spelling of the same numbers."""
    exact = image.version(version)
    if exact is not None:
        return exact
    same = [
        each
        for each in image.versions
        if is_older(each.version, version) is False and is_older(version, each.version) is False
    ]
    return same[0] if same else None


def moment_text(moment: datetime | None) -> str | None:
    """Write a moment as evidence shows it."""
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def age_evidence(read_at: datetime, criteria: Criteria) -> tuple[Evidence, ...]:
    """Say when the list of versions was read, where that is long ago."""
    old = old_since(read_at, criteria.moment)
    return () if old is None else (Evidence("images.readAt", moment_text(old)),)
