"""An exemption: an agreed, signed, dated exception from rules; and one that is not valid, which exempts nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

type ExemptionSource = Literal["tag", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A valid exemption."""

    rules: tuple[str, ...]
    """Rule ids, sorted."""
    reason: str
    owner: str
    until: date
    """The last day on which it holds, in UTC."""
    source: ExemptionSource
    ticket: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it has not ended before this day."""
        return day <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidExemption:
    """Something that was meant as an exemption, and what is wrong with it."""

    source: ExemptionSource
    problems: tuple[str, ...]
    """Sentences, never empty."""
