"""Resources beside the scale sets: galleries, load balancers, maintenance, patch results."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.client.connection import ControlConnection


class ResourcesControl(ControlConnection):
    """Adds and removes other resources; they are in Resource Graph's tables, and read by id in Resource Manager."""

    __slots__ = ()

    def put_resource(self, document: Mapping[str, Any], *, table: str = "resources") -> None:
        """Add or replace a resource by its document, with ``id``, ``type``, ``location`` and ``properties``.

        The table is one of Resource Graph's: ``resources``, ``maintenanceresources``, ``patchassessmentresources``,
        ``patchinstallationresources``, ``communitygalleryresources``.
        """
        self.do("resource", document=dict(document), table=table)

    def delete_resource(self, resource_id: str, *, table: str = "resources") -> bool:
        """Take a resource away; answer whether it was there."""
        return bool(self.do("resource/delete", id=resource_id, table=table)["deleted"])

    def put_gallery_version(self, version_id: str, *, location: str, **properties: Any) -> None:
        """Add or replace an image version of a gallery: ``publishingProfile``, ``safetyProfile`` and so on.

        ``replicationStatus`` is what the single read shows; without it every target region is complete.
        """
        self.do("gallery-version", id=version_id, location=location, properties=properties)

    def put_shared_version(
        self,
        gallery: str,
        image: str,
        version: str,
        *,
        regions: Sequence[str],
        community: bool = False,
        **properties: Any,
    ) -> None:
        """Add a version of a gallery that others share, directly or with the community: ``publishedDate`` and so on."""
        self.do(
            "shared-version",
            kind="communitygalleries" if community else "sharedgalleries",
            gallery=gallery,
            image=image,
            version=version,
            regions=list(regions),
            properties=properties,
        )

    def share_gallery(self, gallery: str, *, shared: bool) -> None:
        """Put the app on the share list of a gallery, or take it off: then its reads are 403."""
        self.do("gallery/refuse", gallery=gallery, refused=not shared)

    def put_maintenance(
        self, configuration_id: str, window: Mapping[str, Any], *, location: str = "westeurope", scope: str = "OSImage"
    ) -> None:
        """Add a maintenance configuration; ``window`` has startDateTime, duration, timeZone, recurEvery."""
        self.do("maintenance", id=configuration_id, window=dict(window), location=location, scope=scope)

    def assign_maintenance(self, target_id: str, configuration_id: str, *, location: str = "westeurope") -> str:
        """Assign a maintenance configuration to a resource; answer the assignment's id."""
        answer = self.do("assignment", target=target_id, configuration=configuration_id, location=location)
        return str(answer["id"])
