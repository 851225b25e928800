"""How the instances of a scale set follow the newest image: what runs it, what does not, for how long, and how long it took.

Definitions: docs/numbers.md. What is not known is ``None`` or left out, and never counted as zero: an instance of another
image, or without a reported version, is neither on the newest version nor behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scanner.facts.images import Availability, NewestImage, OfferedVersion
from scanner.facts.instances import Instances, RunningImage
from scanner.facts.versions import is_older, version_key

KEPT_LEAD_TIMES = 6
"""Lead times that are kept of a scale set: snapshots tell them, one a day at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """How long a version took from its publication to the last instance."""

    version: str
    published_at: datetime | None
    """``None``: not known, as of a version that was there when this service first looked."""
    basis: Availability
    """What the moment rests on."""
    reached_at: datetime
    """The scan that first saw every instance on this version or a newer one."""

    @property
    def seconds(self) -> int | None:
        """The time between; ``None``: not known."""
        if self.published_at is None:
            return None
        return max(0, round((self.reached_at - self.published_at).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Patching:
    """The instances of a scale set beside the newest version of its image, and what was added up so far."""

    image: str
    """The image that the figures are about, as ``Image.name``."""
    counted_from: datetime
    """Since when exposure is added up: the first reading."""
    on_newest: int | None = None
    """Instances that run the newest version."""
    behind: int | None = None
    """Instances on an older version; ``None``: not known at present."""
    as_of: datetime
    """Since when ``behind`` is what it is."""
    closed_seconds: int = 0
    """Exposure up to ``as_of``, in instance-seconds."""
    reached: str | None = None
    """The newest version that every instance had reached; empty: none of those known, ``None``: not known yet."""
    lead_times: tuple[LeadTime, ...] = ()
    """The last ones, oldest first."""

    def exposure(self, read_at: datetime | None) -> int:
        """Add up instance-seconds behind the newest version, to the moment at which instances were counted last."""
        if read_at is None or self.behind is None:
            return self.closed_seconds
        return self.closed_seconds + self.behind * max(0, round((read_at - self.as_of).total_seconds()))


def next_patching(
    known: Patching | None, instances: Instances, newest: NewestImage, moment: datetime
) -> Patching | None:
    """Carry the figures on by what is known now; the same object where nothing is new."""
    census = instances.census
    if census is None or newest.version is None:
        return known
    mine = [(image, is_older(image.version, newest.version)) for image in census.images if image.name == newest.name]
    on_newest = sum(image.count for image, older in mine if older is False)
    behind = sum(image.count for image, older in mine if older)
    if known is None:
        known = Patching(image=newest.name, counted_from=moment, behind=behind, as_of=moment)
    elif known.image != newest.name:
        known = replace(known, image=newest.name, reached=None)
    if known.behind != behind:
        known = replace(known, closed_seconds=known.exposure(moment), behind=behind, as_of=moment)
    if known.on_newest != on_newest:
        known = replace(known, on_newest=on_newest)
    if instances.is_current:
        return _reached(known, census.images, newest, moment)
    return known


def stopped(known: Patching, moment: datetime) -> Patching:
    """End what is counted about an image that the model names no more: how its instances stand is not known."""
    if known.behind is None and known.on_newest is None and known.reached is None:
        return known
    closed = known.exposure(moment)
    return replace(known, closed_seconds=closed, behind=None, on_newest=None, as_of=moment, reached=None)


def _reached(known: Patching, images: Sequence[RunningImage], newest: NewestImage, moment: datetime) -> Patching:
    """Note which versions the last instance has reached since the reading before."""
    if not images:
        # Without instances nothing is waited for: which versions those to come will have passed over is not known.
        return known if known.reached is None else replace(known, reached=None)
    floor = _oldest(images, newest.name)
    if floor is None:
        return known
    passed = [each for each in newest.offered if _is_at_most(each.version, floor, newest.version)]
    last = max(passed, key=_key, default=None)
    if last is None or known.reached is None:
        reached = "" if last is None else last.version
        return known if known.reached is not None else replace(known, reached=reached)
    if known.reached and not is_older(known.reached, last.version):
        return known
    fresh = [each for each in passed if not known.reached or is_older(known.reached, each.version)]
    told = _lead_times(fresh, last, known.counted_from, newest.availability, moment)
    return replace(known, reached=last.version, lead_times=(*known.lead_times, *told)[-KEPT_LEAD_TIMES:])


def _lead_times(
    fresh: Sequence[OfferedVersion], last: OfferedVersion, watched_from: datetime, basis: Availability, moment: datetime
) -> Iterator[LeadTime]:
    """Tell of the last version, and of those passed over on the way that were published while this was watched."""
    for each in sorted(fresh, key=_key):
        published = each.since if each.is_exact else None
        if each is last or (published is not None and published >= watched_from):
            yield LeadTime(version=each.version, published_at=published, basis=basis, reached_at=moment)


def _oldest(images: Sequence[RunningImage], name: str) -> str | None:
    """Find the oldest version that runs; ``None``: of some instance it is not known, or it is of another image."""
    if any(image.name != name or image.key is None for image in images):
        return None
    return min(images, key=lambda image: image.key or ()).version


def _is_at_most(version: str, floor: str, newest: str | None) -> bool:
    return is_older(floor, version) is False and (newest is None or is_older(newest, version) is False)


def _key(each: OfferedVersion) -> tuple[int, ...]:
    return version_key(each.version) or ()
