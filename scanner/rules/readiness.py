"""Whether automatic OS image upgrade could be switched on where it is off, and what stands in the way."""

from dataclasses import dataclass
from datetime import datetime

from scanner.facts.posture import Posture


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The rules that block an automatic OS image upgrade, judged as if it were on."""

    blocked_by: tuple[str, ...] = ()
    """Ids of those that failed."""
    unknown: tuple[str, ...] = ()
    """Ids of those that are unknown."""
    reasons: tuple[str, ...] = ()
    """Why each of them failed; where none did, why each is unknown: the id, a colon and a sentence."""
    holds_until: datetime | None = None
    """From this moment on it may be otherwise (UTC); ``None``: the moment does not matter."""

    @property
    def ready(self) -> bool | None:
        """Whether it could be switched on; ``None``: nothing is known to stand in the way, and not all is known."""
        if self.blocked_by:
            return False
        return None if self.unknown else True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessCase:
    """What the rule about the flag is given: one scale set, and whether its flag could be switched on."""

    posture: Posture
    readiness: Readiness | None
    """``None``: the question does not arise, as the flag is on or was not read."""
