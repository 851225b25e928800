"""Schedules for the guests of Flexible scale sets, and what is recorded of patching them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.guests import GuestRecords
from scanner.facts.window import MaintenanceScope
from scanner.ports.tables import Beside, Tables
from scanner.reading.azure_values import text
from scanner.reading.guest_rows import Machine, as_machine, asks_for_patching, machine_of, needs_tags, reaches
from scanner.reading.image_rows import moment
from scanner.reading.maintenance_rows import DynamicScope
from scanner.scan.asking import Asking
from scanner.scan.maintenance import Maintenance
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState
from scanner.times import iso

NAMED_SCHEDULES = 3
_MACHINE = "/providers/microsoft.compute/virtualmachines/"


@dataclass(slots=True)
class _Schedules:
    """Schedules for guests: by machine, and by filter. ``by_set`` is what the machines of each scale set said."""

    direct: dict[str, set[str]]
    dynamic: list[DynamicScope]
    by_set: dict[str, tuple[set[str], bool]] = field(default_factory=dict)
    """What reaches an instance, and whether something may; by scale set."""

    @property
    def need_machines(self) -> bool:
        """Whether single machines, or their tags, decide."""
        return bool(self.direct) or any(needs_tags(scope) for scope in self.dynamic)

    def take(self, scale_set: str, machine: Machine) -> None:
        """Say what reaches one machine."""
        found, may_be = self.by_set.get(scale_set, (set(), False))
        found |= self.direct.get(machine.key, set())
        for scope in self.dynamic:
            answer = reaches(scope, machine)
            if answer:
                found.add(scope.configuration_id)
            may_be = may_be or answer is None
        self.by_set[scale_set] = (found, may_be)


class Guests:
    """The source of ``Depth.guests``.

    Asked for only where the platform patches the guests. Machines are read only where a schedule names single ones or
    their tags, page by page, and folded into their scale sets; runs only where a schedule reaches an instance.
    """

    name = "guests"

    def __init__(self, tables: Tables, maintenance: Maintenance, asking: Asking) -> None:
        self._tables = tables
        self._maintenance = maintenance
        self._asking = asking
        self._schedules: _Schedules | None = None
        self._asked: set[Beside | None] = set()
        self._times: dict[Beside, Mapping[str, str]] = {}

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer the schedules of the scale set, and when patching was recorded."""
        return self._body(row, None if known is None else known.kept.get(self.name))

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Keep the same."""
        return self._body(row, None if known is None else known.beside.get(self.name))

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in what is known of the guests."""
        return replace(depth, guests=_records(self.kept(row, known)))

    def _body(self, row: Mapping[str, object], kept: JsonValue) -> JsonValue:
        if not asks_for_patching(row):
            return None
        schedules, machine = self._all(), as_machine(row)
        if schedules is None or machine is None:
            return kept
        if machine.key not in schedules.by_set:  # no instance was read: as the first one would be
            schedules.take(machine.key, machine)
        found, may_be = schedules.by_set[machine.key]
        if not found:
            return None if may_be else [[], None, None]
        known = _records(kept) or GuestRecords(schedules=())
        patched = moment(self._time(Beside.PATCH_RUNS, machine.key)) or known.patched_at
        assessed = moment(self._time(Beside.PATCH_ASSESSMENTS, machine.key))
        assessed_on = known.assessed_on if assessed is None else assessed.date()
        return [
            sorted(found)[:NAMED_SCHEDULES],
            None if patched is None else iso(patched),
            None if assessed_on is None else assessed_on.isoformat(),
        ]

    def _all(self) -> _Schedules | None:
        """Read all schedules for guests, and whom they reach; ``None``: not read."""
        if None not in self._asked:
            self._asked.add(None)
            self._schedules = self._read()
        return self._schedules

    def _read(self) -> _Schedules | None:
        assignments = self._maintenance.assignments()
        if assignments is None:
            return None
        if not assignments.direct and not assignments.dynamic:
            return _Schedules({}, [])
        configurations = self._maintenance.configurations()
        if configurations is None:
            return None

        def is_for_guests(configuration_id: str) -> bool:
            found = configurations.get(configuration_id)
            return found is None or found.scope in {None, MaintenanceScope.IN_GUEST}

        direct = {
            target: {each for each in names if is_for_guests(each)}
            for target, names in assignments.direct.items()
            if _MACHINE in target
        }
        schedules = _Schedules(
            {target: names for target, names in direct.items() if names},
            [scope for scope in assignments.dynamic if is_for_guests(scope.configuration_id)],
        )
        if not schedules.need_machines:
            return schedules
        answer = self._asking.ask(lambda: self._fold(schedules))
        return answer if isinstance(answer, _Schedules) else None

    def _fold(self, schedules: _Schedules) -> _Schedules:
        for page in self._tables.rows(Beside.FLEXIBLE_INSTANCES):
            for row in page:
                read = machine_of(row)
                if read is not None:
                    schedules.take(*read)
        return schedules

    def _time(self, what: Beside, key: str) -> str | None:
        if what not in self._asked:
            self._asked.add(what)
            column = "lastRun" if what is Beside.PATCH_RUNS else "assessedAt"
            answer = self._asking.ask(lambda: _times(self._tables.rows(what), column))
            self._times[what] = answer if isinstance(answer, dict) else {}
        return self._times[what].get(key)


def _times(pages: Iterable[Iterable[Mapping[str, JsonValue]]], column: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for page in pages:
        for row in page:
            identifier, told = text(row.get("id")), text(row.get(column))
            if identifier is not None and told is not None:
                found[identifier.lower()] = told
    return found


def _records(body: JsonValue) -> GuestRecords | None:
    """Read what a state keeps; ``None``: nothing of ours."""
    match body:
        case [[*schedules], patched_at, assessed_on]:
            try:
                return GuestRecords(
                    schedules=tuple([each for each in schedules if isinstance(each, str)]),
                    patched_at=None if patched_at is None else datetime.fromisoformat(str(patched_at)),
                    assessed_on=None if assessed_on is None else date.fromisoformat(str(assessed_on)),
                )
            except ValueError:
                return None
        case _:
            return None
