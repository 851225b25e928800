"""Moments, as text that sorts as time does."""

from datetime import datetime


def iso(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601 text to the millisecond, so that text sorts as time does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
