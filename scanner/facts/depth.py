"""What was read of a scale set beside its row: its instances, images, rollouts, changes."""

from dataclasses import dataclass

from scanner.facts.change import Attribution, Change
from scanner.facts.groups import Groups
from scanner.facts.guests import GuestRecords
from scanner.facts.images import GalleryImage, NewestImage, PlatformImage
from scanner.facts.instances import Instances
from scanner.facts.patching import Patching
from scanner.facts.posture import Posture
from scanner.facts.probe import Probe
from scanner.facts.rollout import OsUpgradeAttempt, RollingUpgrade
from scanner.facts.since import NEVER, Since
from scanner.facts.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """What is known beside the row of a scale set. A field that is ``None`` was not read."""

    rolling_upgrade: RollingUpgrade | None = None
    """The latest rolling upgrade, as it was last read."""
    attempts: tuple[OsUpgradeAttempt, ...] | None = None
    """OS image upgrades in Azure's history, newest first."""
    changes: tuple[Change, ...] | None = None
    """Recent writes of the scale set, as Azure recorded them."""
    last_change: Attribution | None = None
    """Who changed its posture last, as it was last known."""
    groups: Groups | None = None
    """What the last scan left of the fleet."""

    newest: NewestImage | None = None
    """The newest version of its image in its region; ``None`` also for an image without versions."""
    platform_image: PlatformImage | None = None
    """Of a platform image."""
    gallery_image: GalleryImage | None = None
    """Of an image in a gallery, a shared gallery or a community gallery."""
    windows: tuple[Window, ...] | None = None
    """Maintenance configurations assigned to the scale set, of the image or of a scope that was not read."""
    guests: GuestRecords | None = None
    """Of a scale set whose guests the platform patches."""
    probe: Probe | None = None
    """The load balancer probe that the model names; ``None`` also where it names none."""
    instances: Instances | None = None
    """What its instances run; a census that is not current is the last known one."""
    since: Since = NEVER
    """Since when they are as they are."""
    patching: Patching | None = None
    """How they stand beside the newest version of their image; ``None``: both were never read together."""


NOT_READ = Depth()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSet:
    """A scale set as a rule about depth is given it: the posture of its row, and what was read beside it."""

    posture: Posture
    depth: Depth = NOT_READ
