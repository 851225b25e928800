"""What Azure Compute says of rollouts, as a scan needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scanner.facts.rollout import OsUpgradeAttempt, RollingUpgrade


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutQuestion:
    """A scale set whose rollouts are asked for."""

    scale_set_id: str
    subscription_id: str
    """Lower case."""
    location: str
    """Lower case, without spaces: budgets are by subscription and region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutsTold:
    """Compute's answer about one scale set. Both parts were read, or there is no answer."""

    read_at: datetime
    latest: RollingUpgrade
    attempts: tuple[OsUpgradeAttempt, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWait:
    """What the lifecycle hook events of a scale set say."""

    until: datetime | None
    """Until when an active hook waits; ``None``: none is active."""


class RolloutReads(Protocol):
    """Asks Compute about the rollouts of single scale sets, within Azure's budgets. Never raises for what Azure answered."""

    def ask(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, RolloutsTold]:
        """Ask for the latest rolling upgrade and the history, in the order of the questions, as far as there is time.

        Answers by id of the scale set in lower case. A question that is not in the answer was not asked, or not
        answered whole: what is known stands.
        """

    def hooks(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, HookWait]:
        """Ask for the lifecycle hook events, as ``ask`` does."""
