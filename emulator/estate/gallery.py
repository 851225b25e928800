"""Images of Azure Compute Galleries: one's own, and those that are shared directly or with the community.

https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery
"""

import copy
import threading
from collections.abc import Mapping
from typing import Any

VERSION_TYPE = "Microsoft.Compute/galleries/images/versions"
IMAGE_TYPE = "Microsoft.Compute/galleries/images"
GALLERY_TYPE = "Microsoft.Compute/galleries"
COMMUNITY_TABLE = "communitygalleryresources"
KINDS = ("sharedgalleries", "communitygalleries")


def version_document(resource_id: str, location: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Complete an image version of a gallery."""
    whole = copy.deepcopy(dict(properties))
    whole.setdefault("provisioningState", "Succeeded")
    profile = whole.setdefault("publishingProfile", {})
    profile.setdefault("excludeFromLatest", False)
    profile.setdefault("targetRegions", [{"name": location, "regionalReplicaCount": 1}])
    whole.setdefault(
        "safetyProfile", {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False}
    )
    return {
        "id": resource_id,
        "name": resource_id.rpartition("/")[2],
        "type": VERSION_TYPE,
        "location": location,
        "properties": whole,
    }


def replication_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the replication status: what was given, else complete in every target region."""
    given = properties.get("replicationStatus")
    if isinstance(given, Mapping):
        return dict(given)
    regions = (properties.get("publishingProfile") or {}).get("targetRegions") or ()
    summary = [
        {"region": item.get("name", ""), "state": "Completed", "details": "", "progress": 100} for item in regions
    ]
    return {"aggregatedState": "Completed", "summary": summary}


class SharedImages:
    """Versions of galleries that others share: by kind, gallery, image and version; ``None``: the image alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
        self._refused: set[str] = set()

    def reset(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._versions.clear()
            self._refused.clear()

    def put(self, kind: str, gallery: str, image: str, version: str, facts: Mapping[str, Any]) -> None:
        """Add or replace a version: its properties, and the ``regions`` where it is."""
        with self._lock:
            self._versions.setdefault((kind, gallery.lower(), image.lower()), {})[version] = dict(facts)

    def refuse(self, gallery: str, *, refused: bool) -> None:
        """Take the caller off a gallery's share list, or put it there."""
        with self._lock:
            (self._refused.add if refused else self._refused.discard)(gallery.lower())

    def is_refused(self, gallery: str) -> bool:
        """Whether the caller is not on the share list."""
        with self._lock:
            return gallery.lower() in self._refused

    def versions(self, kind: str, gallery: str, image: str, location: str) -> list[tuple[str, dict[str, Any]]] | None:
        """Answer the versions in a region, in the order of text; ``None``: there is no such image."""
        with self._lock:
            found = self._versions.get((kind, gallery.lower(), image.lower()))
        if found is None:
            return None
        return [
            (name, {key: value for key, value in facts.items() if key != "regions"})
            for name, facts in sorted(found.items())
            if location.lower() in [item.lower() for item in facts.get("regions", [location])]
        ]


def community_rows(gallery: str, image: str, version: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make the rows of ``communitygalleryresources``: the gallery, the image and the version, in each region."""
    properties = {key: value for key, value in facts.items() if key != "regions"}
    rows = []
    for region in facts.get("regions", ()):
        kind = "microsoft.compute/locations/communitygalleries"
        place = f"/providers/Microsoft.Compute/Locations/{region}/CommunityGalleries/{gallery}"
        unique = f"/CommunityGalleries/{gallery}"
        for depth, (part, more) in enumerate(
            (("", {}), (f"/Images/{image}", {}), (f"/Images/{image}/Versions/{version}", properties))
        ):
            rows.append({
                "id": place + part,
                "name": (place + part).rpartition("/")[2],
                "type": kind + ("", "/images", "/images/versions")[depth],
                "location": region,
                "properties": {**more, "identifier": {"uniqueId": unique + part}},
            })  # fmt: skip
    return rows
