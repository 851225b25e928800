"""Maintenance windows of the OS image that are assigned to scale sets."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.resource_id import parse_resource_id
from scanner.facts.window import MaintenanceScope, Recurrence, Unit, Window
from scanner.scan.maintenance import Maintenance
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState


class Windows:
    """The source of ``Depth.windows``. What was not read is as it was last known."""

    name = "windows"

    def __init__(self, maintenance: Maintenance) -> None:
        self._maintenance = maintenance

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer the windows of the scale set; ``None``: not known."""
        return self._body(row, None if known is None else known.kept.get(self.name))

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Keep the same."""
        return self._body(row, None if known is None else known.beside.get(self.name))

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in the windows."""
        return replace(depth, windows=_windows(self.kept(row, known)))

    def _body(self, row: Mapping[str, object], kept: JsonValue) -> JsonValue:
        found, assignments = parse_resource_id(row.get("id")), self._maintenance.assignments()
        if found is None or assignments is None:
            return kept
        assigned = sorted(assignments.direct.get(found.key, ()))
        if not assigned:
            return []
        known = {window.configuration_id: window for window in _windows(kept) or ()}
        configurations = self._maintenance.configurations() or {}
        windows = [configurations.get(each) or known.get(each) or Window(configuration_id=each) for each in assigned]
        return [_written(window) for window in windows if window.scope in {None, MaintenanceScope.OS_IMAGE}]


def _written(window: Window) -> JsonValue:
    recurrence = window.recurrence
    return [
        window.configuration_id,
        window.scope,
        _text(window.starts_at),
        window.duration_minutes,
        window.time_zone,
        None if recurrence is None else [recurrence.every, recurrence.unit, list(recurrence.weekdays)],
        _text(window.expires_at),
    ]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="minutes")


def _windows(body: JsonValue) -> tuple[Window, ...] | None:
    """Read what a state keeps; ``None``: nothing of ours."""
    if not isinstance(body, list | tuple):
        return None
    try:
        return tuple([_window(each) for each in body])
    except (ValueError, TypeError):
        return None


def _window(body: JsonValue) -> Window:
    match body:
        case [str(configuration_id), scope, starts_at, duration, str(time_zone), recurrence, expires_at]:
            return Window(
                configuration_id=configuration_id,
                scope=None if scope is None else MaintenanceScope(str(scope)),
                starts_at=_moment(starts_at),
                duration_minutes=duration if isinstance(duration, int) else None,
                time_zone=time_zone,
                recurrence=_recurrence(recurrence),
                expires_at=_moment(expires_at),
            )
        case _:
            raise ValueError("no window")


def _recurrence(body: JsonValue) -> Recurrence | None:
    match body:
        case [int(every), str(unit), [*weekdays]]:
            return Recurrence(every=every, unit=Unit(unit), weekdays=_days(weekdays))
        case _:
            return None


def _days(values: Iterable[JsonValue]) -> tuple[int, ...]:
    return tuple([value for value in values if isinstance(value, int)])


def _moment(value: JsonValue) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
