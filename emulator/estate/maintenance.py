"""Maintenance configurations of scale sets: assignments, and when a window is open.

Times are taken as UTC, whatever zone a configuration names.

https://learn.microsoft.com/azure/virtual-machines/virtual-machine-scale-sets-maintenance-control
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.estate.durations import clock_duration

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def configuration(
    resource_id: str, window: Mapping[str, Any], *, location: str, scope: str = "OSImage"
) -> dict[str, Any]:
    """Make a maintenance configuration; ``window`` is its ``maintenanceWindow``."""
    return {
        "id": resource_id,
        "name": resource_id.rpartition("/")[2],
        "type": "Microsoft.Maintenance/maintenanceConfigurations",
        "location": location,
        "properties": {
            "maintenanceScope": scope,
            "visibility": "Custom",
            "namespace": "Microsoft.Maintenance",
            "extensionProperties": {},
            "maintenanceWindow": dict(window),
        },
    }


def assignment(target_id: str, configuration_id: str, *, location: str) -> dict[str, Any]:
    """Make the assignment of a configuration to a resource: an extension resource of it."""
    name = configuration_id.rpartition("/")[2]
    return {
        "id": f"{target_id}/providers/Microsoft.Maintenance/configurationAssignments/{name}",
        "name": name,
        "type": "Microsoft.Maintenance/configurationAssignments",
        "location": location,
        "properties": {"maintenanceConfigurationId": configuration_id, "resourceId": target_id},
    }


def opening(window: Mapping[str, Any], moment: datetime) -> tuple[datetime, datetime]:
    """Answer the opening that is open at a moment, else the next one: from when to when."""
    start = datetime.fromisoformat(str(window["startDateTime"])).replace(tzinfo=UTC)
    length = clock_duration(str(window["duration"]))
    count, unit, days = _recurrence(str(window.get("recurEvery", "Day")))
    day = max(start, moment - timedelta(days=8)).date()
    for _ in range(400):
        opens = datetime.combine(day, start.time(), UTC)
        if opens >= start and opens + length > moment and _falls_on(opens, start, count, unit, days):
            return opens, opens + length
        day += timedelta(days=1)
    raise ValueError(f"the window never opens: {window}")


def _recurrence(text: str) -> tuple[int, str, frozenset[str]]:
    head, *rest = text.replace(",", " ").split()
    digits = "".join(letter for letter in head if letter.isdigit())
    unit = head[len(digits) :].lower() or "day"
    return int(digits or 1), unit, frozenset(item.lower() for item in rest)


def _falls_on(opens: datetime, start: datetime, count: int, unit: str, days: frozenset[str]) -> bool:
    passed = (opens.date() - start.date()).days
    match unit:
        case "day":
            return passed % count == 0
        case "week":
            wanted = days or {_DAYS[start.weekday()]}
            return _DAYS[opens.weekday()] in wanted and (passed // 7) % count == 0
        case _:
            return opens.day == start.day
