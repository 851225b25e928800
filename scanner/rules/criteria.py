"""What every scale set is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Self

from scanner.rules.exemption import ExemptionBook
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy import ImageUse, Policy, VerifiedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLists:
    """Lists that Microsoft publishes and extends, with the dates of the pages they were taken from. Names that are compared are in lower case."""

    platform_images: frozenset[str]
    """``publisher/offer/sku`` of the platform images that support automatic OS image upgrade."""
    platform_images_date: str
    guest_patch_images: frozenset[str]
    """``publisher/offer/sku`` of the platform images whose guests the platform patches."""
    guest_patch_images_date: str
    extension_types: frozenset[str]
    """``publisher/type`` of the extensions that support automatic upgrade."""
    extension_types_date: str
    windows_zones: Mapping[str, str] = field(default_factory=dict)
    """Time zones of IANA by the names that Windows has for them, in lower case."""
    first_party_clients: frozenset[tuple[str, str]] = frozenset()
    """Application id and name of the clients that Microsoft itself publishes."""
    first_party_clients_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Policy, exemptions, own rules and published lists, at one moment. Same facts and same criteria have the same answers."""

    policy: Policy
    exemptions: ExemptionBook
    published: PublishedLists
    own: tuple[OwnRule, ...] = ()
    """The operator's own rules."""
    version: str
    """Names the content of policy, exemptions and own rules; it goes with every scan."""
    moment: datetime
    """Aware of its time zone."""

    def at(self, moment: datetime) -> Self:
        """Judge by the same, at another moment."""
        return replace(self, moment=moment)

    def verified_image(self, name: str, use: ImageUse) -> VerifiedImage | None:
        """Find who vouches for an image on the day of the moment; of several, the one whose word holds longest."""
        found = [
            item
            for item in self.policy.verified_images
            if item.name == name and use in item.uses and self.day <= item.until
        ]
        return max(found, key=lambda item: item.until, default=None)

    @property
    def day(self) -> date:
        """Day of the moment, in UTC: exemptions end with a day."""
        return self.moment.astimezone(UTC).date()
