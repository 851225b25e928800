"""Which image version a new instance of a scale set gets."""

from collections.abc import Mapping
from typing import Any

from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue, numbers
from emulator.estate.instance_documents import reference_of


def is_pinned(reference: Mapping[str, Any]) -> bool:
    """Whether an image reference names one version, of the platform or of a gallery."""
    if "/versions/" in str(reference.get("id", "")).lower():
        return True
    return str(reference.get("version") or "latest").lower() != "latest"


class NewestImages:
    """Looks up versions, of the platform and of the galleries."""

    def __init__(self, estate: Estate, images: ImageCatalogue) -> None:
        self._estate = estate
        self._images = images

    def version(self, document: Mapping[str, Any]) -> str:
        """Answer the exact version that the model means in the scale set's region; empty: not known."""
        reference = reference_of(document)
        definition = str(reference.get("id", ""))
        if is_pinned(reference):
            return definition.rpartition("/")[2] if definition else str(reference["version"])
        if definition:
            return self.gallery(definition, str(document.get("location", "")))
        names = [str(reference.get(part, "")) for part in ("publisher", "offer", "sku")]
        return self._images.newest(str(document.get("location", "")), *names)

    def gallery(self, definition: str, region: str) -> str:
        """Answer the newest version of a gallery image that a region takes for latest."""
        found = [
            str(item["name"])
            for item in self._estate.others.below(f"{definition}/versions/")
            if item["properties"].get("provisioningState") == "Succeeded" and _is_latest_in(item, region)
        ]
        return max(found, key=numbers, default="")


def _is_latest_in(version: Mapping[str, Any], region: str) -> bool:
    profile = version["properties"].get("publishingProfile") or {}
    if profile.get("excludeFromLatest") is True:
        return False
    return any(
        plain(str(item.get("name", ""))) == plain(region) and item.get("excludeFromLatest") is not True
        for item in profile.get("targetRegions") or ()
    )


def plain(region: str) -> str:
    """Write a region's name without spaces and capitals: ``West Europe`` is ``westeurope``."""
    return region.replace(" ", "").lower()
