"""What Azure plans and records of patching the guests of a Flexible scale set, beside its model."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRecords:
    """Schedules that reach the instances, and what came of them.

    https://learn.microsoft.com/azure/update-manager/query-logs.
    """

    schedules: tuple[str, ...]
    """Maintenance configurations for guests that reach an instance, three at most; empty: none does."""
    patched_at: datetime | None = None
    """When patches were last installed with success on an instance; ``None``: nothing is recorded, or it was not read."""
    assessed_on: date | None = None
    """When an instance was last assessed for missing patches; ``None`` as above."""
