"""Time zones as maintenance windows name them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scanner.rules.criteria import Criteria


def zone_named(name: str, criteria: Criteria) -> ZoneInfo | None:
    """Find a time zone by the name that Windows has for it; ``None``: an unknown name, never a guess."""
    found = criteria.published.windows_zones.get(name.lower())
    if found is None:
        return None
    try:
        return ZoneInfo(found)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
