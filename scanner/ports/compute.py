"""Azure Compute, as a scan needs it."""

from collections.abc import Mapping
from enum import Enum
from typing import Literal, Protocol

from scanner.facts.evidence import JsonValue


class Absence(Enum):
    """What the resource provider says of a scale set that it does not have."""

    GONE = "gone"
    """404 ResourceNotFound or ResourceGroupNotFound."""


type Answer = Mapping[str, JsonValue] | Literal[Absence.GONE] | None
"""The scale set as it is now; that it is gone; or ``None``: it was not said."""


class Compute(Protocol):
    """Azure Compute, as the scan needs it."""

    def look_up(self, scale_set_id: str) -> Answer:
        """Ask the resource provider itself for a scale set. Takes some seconds at most, and never raises."""
