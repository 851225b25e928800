"""What can happen to a scale set between two readings. ``scanner.events.rows`` says each of them in public."""

from dataclasses import dataclass

from scanner.facts.change import Attribution
from scanner.state.drift import Drift
from scanner.state.rollouts import Rollout
from scanner.state.state import Finding


@dataclass(frozen=True, slots=True)
class Appeared:
    """Seen for the first time, or again after it was removed."""


@dataclass(frozen=True, slots=True)
class Recreated:
    """The same id now names another resource."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Missing from two scans in a row, and Azure confirmed that it is gone."""


@dataclass(frozen=True, slots=True)
class Retired:
    """An operator has retired its subscription: it is not watched any more."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """A fact differs from its last known value."""

    drift: Drift
    who: Attribution | None = None
    """Who changed it; ``None``: nobody, as it is decided from other facts that did not change."""


@dataclass(frozen=True, slots=True)
class FlippedBack:
    """A pipeline switched the automatic OS image upgrade off and on again."""

    drift: Drift
    off: Attribution
    on: Attribution


@dataclass(frozen=True, slots=True)
class Opened:
    """A rule that was not open has failed, and no exemption covers it."""

    rule_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Resolved:
    """A rule that was open has passed."""

    rule_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Exempted:
    """An open finding is now covered by an exemption."""

    rule_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An open finding is about nothing any more."""

    rule_id: str
    finding: Finding
    why: str
    """Half a sentence, such as "it no longer applies"."""


@dataclass(frozen=True, slots=True)
class RolloutMoved:
    """An attempt of a rollout began, hangs, or is over."""

    phase: str
    """``started``, ``stalled``, ``completed``, ``failed`` or ``rolled_back``."""
    rollout: Rollout


type Happening = (
    Appeared
    | Recreated
    | Removed
    | Retired
    | Drifted
    | FlippedBack
    | Opened
    | Resolved
    | Exempted
    | Withdrawn
    | RolloutMoved
)
