"""When a schedule fires, to tell a timer that stands still from one that is not due yet.

Azure's dialect has six fields, UTC, 0 to 6 for Sunday to Saturday, and a day must match both of its fields.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(\*|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]+))?")
_NEVER = 366 * 41
"""Days after which a schedule has come round if it ever does: a leap day on a Sunday takes 40 years."""


class NcrontabError(ValueError):
    """The text is no schedule, or names a moment that never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ncrontab:
    """A schedule: the allowed values of each field."""

    text: str
    times: tuple[time, ...]
    """Times of a day at which it fires, in order."""
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    def after(self, moment: datetime) -> datetime:
        """Answer the first firing after a moment. Raises ``NcrontabError`` when there is none."""
        start = moment.astimezone(UTC)
        for number in range(_NEVER):
            day = start.date() + timedelta(days=number)
            if day.month not in self.months or day.day not in self.days or day.isoweekday() % 7 not in self.weekdays:
                continue
            for at in self.times:
                found = datetime.combine(day, at, UTC)
                if found > start:
                    return found
        raise NcrontabError(f"{self.text!r} names a day that never comes")


def read_ncrontab(text: str) -> Ncrontab:
    """Read a schedule. Raises ``NcrontabError``, which says which field is wrong."""
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        raise NcrontabError(f"{text!r} has {len(parts)} fields, not six")
    seconds, minutes, hours, days, months, weekdays = (
        _values(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    times = (time(hour, minute, second) for hour in hours for minute in minutes for second in seconds)
    return Ncrontab(
        text=text,
        times=tuple(sorted(times)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
    )


def _values(part: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> set[int]:
    values: set[int] = set()
    for piece in part.split(","):
        match = _PART.fullmatch(piece)
        if match is None or (match[1] == "*" and match[2]) or (match[3] and int(match[3]) == 0):
            raise NcrontabError(f"{piece!r} is no value for the field {name!r}")
        first = lowest if match[1] == "*" else _number(match[1], name, lowest, highest, names)
        if match[2]:
            last = _number(match[2], name, lowest, highest, names)
        else:
            last = highest if match[1] == "*" or match[3] else first
        if last < first:
            raise NcrontabError(f"{piece!r} runs backwards in the field {name!r}")
        values.update(range(first, last + 1, int(match[3] or 1)))
    return values


def _number(text: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    if text[:3] in names:
        return names.index(text[:3]) + lowest
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise NcrontabError(f"{text!r} is not between {lowest} and {highest}, as the field {name!r} wants")
    return int(text)
