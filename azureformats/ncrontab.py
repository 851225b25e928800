"""NCRONTAB, the schedules of Functions timers: six fields, UTC, and a day must match both of its fields.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
Cron libraries for Python read other dialects: five fields, 7 for Sunday, ``?`` and ``L``, and a day that matches either
field. What they accept beside NCRONTAB, Azure refuses, so none of them can check a schedule.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_LONGEST_GAP = timedelta(days=366 * 41)
"""29 February on one certain day of the week comes after 40 years at the latest."""


class ScheduleError(ValueError):
    """A text is not an NCRONTAB expression, or names a moment that never comes. The message says which field is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field(name="second", lowest=0, highest=59),
    _Field(name="minute", lowest=0, highest=59),
    _Field(name="hour", lowest=0, highest=23),
    _Field(name="day", lowest=1, highest=31),
    _Field(name="month", lowest=1, highest=12, names=_MONTHS),
    _Field(name="day of the week", lowest=0, highest=6, names=_DAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a timer fires."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    def next_after(self, moment: datetime) -> datetime:
        """Answer the first time after a moment, in UTC. Raises ``ScheduleError`` when there is none."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        day = start.date()
        while day - start.date() < _LONGEST_GAP:
            if self._is_on(day):
                found = self._first_time(start.time() if day == start.date() else time.min)
                if found is not None:
                    return datetime.combine(day, found, UTC)
            day += timedelta(days=1)
        raise ScheduleError(f"{self.text!r} names a day that never comes.")

    def gaps(self, moment: datetime) -> tuple[timedelta, timedelta]:
        """Answer the shortest and the longest time between two firings after a moment: nights, weekends, leap years too.

        Raises ``ScheduleError`` when it never fires.
        """
        first_day = self.next_after(moment).date()
        times = [
            hour * 3600 + minute * 60 + second
            for hour in self.hours
            for minute in self.minutes
            for second in self.seconds
        ]
        days = [number for number in range(_LONGEST_GAP.days) if self._is_on(first_day + timedelta(days=number))]
        between = {later - earlier for earlier, later in pairwise(times)}
        overnight = {(later - earlier) * 86_400 + times[0] - times[-1] for earlier, later in pairwise(days)}
        seconds = between | overnight or {_LONGEST_GAP.days * 86_400}
        return timedelta(seconds=min(seconds)), timedelta(seconds=max(seconds))

    def _is_on(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _first_time(self, earliest: time) -> time | None:
        for hour in (hour for hour in self.hours if hour >= earliest.hour):
            for minute in self.minutes:
                for second in self.seconds:
                    found = time(hour, minute, second)
                    if found >= earliest:
                        return found
        return None


def parse(text: str) -> Schedule:
    """Read an NCRONTAB expression of six fields. Raises ``ScheduleError``."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ScheduleError(f"{text!r} has {len(parts)} fields; a schedule has six, such as '0 */30 * * * *'.")
    seconds, minutes, hours, days, months, weekdays = (
        _values(part, field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    return Schedule(
        text=text,
        seconds=tuple(sorted(seconds)),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
    )


def _values(part: str, field: _Field) -> set[int]:
    values: set[int] = set()
    for item in part.split(","):
        match = _ITEM.fullmatch(item)
        if match is None or (match["first"] == "*" and match["last"]):
            raise ScheduleError(f"{item!r} is not a value for the field {field.name}.")
        step = int(match["step"] or 1)
        if step == 0:
            raise ScheduleError(f"{item!r} has a step of 0 in the field {field.name}.")
        if match["first"] == "*":
            first, last = field.lowest, field.highest
        else:
            first = _number(match["first"], field)
            last = _number(match["last"], field) if match["last"] else field.highest if match["step"] else first
        if last < first:
            raise ScheduleError(f"{item!r} runs backwards in the field {field.name}.")
        values.update(range(first, last + 1, step))
    return values


def _number(text: str, field: _Field) -> int:
    if text.lower()[:3] in field.names:
        return field.names.index(text.lower()[:3]) + field.lowest
    if not (text.isascii() and text.isdigit()) or not field.lowest <= int(text) <= field.highest:
        raise ScheduleError(f"{text!r} is not between {field.lowest} and {field.highest}, as the {field.name} must be.")
    return int(text)
