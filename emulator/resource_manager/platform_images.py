"""Platform image versions: lists by region and edge zone, and one version with its deprecation status.

https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list-with-properties
"""

from emulator.endpoint.messages import Response, json_response, refuse
from emulator.estate.images import ImageCatalogue
from emulator.resource_manager.call import LOCATION, Call, Route, route
from emulator.resource_manager.read_budgets import GET_IMAGE, LIST_IMAGES

_SKU = r"/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions"
_VERSION = r"/(?P<version>[^/]+)"


class PlatformImages:
    """Answers what is published."""

    def __init__(self, images: ImageCatalogue) -> None:
        self._images = images

    def routes(self) -> tuple[Route, ...]:
        """Answer the paths of image versions in a region, and in its edge zones."""
        zone = rf"{LOCATION}/edgezones/(?P<zone>[^/]+)"
        return tuple(
            item
            for place in (LOCATION, zone)
            for item in (
                route(f"{place}{_SKU}", LIST_IMAGES, get=self._list),
                route(f"{place}{_SKU}{_VERSION}", GET_IMAGE, get=self._get),
            )
        )

    def _list(self, call: Call) -> Response:
        return json_response(self._images.listing(call.subscription.id, call.parts, call.request.query))

    def _get(self, call: Call) -> Response:
        version = call.parts["version"]
        found = self._images.one(call.subscription.id, call.parts, version)
        if found is None:
            named = "/".join(call.parts[name] for name in ("publisher", "offer", "sku"))
            raise refuse(404, "NotFound", f"Artifact: VMImage was not found: {named}/{version}.")
        return json_response(found)
