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
class Laggards:
    """The instances of a scale set that are behind its model, as Compute lists them."""

    behind: int = 0
    """Those that nothing holds back."""
    held: int = 0
    """Those that are protected from scale set actions, or whose workload asks to be skipped (SkipUpgrade)."""
    behind_examples: tuple[str, ...] = ()
    held_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSummary:
    """The instance view of a scale set: counts by status, and the state of its automatic repairs.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view.
    """

    total: int
    unhealthy: int | None
    """Instances whose application health is unhealthy or unknown; ``None``: no instance reports its health."""
    failed: int = 0
    """Instances whose provisioning failed."""
    stopped: int = 0
    """Instances that are stopped, deallocated ones included."""
    repairs: RepairsState | None = None
    """``None``: the service is not listed, or its state is none that is documented."""
    repairs_since: str = ""
    """Since when it is in that state, as Azure says it; empty: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeReading:
    """What Compute said of a scale set when it was last asked."""

    read_at: datetime
    about: str
    """Digest of the model and of the census at that time: when it differs, Compute is asked again."""
    laggards: Laggards | None = None
    summary: InstanceSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """What is known of the instances of a scale set, each part with the moment at which it was read."""

    census: Census | None = None
    census_read_at: datetime | None = None
    is_current: bool = True
    """Whether the last scan read the census; else it is the last known one, and as old as ``census_read_at`` says."""
    reading: ComputeReading | None = None

    @property
    def total(self) -> int | None:
        """All instances."""
        return None if self.census is None else self.census.total

    @property
    def behind(self) -> int | None:
        """Instances behind the model that nothing holds back: by the census where it says so, else by Compute."""
        if self.census is not None and self.census.behind is not None:
            return self.census.behind
        return None if self._laggards is None else self._laggards.behind

    @property
    def behind_read_at(self) -> datetime | None:
        """When ``behind`` was read."""
        if self.census is not None and self.census.behind is not None:
            return self.census_read_at
        return None if self.reading is None or self._laggards is None else self.reading.read_at

    @property
    def behind_examples(self) -> tuple[str, ...]:
        """Name some of those behind the model."""
        if self.census is not None and self.census.behind is not None:
            return self.census.behind_examples
        return () if self._laggards is None else self._laggards.behind_examples

    @property
    def held(self) -> int | None:
        """Instances that are held back; ``None`` where some may be that were not listed: those on the latest model."""
        known = max(self._counts_held(), default=0)
        if known == 0 and (self.census is None or self.census.held is None):
            return None
        return known

    @property
    def held_read_at(self) -> datetime | None:
        """When ``held`` was read."""
        moments = [self.census_read_at] if self.census is not None and self.census.held is not None else []
        moments += [self.reading.read_at] if self.reading is not None and self._laggards is not None else []
        return max((moment for moment in moments if moment is not None), default=None)

    @property
    def held_examples(self) -> tuple[str, ...]:
        """Name some of those held back."""
        by_census = () if self.census is None else self.census.held_examples
        return by_census or (() if self._laggards is None else self._laggards.held_examples)

    @property
    def _laggards(self) -> Laggards | None:
        return None if self.reading is None else self.reading.laggards

    def _counts_held(self) -> Iterable[int]:
        if self.census is not None and self.census.held is not None:
            yield self.census.held
        if self._laggards is not None:
            yield self._laggards.held
