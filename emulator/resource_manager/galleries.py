"""Gallery images over Resource Manager: one's own, directly shared ones, and the community's.

https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get
"""

from typing import Any

from emulator.endpoint.messages import Response, json_response, refuse
from emulator.estate.estate import Estate
from emulator.estate.gallery import VERSION_TYPE, SharedImages, replication_of
from emulator.resource_manager.call import GROUP, LOCATION, Call, Route, ScaleSets, not_found, route
from emulator.resource_manager.read_budgets import (
    GET_ARTIFACT,
    GET_GALLERY_VERSION,
    LIST_ARTIFACTS,
    LIST_GALLERY_VERSIONS,
)

_GALLERY = rf"{GROUP}/providers/microsoft\.compute/galleries/(?P<gallery>[^/]+)"
_IMAGE = r"/images/(?P<image>[^/]+)"
_VERSION = r"/versions/(?P<version>[^/]+)"
_SHARED = rf"{LOCATION}/(?P<kind>sharedgalleries|communitygalleries)/(?P<gallery>[^/]+)"


class Galleries:
    """Answers gallery images and their versions."""

    def __init__(self, estate: Estate, shared: SharedImages, scale_sets: ScaleSets) -> None:
        self._estate = estate
        self._shared = shared
        self._scale_sets = scale_sets

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths of galleries."""
        return (
            route(f"{_GALLERY}{_IMAGE}/versions", LIST_GALLERY_VERSIONS, get=self._list),
            route(f"{_GALLERY}{_IMAGE}{_VERSION}", GET_GALLERY_VERSION, get=self._get),
            route(f"{_SHARED}{_IMAGE}/versions", LIST_ARTIFACTS, get=self._list_shared),
            route(f"{_SHARED}{_IMAGE}{_VERSION}", GET_ARTIFACT, get=self._get_shared),
            route(f"{_SHARED}{_IMAGE}", GET_ARTIFACT, get=self._get_shared_image),
        )

    def _list(self, call: Call) -> Response:
        self._scale_sets.require_group(call)
        prefix = call.request.path.rstrip("/").lower() + "/"
        found = [
            item for item in self._estate.others.below(prefix) if str(item["type"]).lower() == VERSION_TYPE.lower()
        ]
        return json_response({"value": [_shown(item, expand="") for item in found]})

    def _get(self, call: Call) -> Response:
        self._scale_sets.require_group(call)
        found = self._estate.others.get(call.request.path.rstrip("/"))
        if found is None:
            raise not_found(call, "Microsoft.Compute/galleries/images/versions")
        return json_response(_shown(found, expand=call.request.query.get("$expand", "")))

    def _versions(self, call: Call) -> list[dict[str, Any]]:
        kind, gallery, image = call.parts["kind"], call.parts["gallery"], call.parts["image"]
        if self._shared.is_refused(gallery):
            raise refuse(403, "AuthorizationFailed", f"The gallery '{gallery}' is not shared with this subscription.")
        found = self._shared.versions(kind, gallery, image, call.parts["location"])
        if found is None:
            raise refuse(404, "NotFound", f"The gallery image '{gallery}/{image}' is not found.")
        name = "SharedGalleries" if kind == "sharedgalleries" else "CommunityGalleries"
        return [
            {
                "name": version,
                "location": call.parts["location"],
                "properties": properties,
                "identifier": {"uniqueId": f"/{name}/{gallery}/Images/{image}/Versions/{version}"},
            }
            for version, properties in found
        ]

    def _list_shared(self, call: Call) -> Response:
        return json_response({"value": self._versions(call)})

    def _get_shared(self, call: Call) -> Response:
        for item in self._versions(call):
            if item["name"].lower() == call.parts["version"]:
                return json_response(item)
        raise refuse(404, "NotFound", f"The gallery image version '{call.parts['version']}' is not found.")

    def _get_shared_image(self, call: Call) -> Response:
        self._versions(call)
        name = call.parts["image"]
        return json_response({"name": name, "location": call.parts["location"], "properties": {"osType": "Linux"}})


def _shown(document: dict[str, Any], *, expand: str) -> dict[str, Any]:
    """Show a version; its replication only where that is asked for."""
    properties = {name: value for name, value in document["properties"].items() if name != "replicationStatus"}
    if expand.lower() == "replicationstatus":
        properties["replicationStatus"] = replication_of(document["properties"])
    return {**document, "properties": properties}
