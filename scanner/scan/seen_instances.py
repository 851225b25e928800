"""What is known of the instances of one scale set that is not as it was: what Compute can say of it, and whether it should."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scanner.facts.images import NewestImage
from scanner.facts.instances import Census, ComputeReading, RepairsState
from scanner.facts.patching import next_patching, stopped
from scanner.facts.posture import Image, OrchestrationMode, Posture
from scanner.facts.versions import is_older
from scanner.ports.instances import Question, Wanted
from scanner.reading.instance_rows import model_digest
from scanner.rules.questions import rolls
from scanner.state.kept_instances import KeptInstances, digest_of_census


@dataclass(frozen=True, slots=True)
class SeenInstances:
    """A scale set that is not as it was, and what is known of its instances."""

    row: Mapping[str, object]
    posture: Posture
    kept: KeptInstances
    census: Census | None

    @property
    def listing(self) -> Wanted:
        """Which instances are listed: all where a rollout asks for their health, else those that may be behind."""
        if rolls(self.posture) is not False:
            return Wanted.ALL
        return Wanted.BEHIND if self.census is None or self.census.behind is None else Wanted.NONE

    @property
    def wants_repairs(self) -> bool:
        """Whether the state of automatic repairs is asked for: where they are on, or were not read."""
        return self.posture.automatic_repairs is not False

    @property
    def calls(self) -> int:
        """How many calls its answers take."""
        return self.wants_repairs + (self.listing is not Wanted.NONE)

    @property
    def is_asked_about(self) -> bool:
        """Whether Compute has something to say: not of Flexible ones, nor of those that a service owns, nor of none."""
        if self.posture.orchestration_mode is not OrchestrationMode.UNIFORM or self.posture.managed_by is not None:
            return False
        count = self.posture.capacity if self.census is None else self.census.total
        return count != 0 and self.calls > 0


def is_other(reading: ComputeReading, seen: SeenInstances) -> bool:
    """Tell whether what was read then says little now: the model changed, or instances that were behind have moved."""
    model, _, census = reading.about.partition("/")
    if model != model_digest(seen.row):
        return True
    if seen.listing is not Wanted.NONE and reading.listing is None:
        return True
    if seen.wants_repairs and reading.repairs is None:
        return True
    was_behind = reading.listing is not None and reading.listing.behind > 0
    return was_behind and census != digest_of_census(seen.census)


def is_troubled(reading: ComputeReading) -> bool:
    """Tell whether something was wrong with the instances, so that they are looked at again soon."""
    listing, repairs = reading.listing, reading.repairs
    if listing is not None and listing.behind + listing.held + listing.unhealthy > 0:
        return True
    return repairs is not None and repairs.state is RepairsState.SUSPENDED


def question_about(seen: SeenInstances) -> Question:
    """Write the question to Compute."""
    return Question(
        scale_set_id=seen.posture.scale_set_id,
        subscription_id=seen.posture.subscription_id,
        location=seen.posture.location or "",
        listing=seen.listing,
        wants_repairs=seen.wants_repairs,
        instances=int(seen.posture.capacity or 0) if seen.census is None else seen.census.total,
    )


def beside_newest(kept: KeptInstances, newest: NewestImage, moment: datetime) -> KeptInstances:
    """Add how the instances stand beside the newest version of their region, and since when there is a newer one."""
    census = kept.instances.census
    if census is None or newest.version is None:
        return kept
    mine = [image for image in census.images if image.name == newest.name]
    behind = [image for image in mine if is_older(image.version, newest.version)]
    since = [at for image in behind if (at := newest.behind_since(image.version)) is not None]
    return KeptInstances(
        instances=replace(kept.instances, behind_image=sum(image.count for image in behind)),
        since=replace(kept.since, behind_image=min(since, default=None)),
        patching=next_patching(kept.patching, kept.instances, newest, moment),
    )


def without_newest(kept: KeptInstances, image: Image | None, moment: datetime) -> KeptInstances:
    """Drop how the instances stand beside an image that the model names no more; what was not read now stays."""
    if kept.patching is None or image is None or image.name in {"", kept.patching.image}:
        return kept
    return KeptInstances(
        instances=replace(kept.instances, behind_image=None),
        since=replace(kept.since, behind_image=None),
        patching=stopped(kept.patching, moment),
    )
