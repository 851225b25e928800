"""What the instances of a scale set run: counts and a few examples, never a list, so that memory does not grow with them.

Two clocks are kept apart. *Behind the model* is ``latestModelApplied`` false: Azure compares an instance with the
scale set's model, and an image that is published later does not change it. *Behind the image* is an image version older
than the newest one. https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy.

``None`` is *not read*, or not offered by this cloud.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scanner.facts.versions import VersionKey, version_key

MOST_EXAMPLES = 3
"""Ids of instances that are named for each kind."""


class RepairsState(StrEnum):
    """State of the orchestration service AutomaticRepairs. https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-instance-repairs."""

    RUNNING = "running"
    NOT_RUNNING = "not_running"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningImage:
    """An image version that instances of a scale set run."""

    name: str
    """Publisher, offer and SKU with slashes between, or a resource id without its version; lower case, as
    ``Image.name`` of a model. Empty: not reported."""
    version: str
    """The exact version; empty: not reported, as of a managed image or a VHD."""
    count: int
    examples: tuple[str, ...] = ()
    """Names of up to three instances."""

    @property
    def key(self) -> VersionKey | None:
        """What orders versions; ``None``: no version was reported."""
        return version_key(self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The instances of one scale set, as Resource Graph counts them."""

    images: tuple[RunningImage, ...] = ()
    """In the order of name and version."""
    power: Mapping[str, int] = field(default_factory=dict)
    """Instances by power state, such as ``running`` or ``deallocated``; empty text: not reported."""
    behind: int | None = None
    """Instances behind the model that nothing holds back."""
    held: int | None = None
    """Instances that are protected from scale set actions: a rolling upgrade passes over them."""
    behind_examples: tuple[str, ...] = ()
    held_examples: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All instances, whatever their power state."""
        return sum(image.count for image in self.images)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What Compute's list of a scale set's instances adds up to: of all, or of those behind the model alone.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list.
    """

    is_whole: bool = False
    """Whether all instances were listed; else only those that are behind the model, and counts of others are 0."""
    behind: int = 0
    """Instances behind the model that nothing holds back."""
    held: int = 0
    """Those that are protected from scale set actions, or whose workload asks to be skipped (SkipUpgrade)."""
    total: int = 0
    unhealthy: int = 0
    """Instances that count as unhealthy: by their health, where unknown counts too, as their provisioning failed, or as
    they are stopped."""
    silent: int = 0
    """Others of which no health is reported."""
    behind_examples: tuple[str, ...] = ()
    held_examples: tuple[str, ...] = ()
    unhealthy_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairsService:
    """The orchestration service AutomaticRepairs, as the instance view of a scale set has it.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view.
    """

    state: RepairsState | None = None
    """``None``: the service is not listed, or its state is none that is documented."""
    since: str = ""
    """Since when it is in that state, as Azure says it; empty: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeReading:
    """What Compute said of a scale set when it was last asked."""

    read_at: datetime
    about: str
    """Digest of the model and of the census at that time: when it differs, Compute is asked again."""
    listing: Listing | None = None
    repairs: RepairsService | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """What is known of the instances of a scale set, each part with the moment at which it was read."""

    census: Census | None = None
    census_read_at: datetime | None = None
    is_current: bool = True
    """Whether the last scan read the census; else it is the last known one, and as old as ``census_read_at`` says."""
    reading: ComputeReading | None = None
    behind_image: int | None = None
    """Instances on an older version than the newest of their region, when both were known last."""

    @property
    def total(self) -> int | None:
        """All instances."""
        return None if self.census is None else self.census.total

    @property
    def is_behind_counted(self) -> bool:
        """Whether the census says which instances are behind the model; else Compute does, or nothing."""
        return self.census is not None and self.census.behind is not None

    @property
    def is_held_counted(self) -> bool:
        """Whether the census says which instances are held back."""
        return self.census is not None and self.census.held is not None

    @property
    def behind(self) -> int | None:
        """Instances behind the model that nothing holds back: by the census where it says so, else by Compute."""
        if self.census is not None and self.census.behind is not None:
            return self.census.behind
        return None if self.listing is None else self.listing.behind

    @property
    def behind_read_at(self) -> datetime | None:
        """When ``behind`` was read."""
        if self.census is not None and self.census.behind is not None:
            return self.census_read_at
        return None if self.reading is None or self.listing is None else self.reading.read_at

    @property
    def behind_examples(self) -> tuple[str, ...]:
        """Name some of those behind the model."""
        if self.census is not None and self.census.behind is not None:
            return self.census.behind_examples
        return () if self.listing is None else self.listing.behind_examples

    @property
    def held(self) -> int | None:
        """Instances that are held back; ``None`` where there may be some that were not listed."""
        known = max(self._held_counts(), default=0)
        is_whole = self.listing is not None and self.listing.is_whole
        is_counted = self.census is not None and self.census.held is not None
        return known if known or is_whole or is_counted else None

    @property
    def held_read_at(self) -> datetime | None:
        """When ``held`` was read last."""
        moments = [self.census_read_at] if self.census is not None and self.census.held is not None else []
        moments += [self.reading.read_at] if self.reading is not None and self.listing is not None else []
        return max((moment for moment in moments if moment is not None), default=None)

    @property
    def held_examples(self) -> tuple[str, ...]:
        """Name some of those held back."""
        by_census = () if self.census is None else self.census.held_examples
        return by_census or (() if self.listing is None else self.listing.held_examples)

    @property
    def listing(self) -> Listing | None:
        """What Compute's list says."""
        return None if self.reading is None else self.reading.listing

    def _held_counts(self) -> Iterable[int]:
        if self.census is not None and self.census.held is not None:
            yield self.census.held
        if self.listing is not None:
            yield self.listing.held
