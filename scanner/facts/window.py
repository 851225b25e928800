"""Maintenance windows: when Azure may upgrade the image of a scale set to which one is assigned.

https://learn.microsoft.com/azure/virtual-machines/maintenance-configurations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from zoneinfo import ZoneInfo

NEVER = datetime(9999, 12, 31)  # noqa: DTZ001 - local time, as windows are
"""The expiration that Azure gives to a window without one."""


class MaintenanceScope(StrEnum):
    """``maintenanceScope`` of a configuration, as far as it matters here."""

    OS_IMAGE = "os_image"
    IN_GUEST = "in_guest"
    OTHER = "other"


class Unit(StrEnum):
    """What a recurrence counts."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """``recurEvery``: every so many hours, days, weeks or months."""

    every: int
    unit: Unit
    weekdays: tuple[int, ...] = ()
    """Of weeks: on these days, Monday being 0; empty: on the weekday of the start."""

    def __str__(self) -> str:
        """Write it as Azure does, without the days."""
        return f"{'' if self.every == 1 else self.every}{self.unit.value.capitalize()}{'' if self.every == 1 else 's'}"

    @property
    def longest_days(self) -> int | None:
        """Days from one opening to the next, at most; ``None``: months, whose length differs."""
        match self.unit:
            case Unit.HOUR:
                return -(-self.every // 24)
            case Unit.DAY:
                return self.every
            case Unit.WEEK:
                return self.every * 7
            case _:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A maintenance configuration that is assigned to a scale set. ``None``: not read."""

    configuration_id: str
    """Lower case."""
    scope: MaintenanceScope | None = None
    starts_at: datetime | None = None
    """Local time of the zone, without an offset."""
    duration_minutes: int | None = None
    time_zone: str = ""
    """As Azure writes it: a name of Windows; empty: not read."""
    recurrence: Recurrence | None = None
    expires_at: datetime | None = None
    """Local time, without an offset; ``NEVER`` or later: it does not end."""

    def openings(self, zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, datetime]] | None:
        """List when it opens and closes between two moments (UTC).

        ``None``: it cannot be said, also where weeks are left out or months are counted.
        """
        recurrence, begins, minutes = self.recurrence, self.starts_at, self.duration_minutes
        if recurrence is None or begins is None or minutes is None or self.expires_at is None:
            return None
        if recurrence.unit not in {Unit.DAY, Unit.WEEK} or (recurrence.unit is Unit.WEEK and recurrence.every != 1):
            return None
        length = timedelta(minutes=minutes)
        found: list[tuple[datetime, datetime]] = []
        for local in _days(recurrence, begins, start, end):
            if local > self.expires_at:
                break
            opens = local.replace(tzinfo=zone).astimezone(UTC)
            if opens < end and opens + length > start:
                found.append((opens, opens + length))
        return found

    def is_open(self, zone: ZoneInfo, moment: datetime) -> bool | None:
        """Say whether it is open at a moment (UTC)."""
        openings = self.openings(zone, moment, moment + timedelta(seconds=1))
        return None if openings is None else any(opens <= moment < closes for opens, closes in openings)

    def has_expired(self, zone: ZoneInfo | None, moment: datetime) -> bool | None:
        """Say whether it opens no more. Without a zone, only where every zone agrees."""
        if self.expires_at is None:
            return None
        end = self.expires_at
        if end >= NEVER:
            return False
        if zone is not None:
            return end.replace(tzinfo=zone).astimezone(UTC) <= moment
        if end.replace(tzinfo=UTC) + _WIDEST <= moment:
            return True
        return None if end.replace(tzinfo=UTC) - _WIDEST <= moment else False

    @property
    def earliest_end(self) -> datetime | None:
        """The first moment (UTC) at which it may have expired, whatever its zone; ``None``: not known, or never."""
        if self.expires_at is None or self.expires_at >= NEVER:
            return None
        return self.expires_at.replace(tzinfo=UTC) - _WIDEST


_WIDEST = timedelta(hours=14)
"""How far any time zone is from UTC."""


def _days(recurrence: Recurrence, begins: datetime, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the local moments at which it opens, from about ``start`` to about ``end``."""
    first = start.replace(tzinfo=None) - timedelta(days=3)
    step = recurrence.every if recurrence.unit is Unit.DAY else 1
    skipped = max(0, (first - begins).days // step)
    for number in count(skipped):
        local = begins + timedelta(days=number * step)
        if local > end.replace(tzinfo=None) + timedelta(days=2):
            return
        weekdays = recurrence.weekdays or (begins.weekday(),)
        if recurrence.unit is Unit.DAY or local.weekday() in weekdays:
            yield local
