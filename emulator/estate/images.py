"""The platform images that are published, by region: the versions of a publisher, offer and sku.

https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list
"""

import threading
from collections.abc import Mapping
from typing import Any


class ImageCatalogue:
    """Published versions of platform images."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str, str, str], list[str]] = {}

    def publish(self, location: str, publisher: str, offer: str, sku: str, version: str) -> None:
        """Publish a version in a region; a known one is no news."""
        with self._lock:
            key = (location.lower(), publisher.lower(), offer.lower(), sku.lower())
            versions = self._versions.setdefault(key, [])
            if version not in versions:
                versions.append(version)

    def listing(self, subscription_id: str, parts: Mapping[str, str]) -> list[dict[str, Any]]:
        """List the versions as Compute does: a bare array in the order of text, which is not that of numbers."""
        keys = (parts["location"], parts["publisher"], parts["offer"], parts["sku"])
        with self._lock:
            versions = sorted(
                self._versions.get((keys[0].lower(), keys[1].lower(), keys[2].lower(), keys[3].lower()), ())
            )
        prefix = (
            f"/Subscriptions/{subscription_id}/Providers/Microsoft.Compute/Locations/{keys[0]}/Publishers/{keys[1]}"
            f"/ArtifactTypes/VMImage/Offers/{keys[2]}/Skus/{keys[3]}/Versions/"
        )
        return [{"id": prefix + version, "name": version, "location": keys[0]} for version in versions]

    def reset(self) -> None:
        """Forget all versions."""
        with self._lock:
            self._versions.clear()
