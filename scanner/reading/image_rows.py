"""From lists of image versions, as Azure writes them, to facts. What cannot be read is left out, or ``None``."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from scanner.facts.images import Deprecation, VersionStatus
from scanner.facts.posture import Image
from scanner.reading.azure_values import Block, choice, optional, required, text
from scanner.reading.posture_images import ReadImage
from scanner.reading.reader import Reader

_DEPRECATIONS: Mapping[str, Deprecation] = {
    "active": Deprecation.ACTIVE,
    "scheduledfordeprecation": Deprecation.SCHEDULED,
    "deprecated": Deprecation.DEPRECATED,
}


def image_of(row: Mapping[str, object]) -> Image | None:
    """Read the image of a scale set's model out of its row; ``None``: not read, or the row has no model."""
    profile = required(required(row, "properties"), "virtualMachineProfile")
    return ReadImage(optional(profile, "storageProfile"), Reader()).image


def region(value: object) -> str | None:
    """Read a region: ``West Europe`` and ``westeurope`` are one."""
    name = text(value)
    return None if name is None else name.lower().replace(" ", "")


def edge_zone_of(row: Mapping[str, object]) -> str | None:
    """Read the edge zone of a resource; empty: it lies in the region itself, ``None``: it was not read."""
    place = row.get("extendedLocation")
    if place is None:
        return ""
    name = text(place.get("name")) if isinstance(place, Mapping) else None
    return None if name is None else name.lower()


def moment(value: object) -> datetime | None:
    """Read a moment, in UTC; one without an offset is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except OverflowError:
        return None


def version_names(items: Iterable[object]) -> list[str]:
    """Read the names of the versions of a list."""
    return [name for item in items if isinstance(item, Mapping) and (name := text(item.get("name"))) is not None]


def version_status(item: object) -> VersionStatus | None:
    """Read what is said of the deprecation of one version; ``None``: nothing, or nothing that can be read.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get.
    """
    if not isinstance(item, Mapping):
        return None
    name = text(item.get("name"))
    status = _block(_block(item, "properties"), "imageDeprecationStatus")
    if name is None or status is None:
        return None
    state = choice(status.get("imageState"), _DEPRECATIONS)
    if state is None:
        return None
    return VersionStatus(version=name, deprecation=state, scheduled_at=moment(status.get("scheduledDeprecationTime")))


def _block(parent: Block | None, name: str) -> Block | None:
    value = None if parent is None else parent.get(name)
    return value if isinstance(value, Mapping) else None
