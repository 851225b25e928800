"""What Azure says of instances, as a scan needs it: a census of all, and Compute's word on a few."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from math import inf
from typing import Protocol

from scanner.facts.instances import Census, Listing, RepairsService


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A census of instances, and what it covers."""

    censuses: Mapping[str, Census] = field(default_factory=dict)
    """By id of the scale set, in lower case. One without instances is not in it, whatever the reason."""
    uniform: frozenset[str] = frozenset()
    """Subscriptions, in lower case, of whose Uniform instances every one was counted."""
    flexible: frozenset[str] = frozenset()
    """The same of Flexible instances."""
    offers_model: bool | None = None
    """Whether this cloud says which instances are on the latest model; ``None``: no Uniform instance was counted."""
    offers_protection: bool | None = None
    """Whether it says which instances are protected; ``None`` as above."""
    unreadable: int = 0
    """Rows that could not be read: what they are about is not in the census."""
    problem: str = ""
    """Why something was not counted, as a sentence; empty: everything was."""


class InstanceCensus(Protocol):
    """Counts instances in Resource Graph, at a cost that grows with scale sets and not with instances."""

    def count(self, expected: Mapping[str, int], seconds: float = inf) -> Counted:
        """Count the instances of all scale sets in some subscriptions, each with the number of scale sets expected there.

        Takes little longer than ``seconds``: what was not counted by then is left for the next scan.
        Never raises for what Azure answered: subscriptions in which some were not counted are left out.
        """


class Wanted(Enum):
    """Which instances Compute is to list."""

    NONE = "none"
    BEHIND = "behind"
    """Those that are behind the model; it costs as much as all, and answers less."""
    ALL = "all"
    """All, with their health."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What Compute is to be asked about a Uniform scale set."""

    scale_set_id: str
    subscription_id: str
    """Lower case."""
    location: str
    """Lower case, without spaces: budgets are by subscription and region."""
    listing: Wanted = Wanted.ALL
    wants_repairs: bool = True
    instances: int = 0
    """How many it has, as far as known: a list may cost as many of Azure's "VM views"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Compute's answer to a question. What was not asked is ``None``."""

    read_at: datetime
    listing: Listing | None = None
    repairs: RepairsService | None = None


class InstanceReads(Protocol):
    """Asks Compute about the instances of single scale sets, within Azure's budgets."""

    def ask(self, questions: list[Question], seconds: float) -> Mapping[str, Told]:
        """Ask what can be asked within the budgets and ``seconds``, in the order of the questions.

        Answers by id of the scale set in lower case. A question that is not in the answer was not asked, or not
        answered whole: what is known stands. Never raises for what Azure answered.
        """
