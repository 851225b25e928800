"""Since when the instances of a scale set are as they are: the moments that rules with a grace time count from.

Only moments are kept, never running totals: what lasts is not written again with every scan.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Moments in UTC; ``None``: it is not so, or was never read."""

    behind_model: datetime | None = None
    """An instance that nothing holds back is behind the model."""
    held: datetime | None = None
    """An instance is held back from upgrades."""
    mixed: datetime | None = None
    """Instances run different versions of one image."""


NEVER = Since()
