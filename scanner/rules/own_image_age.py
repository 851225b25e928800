"""Since when the image versions can be had that instances run, and that a new one gets: for own rules about their age."""

from datetime import datetime

from scanner.facts.depth import ScaleSet
from scanner.rules.image_questions import found_version, running_versions, version_of_new_instances


def runs_model_image(scale_set: ScaleSet) -> bool:
    """Whether all instances report a version of the model's own image: else not all can be compared with the newest."""
    instances, image = scale_set.depth.instances, scale_set.posture.image
    if instances is None or instances.census is None or image is None:
        return False
    return all(each.name == image.name and each.key is not None for each in instances.census.images)


def _available_since(scale_set: ScaleSet, version: str) -> datetime | None:
    """Say since when a version can be had; ``None``: not known, also where it was there before this service looked."""
    if scale_set.depth.gallery_image is not None:
        found = found_version(scale_set.depth.gallery_image, version)
        return None if found is None else found.published_at
    offered = () if scale_set.depth.newest is None else scale_set.depth.newest.offered
    return next((each.since for each in offered if each.version == version and each.is_exact), None)


def new_image_since(scale_set: ScaleSet) -> datetime | None:
    """Say since when the version that a new instance gets can be had; ``None``: not known."""
    version = version_of_new_instances(scale_set)
    return None if version is None else _available_since(scale_set, version)


def oldest_image_since(scale_set: ScaleSet) -> datetime | None:
    """Say since when the oldest version that runs can be had; ``None`` also where it is not known of each."""
    versions = running_versions(scale_set) if runs_model_image(scale_set) else None
    found = [_available_since(scale_set, version) for version in versions or ()]
    known = [moment for moment in found if moment is not None]
    return min(known, default=None) if len(known) == len(found) else None
