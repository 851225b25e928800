"""Moments as text: ours, which sorts as time does, and HTTP's."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def iso(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601 text to the millisecond, so that text sorts as time does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(text: str | None) -> datetime | None:
    """Read an HTTP date, such as a ``Date`` header's; ``None``: there is none, or it names no moment.

    A leap second, 23:59:60, is read as the second before it.

    https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
    """
    try:
        moment = parsedate_to_datetime((text or "").replace(":60 ", ":59 "))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def iso_to_millisecond(text: str) -> str:
    """Write a moment, given as ISO 8601 text of any precision, as ``iso`` does; text that is no moment stays as it is."""
    try:
        return iso(datetime.fromisoformat(text).astimezone(UTC))
    except ValueError:
        return text
