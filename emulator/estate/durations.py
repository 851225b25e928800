"""Durations as Azure writes them: ISO 8601 in policies, hours and minutes in maintenance windows."""

import re
from datetime import timedelta

_ISO = re.compile(
    r"^P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?$"
)


def iso_duration(text: object) -> timedelta:
    """Read ``PT1H30M``; what is no duration is none: zero."""
    match = _ISO.match(str(text))
    if match is None:
        return timedelta()
    return timedelta(**{name: float(value) for name, value in match.groupdict().items() if value})


def clock_duration(text: str) -> timedelta:
    """Read ``05:00``. Raises ``ValueError``."""
    hours, minutes = text.split(":")[:2]
    return timedelta(hours=int(hours), minutes=int(minutes))
