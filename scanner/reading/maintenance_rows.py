"""From maintenance configurations and their assignments to windows and schedules.

https://learn.microsoft.com/azure/templates/microsoft.maintenance/maintenanceconfigurations
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scanner.facts.window import NEVER, MaintenanceScope, Recurrence, Unit, Window
from scanner.reading.azure_values import Block, choice, listed, optional, required, text
from scanner.reading.image_rows import region

_SCOPES: Mapping[str, MaintenanceScope] = {
    "osimage": MaintenanceScope.OS_IMAGE,
    "inguestpatch": MaintenanceScope.IN_GUEST,
    "host": MaintenanceScope.OTHER,
    "resource": MaintenanceScope.OTHER,
    "extension": MaintenanceScope.OTHER,
    "sqldb": MaintenanceScope.OTHER,
    "sqlmanagedinstance": MaintenanceScope.OTHER,
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RECURRENCE = re.compile(r"([0-9]{0,4})\s*(hour|day|week|month)s?(?:\s+(.+))?", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]{1,3}):([0-5][0-9])")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2})(:[0-9]{2})?")
_EARLIEST_YEAR = 1970
_ASSIGNMENT = "/providers/microsoft.maintenance/configurationassignments/"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicScope:
    """An assignment to all machines that a filter finds. An empty list of the filter means all; ``None``: not read."""

    configuration_id: str
    subscription_id: str
    resource_group: str
    """Lower case; empty: the whole subscription."""
    locations: frozenset[str] | None
    os_types: frozenset[str] | None
    resource_groups: frozenset[str] | None
    resource_types: frozenset[str] | None
    tags: Mapping[str, frozenset[str]] | None
    """Values by tag name, all in lower case."""
    all_tags: bool | None
    """Whether every tag has to be there; else one of them."""


@dataclass(slots=True)
class Assignments:
    """Assignments as their rows come, page by page."""

    direct: dict[str, set[str]] = field(default_factory=dict)
    """Configurations by the id of the resource to which they are assigned; all in lower case."""
    dynamic: list[DynamicScope] = field(default_factory=list)

    def take(self, row: object) -> None:
        """Take a row; what is no assignment is passed over."""
        identifier = text(row.get("id")) if isinstance(row, Mapping) else None
        if identifier is None or not isinstance(row, Mapping):
            return
        target, found, _name = identifier.lower().rstrip("/").rpartition(_ASSIGNMENT)
        properties = required(row, "properties")
        configuration = None if properties is None else text(properties.get("maintenanceConfigurationId"))
        if not found or configuration is None or properties is None:
            return
        wanted = configuration.lower().rstrip("/")
        parts = target.split("/")
        if len(parts) in {3, 5}:  # a subscription, or a resource group in one
            group = parts[4] if len(parts) == 5 else ""
            self.dynamic.append(_dynamic(wanted, parts[2], group, optional(properties, "filter")))
        else:
            self.direct.setdefault(target, set()).add(wanted)


def window_of(configuration_id: str, properties: Block | None) -> Window:
    """Read a maintenance configuration."""
    window = optional(properties, "maintenanceWindow")
    return Window(
        configuration_id=configuration_id.lower(),
        scope=None if properties is None else choice(properties.get("maintenanceScope"), _SCOPES),
        starts_at=None if window is None else _local(window.get("startDateTime")),
        duration_minutes=None if window is None else _minutes(window.get("duration")),
        time_zone="" if window is None else text(window.get("timeZone")) or "",
        recurrence=None if window is None else recurrence_of(window.get("recurEvery")),
        expires_at=None if window is None else _expiry(window.get("expirationDateTime")),
    )


def recurrence_of(value: object) -> Recurrence | None:
    """Read ``recurEvery``, such as ``Day``, ``3Days``, ``Week Saturday,Sunday`` or ``Month Last Sunday``.

    What is said of the days of a month is passed over.
    """
    found = _RECURRENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    every, unit, rest = int(found[1] or 1), Unit(found[2].lower()), found[3] or ""
    if every < 1 or (rest and unit in {Unit.HOUR, Unit.DAY}):
        return None
    weekdays: tuple[int, ...] = ()
    if unit is Unit.WEEK and rest:
        names = [name.strip().lower() for name in rest.split(",")]
        if not all(name in _WEEKDAYS for name in names):
            return None
        weekdays = tuple(sorted({_WEEKDAYS.index(name) for name in names}))
    return Recurrence(every=every, unit=unit, weekdays=weekdays)


def _minutes(value: object) -> int | None:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else int(found[1]) * 60 + int(found[2])


def _local(value: object) -> datetime | None:
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        read = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None
    return read if read.year >= _EARLIEST_YEAR else None


def _expiry(value: object) -> datetime | None:
    """Read the end of a window; without one it is never over."""
    return NEVER if value is None else _local(value)


def _dynamic(configuration: str, subscription: str, group: str, filtered: Block | None) -> DynamicScope:
    settings = optional(filtered, "tagSettings")
    operator = None if settings is None else settings.get("filterOperator")
    return DynamicScope(
        configuration_id=configuration,
        subscription_id=subscription,
        resource_group=group,
        locations=_names(filtered, "locations", as_region=True),
        os_types=_names(filtered, "osTypes"),
        resource_groups=_names(filtered, "resourceGroups"),
        resource_types=_names(filtered, "resourceTypes"),
        tags=_tags(settings),
        all_tags=choice("all" if operator is None else operator, {"all": True, "any": False}),
    )


def _names(block: Block | None, name: str, *, as_region: bool = False) -> frozenset[str] | None:
    values = listed(block, name)
    if values is None:
        return None
    return _texts(values, as_region=as_region)


def _texts(values: Iterable[object], *, as_region: bool = False) -> frozenset[str] | None:
    read = [region(value) if as_region else text(value) for value in values]
    return None if None in read else frozenset([value.lower() for value in read if value is not None])


def _tags(settings: Block | None) -> Mapping[str, frozenset[str]] | None:
    tags = optional(settings, "tags")
    if tags is None:
        return None
    wanted: dict[str, frozenset[str]] = {}
    for name, values in tags.items():
        read = _texts(values) if isinstance(values, list) else None
        if read is None:
            return None
        wanted[name.lower()] = read
    return wanted
