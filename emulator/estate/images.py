"""The platform images that are published, by region: the versions of a publisher, offer and sku.

https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, ...]


@dataclass(slots=True)
class PlatformVersion:
    """One published version; ``deprecation`` is its ``imageDeprecationStatus``, where a publisher has set one."""

    name: str
    deprecation: dict[str, Any] | None = None
    properties: dict[str, Any] = field(default_factory=dict)


class ImageCatalogue:
    """Published versions of platform images."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[Key, dict[str, PlatformVersion]] = {}
        self.lists_deprecation = True
        """Whether a list with properties says of each version whether it is deprecated."""

    def publish(  # noqa: PLR0913 - the names of an image
        self, *, location: str, publisher: str, offer: str, sku: str, version: str, edge_zone: str = ""
    ) -> None:
        """Publish a version in a region or one of its edge zones; a known one is no news."""
        with self._lock:
            versions = self._versions.setdefault(_key(location, edge_zone, publisher, offer, sku), {})
            versions.setdefault(version, PlatformVersion(version))

    def deprecate(  # noqa: PLR0913 - the names of an image
        self, *, location: str, publisher: str, offer: str, sku: str, version: str, status: Mapping[str, Any]
    ) -> None:
        """Set the deprecation status of a version. Raises ``KeyError`` where there is no such version."""
        with self._lock:
            self._versions[_key(location, "", publisher, offer, sku)][version].deprecation = dict(status)

    def withdraw(self, location: str, publisher: str, offer: str, sku: str, version: str) -> None:
        """Take a version away, as when it is removed for good. Raises ``KeyError`` where there is no such version."""
        with self._lock:
            del self._versions[_key(location, "", publisher, offer, sku)][version]

    def newest(self, location: str, publisher: str, offer: str, sku: str) -> str:
        """Answer the newest version in a region, compared as numbers; empty: there is none."""
        with self._lock:
            return max(self._versions.get(_key(location, "", publisher, offer, sku), ()), key=numbers, default="")

    def listing(
        self, subscription_id: str, parts: Mapping[str, str], asked: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """List the versions as Compute does: a bare array in the order of text, which is not that of numbers.

        ``asked`` may have ``$top``, ``$orderby`` and ``$expand=properties``.
        """
        asked = asked or {}
        with self._lock:
            versions = sorted(self._of(parts).values(), key=lambda item: item.name)
        if asked.get("$orderby", "").lower() == "name desc":
            versions.reverse()
        top = asked.get("$top")
        versions = versions[: int(top)] if top else versions
        expand = asked.get("$expand", "").lower() == "properties"
        return [self._shown(subscription_id, parts, item, expand=expand) for item in versions]

    def one(self, subscription_id: str, parts: Mapping[str, str], version: str) -> dict[str, Any] | None:
        """Answer one version with its properties; ``None``: there is no such version."""
        with self._lock:
            found = next((item for name, item in self._of(parts).items() if name.lower() == version), None)
        return None if found is None else self._shown(subscription_id, parts, found, expand=True, whole=True)

    def _of(self, parts: Mapping[str, str]) -> dict[str, PlatformVersion]:
        names = (parts["location"], parts.get("zone") or "", parts["publisher"], parts["offer"], parts["sku"])
        return self._versions.get(_key(*names), {})

    def _shown(
        self,
        subscription_id: str,
        parts: Mapping[str, str],
        version: PlatformVersion,
        *,
        expand: bool,
        whole: bool = False,
    ) -> dict[str, Any]:
        zone = f"/EdgeZones/{parts['zone']}" if parts.get("zone") else ""
        shown: dict[str, Any] = {
            "id": f"/Subscriptions/{subscription_id}/Providers/Microsoft.Compute/Locations/{parts['location']}{zone}"
            f"/Publishers/{parts['publisher']}/ArtifactTypes/VMImage/Offers/{parts['offer']}/Skus/{parts['sku']}"
            f"/Versions/{version.name}",
            "name": version.name,
            "location": parts["location"],
        }
        if not expand:
            return shown
        properties: dict[str, Any] = {"hyperVGeneration": "V2", "architecture": "x64", "replicaType": "Managed", "replicaCount": 10}  # fmt: skip
        if whole:
            properties |= {
                "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
                "osDiskImage": {"operatingSystem": "Linux"},
            }
        if whole or self.lists_deprecation:
            properties["imageDeprecationStatus"] = version.deprecation or {"imageState": "Active"}
        return {**shown, "properties": properties}

    def reset(self) -> None:
        """Forget all versions."""
        with self._lock:
            self._versions.clear()
            self.lists_deprecation = True


def _key(*names: str) -> Key:
    return tuple(name.lower() for name in names)


def numbers(version: str) -> tuple[int, ...]:
    """Read a version as numbers, so that 10 is more than 9."""
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))
