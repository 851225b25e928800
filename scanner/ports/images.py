"""Lists of image versions, as Azure Compute answers them for one region."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scanner.facts.evidence import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOffer:
    """A platform image in a region or edge zone, and a subscription in whose name it is asked for."""

    subscription_id: str
    location: str
    edge_zone: str
    """Empty: the region itself."""
    publisher: str
    offer: str
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedImage:
    """An image definition of a gallery that was shared directly, as a subscription sees it in a region."""

    subscription_id: str
    location: str
    gallery: str
    """Its unique name."""
    image: str


class Images(Protocol):
    """Lists of image versions. Every method raises ``ReadFailedError`` when there is no answer, or not a whole one."""

    def platform_versions(self, offer: PlatformOffer) -> Sequence[JsonValue]:
        """List all versions of a platform image, in any order, with their properties as far as Azure gives them."""

    def platform_version(self, offer: PlatformOffer, version: str) -> JsonValue:
        """Answer one version of a platform image, with all its properties."""

    def shared_versions(self, image: SharedImage) -> Sequence[JsonValue]:
        """List all versions of a directly shared image. A 403 or 404 says that it is not shared with us."""

    def shared_image(self, image: SharedImage) -> JsonValue:
        """Answer the definition of a directly shared image."""
