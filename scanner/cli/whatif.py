"""What ``whatif`` found."""

from dataclasses import dataclass, field

from scanner.judging.judge import Judgement
from scanner.judging.what_if import Consequence, consequence_of
from scanner.rules.criteria import Criteria

NOT_REPLAYED = (
    "Other days: the state keeps facts that drift and outcomes, too little to judge again. This is about today's scale sets.",
    "Rules that compare scale sets with each other.",
    "The rules of another release: run its own vmss-posture check, and compare.",
)
"""What no run of this command can say."""


@dataclass(slots=True, kw_only=True)
class WhatIf:
    """What was found."""

    now: Criteria
    then: Criteria
    judged: int = 0
    """Scale sets."""
    consequences: list[Consequence] = field(default_factory=list)
    """Of those about which something would change."""
    problems: list[str] = field(default_factory=list)
    """What could not be read."""
    not_replayed: list[str] = field(default_factory=lambda: list(NOT_REPLAYED))

    def take(self, judgement: Judgement) -> None:
        """Judge once more, and keep what would change."""
        self.judged += 1
        consequence = consequence_of(judgement, self.then)
        if consequence:
            self.consequences.append(consequence)
