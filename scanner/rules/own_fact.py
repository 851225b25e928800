"""A fact that the operator's own rules may read: its kind, its meaning, and how it is read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import JsonValue
from scanner.rules.conditions import FactKind
from scanner.rules.criteria import Criteria

_DAY = timedelta(days=1)
_LONGEST_DAYS = 100_000
"""Numbers of days that no moment can be reached with are left out."""


@dataclass(frozen=True, slots=True)
class OwnFact:
    """A fact for own rules."""

    kind: FactKind
    meaning: str
    read: Callable[[ScaleSet, Criteria], JsonValue]
    """``None`` in its answer: not read."""
    paths: tuple[str, ...] = ()
    """Where Azure keeps it."""
    counts_from: Callable[[ScaleSet], datetime | None] | None = None
    """Of a number of days: the moment they count from. Time alone changes such a fact."""


def whole_days(since: datetime, moment: datetime) -> int:
    """Count the whole days between two moments; none where the first is the later one."""
    return max(0, (moment - since) // _DAY)


def turns_at(since: datetime, days: Iterable[float], moment: datetime) -> Iterator[datetime]:
    """Yield the later moments at which a count of whole days comes to, or passes, one of these numbers."""
    for number in days:
        if abs(number) <= _LONGEST_DAYS:
            for count in (ceil(number), floor(number) + 1):
                if since + count * _DAY > moment:
                    yield since + count * _DAY
