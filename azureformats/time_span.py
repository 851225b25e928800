"""Time spans as .NET writes them: ``00:30:00``, ``1.02:03:04.5``.

https://learn.microsoft.com/dotnet/standard/base-types/standard-timespan-format-strings
"""

import re
from datetime import timedelta

_SPAN = re.compile(
    r"(?P<minus>-)?((?P<days>[0-9]{1,8})\.)?(?P<hours>[0-9]{1,2}):(?P<minutes>[0-9]{1,2}):(?P<seconds>[0-9]{1,2}(\.[0-9]{1,7})?)"
)


def read_time_span(text: str) -> timedelta:
    """Read a time span. Raises ``ValueError`` for a text of another form, and for hour 24, minute 60, second 60."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a time span such as '00:30:00'.")
    hours, minutes, seconds = int(match["hours"]), int(match["minutes"]), float(match["seconds"])
    if hours > 23 or minutes > 59 or seconds >= 60:
        raise ValueError(f"{text[:40]!r} is not a time span: more than 23 hours, 59 minutes or 59 seconds.")
    span = timedelta(days=int(match["days"] or 0), hours=hours, minutes=minutes, seconds=seconds)
    return -span if match["minus"] else span
