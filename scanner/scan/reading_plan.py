"""Which scale sets Compute is asked about: those that changed, that are behind, and that are due by age.

What moves is seen by the census, whose counts change with every batch, and by the source of rollouts.

Pure. Budgets are Azure's, by subscription and region; what does not fit is asked by the next scan. Fair: each waits in
units of its own interval, so that one that is passed over comes nearer to the front with every scan.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from zlib import crc32


class Reason(Enum):
    """Why Compute is asked; each with the interval at which it is asked again."""

    NEW = timedelta(minutes=30)
    """It was never read."""
    CHANGED = timedelta(hours=1)
    """The model, or what the instances run, is another one than when it was read last."""
    TROUBLED = timedelta(hours=3)
    """Instances were behind the model, or unhealthy, or repairs were suspended."""
    AGE = timedelta(hours=24)
    """Nothing: what was read has its age."""


SPREAD = 0.25
"""Part of a day by which scale sets that were read together are read apart from the next time on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A scale set that Compute could be asked about."""

    key: str
    place: str
    """Subscription and region: whose budget it is."""
    calls: int
    """How many calls the answer takes."""
    read_at: datetime | None
    """When it was read last; ``None``: never."""
    is_changed: bool = False
    is_troubled: bool = False
    grace_ends_at: datetime | None = None
    """When a grace time ends that it has to be read after; ``None``: none runs."""

    @property
    def reason(self) -> Reason:
        """Say why it would be asked about."""
        if self.read_at is None:
            return Reason.NEW
        if self.is_changed:
            return Reason.CHANGED
        return Reason.TROUBLED if self.is_troubled else Reason.AGE

    @property
    def due_at(self) -> datetime | None:
        """Say when it is to be asked about; ``None``: at once."""
        if self.read_at is None or self.is_changed:
            return None
        due_at = self.read_at + self.reason.value * (1 - (self._spread if self.reason is Reason.AGE else 0))
        ends = self.grace_ends_at
        return min(due_at, ends) if ends is not None and self.read_at <= ends else due_at

    @property
    def _spread(self) -> float:
        """Answer a part of ``SPREAD`` that is always the same for a scale set."""
        return SPREAD * (crc32(self.key.encode("utf-8", "surrogatepass")) % 1000) / 1000

    def lateness(self, moment: datetime) -> float:
        """Measure how long it has waited, in its own intervals."""
        if self.read_at is None:
            return float("inf")
        return (moment - self.read_at) / self.reason.value


def make_plan(candidates: Iterable[Candidate], left: Mapping[str, int], moment: datetime) -> list[Candidate]:
    """Choose and order: the latest first, as far as the calls go that are ``left`` in each place (absent: none).

    One that was never read goes before all others. Where all of a place's calls are spent, the others of that place wait.
    """
    due = [each for each in candidates if each.due_at is None or each.due_at <= moment]
    spent: Counter[str] = Counter()
    plan: list[Candidate] = []
    for each in sorted(due, key=lambda candidate: (-candidate.lateness(moment), candidate.key)):
        if spent[each.place] + each.calls <= left.get(each.place, 0):
            spent[each.place] += each.calls
            plan.append(each)
    return plan
