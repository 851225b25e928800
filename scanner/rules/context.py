"""What a rule may need beside the posture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from scanner.rules.exemption import Exemption, InvalidExemption
from scanner.rules.expectations import Expectations
from scanner.rules.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLists:
    """Lists that Microsoft publishes and extends, with the dates of the pages they were taken from. All in lower case."""

    platform_images: frozenset[str]
    """``publisher/offer/sku`` of the platform images that support automatic OS image upgrade."""
    platform_images_date: str
    extension_types: frozenset[str]
    """``publisher/type`` of the extensions that support automatic upgrade."""
    extension_types_date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """What every rule is given: the same for all scale sets of a scan, but for the last three fields."""

    expectations: Expectations
    published: PublishedLists
    today: date
    """Day of the scan, in UTC."""
    exemptions: tuple[Exemption | InvalidExemption, ...] | None = None
    """Exemptions of this scale set, from its tag and the file. For the rules about exemptions only."""
    exemption_tag_read: bool = True
    """``False``: whether there is an exemption tag, or what it says, could not be read."""
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """Outcomes of the rules judged before. For the rules about exemptions only."""
