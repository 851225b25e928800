"""What Resource Graph holds beside the scale sets, in bulk."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from scanner.facts.evidence import JsonValue


class Beside(StrEnum):
    """What can be read; each is one query."""

    GALLERY_IMAGES = "gallery_images"
    """Image definitions of galleries, and their versions."""
    COMMUNITY_IMAGES = "community_images"
    """The same of one community gallery; of all of them there are too many."""
    PROBES = "probes"
    """Load balancers that have probes."""
    ASSIGNMENTS = "maintenance_assignments"
    """Which maintenance configuration is assigned to what."""
    CONFIGURATIONS = "maintenance_configurations"
    """Maintenance configurations: their scope and window."""
    PATCH_RUNS = "patch_runs"
    """When patches were last installed with success on an instance of a Flexible scale set, by scale set."""
    PATCH_ASSESSMENTS = "patch_assessments"
    """When an instance of a Flexible scale set was last assessed for missing patches, by scale set."""
    FLEXIBLE_INSTANCES = "flexible_guests"
    """Virtual machines of Flexible scale sets: what a dynamic scope is matched with."""


class Tables(Protocol):
    """Rows of Resource Graph beside the scale sets, within the scope of the fleet."""

    def rows(self, what: Beside, named: str = "") -> Iterator[Sequence[Mapping[str, JsonValue]]]:
        """Yield pages of rows, each row once, ordered by id; of community galleries, those of the one that is named.

        Raises ``ReadFailedError`` when a page cannot be had, or the answer is incomplete. Rows that the identity may not
        read are left out by Azure without a word.
        """
