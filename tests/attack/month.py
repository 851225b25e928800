"""A month in which images are published, people change things and the fleet scales, with a scan an hour.

The clock is simulated; requests, tokens and answers are real. What must hold at the end: no budget of Azure was used up,
calls about single scale sets follow what changed, and no finding came and went without a cause.
"""

import gc
import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from demo.story import COMPARING_RULES
from emulator.client.client import Control
from emulator.client.estate import PIPELINE, PORTAL_USER, Who
from emulator.endpoint.faults import FaultKind
from scanner.adapters.azure.service_clock import ServiceClock
from scanner.bootstrap import deployed
from scanner.settings import read_settings
from tests.attack.verdict import Verdict
from tests.world import EVENTS, SCANS

FIRST = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
JAMMY = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-Datacenter"}
HARDENED = {
    "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-images/providers/Microsoft.Compute/"
    "galleries/corp_gallery/images/ubuntu-2204-hardened"
}
REGIONS = {"westeurope": 0.0, "northeurope": 24.0}
AUTOSCALE = Who(changed_by="0e1c4a4e-autoscale", changed_by_type="Application", client_type="Unspecified")
BUDGET_USED = 0.67
"""The most that may be used of any budget: the readers leave a third of Azure's to others."""
QUERIES_A_SCAN = 120
"""The most queries of Resource Graph in one scan: two thirds of what a minute allows."""
CALLS_BY_CHANGE = 5
"""The most calls about single scale sets, in the mean, for each one that changed or moved."""
AGE_HOURS, CALLS_BY_AGE = 12, 4
"""Hours after which a scale set may be asked about again although nothing changed, and calls that this may take."""
FLAP_HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """What one scan cost."""

    number: int
    changed: int
    """Scale sets that changed, or whose upgrade moved, since the last scan."""
    about_sets: int
    """Calls about single scale sets."""
    queries: int
    kilobytes: int


@dataclass(slots=True)
class Month:
    """The fleet and what befalls it, hour by hour; the same for the same seed."""

    control: Control
    scale_sets: int
    seed: int = 1
    hours: list[Hour] = field(default_factory=list)
    touched: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When each scale set changed or moved, by its name."""
    _ids: list[str] = field(default_factory=list)
    _random: Random = field(default_factory=Random)
    _undo: list[tuple[int, Callable[[], object], str]] = field(default_factory=list)

    def lay_out(self) -> None:
        """Fill the estate."""
        self._random.seed(self.seed)
        self.control.reset()
        self.control.set_clock(FIRST)
        self.control.set_limits(graph_queries=0)
        self.control.create_fleet(
            seed=self.seed, subscriptions=max(2, self.scale_sets // 250), scale_sets=self.scale_sets, surroundings=True
        )
        self._ids = self.control.scale_set_ids()

    def happen(self, hour: int) -> None:
        """Let happen what the script has for an hour."""
        for due, action, resource_id in [item for item in self._undo if item[0] <= hour]:
            self._undo.remove((due, action, resource_id))
            self._touch(resource_id, action)
        for day, image, version in (
            (1, JAMMY, "22.04.202610050"),
            (6, WINDOWS, "20348.9999.261011"),
            (9, HARDENED, "22.04.202610140"),
            (16, JAMMY, "22.04.202610200"),
        ):
            if hour == day * 24:
                self.control.publish(image, version, REGIONS, failing=0.02, stalling=0.01)
        if 3 <= hour % 24 <= 11:  # from nine to five, as the month begins at six
            self._portal_edit(hour)
        for _ in range(max(1, self.scale_sets // 700)):
            resource_id = self._random.choice(self._ids)
            self._scale(resource_id, self._random.choice((5, 6, 8, 10, 12, 20)))
        self._trouble(hour)

    def _scale(self, resource_id: str, capacity: int) -> None:
        """Let autoscale change the capacity, where there is one."""
        document = self.control.scale_set(resource_id) or {}
        if "sku" in document:
            self._touch(resource_id, lambda: self.control.change(resource_id, {"sku.capacity": capacity}, by=AUTOSCALE))

    def _portal_edit(self, hour: int) -> None:
        """Let a person change a limit, and a pipeline put it right a day later."""
        resource_id = self._random.choice(self._ids)
        document = self.control.scale_set(resource_id) or {}
        policy = (document.get("properties", {}).get("upgradePolicy") or {}).get("rollingUpgradePolicy")
        if not policy:
            return
        path = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
        before = policy.get("maxBatchInstancePercent", 20)
        self._touch(resource_id, lambda: self.control.change(resource_id, {path: 60}, by=PORTAL_USER))
        self._undo.append(
            (hour + 20, lambda: self.control.change(resource_id, {path: before}, by=PIPELINE), resource_id)
        )

    def _trouble(self, hour: int) -> None:
        """Let Azure have bad hours: a source fails, the index stands still, and all is well again."""
        self.control.clear_faults()
        if hour % 24 == 20:
            self.control.hold_index(held=True)
        if hour % 24 == 22:
            self.control.hold_index(held=False)
        failing = {
            5: ("graph", "computeresources"),
            6: ("arm", "rollingupgrades"),
            7: ("arm", "osupgradehistory"),
            8: ("arm", "/virtualmachines"),
            9: ("graph", "resourcechanges"),
            10: ("arm", "/versions"),
            13: ("graph", "galleries/images/versions"),
            14: ("graph", "maintenanceresources"),
        }.get(hour % 24)
        if failing is not None and (hour // 24) % 3 == 1:
            endpoint, contains = failing
            self.control.add_fault(endpoint, FaultKind.STATUS, status=403, contains=contains, count=None)

    def _touch(self, resource_id: str, action: Callable[[], object]) -> None:
        self.touched[resource_id.rpartition("/")[2].lower()].append(self.control.now())
        action()

    def moved(self, since: datetime) -> set[str]:
        """Note what moved by itself since a moment; answer the names of all that changed or moved."""
        now = self.control.now()
        for resource_id in self.control.moved_upgrades(since):
            self.touched[resource_id.rpartition("/")[2].lower()].append(now)
        return {name for name, moments in self.touched.items() if moments[-1] >= since}


def play(control: Control, environment: Mapping[str, str], hours: int, month: Month, verdict: Verdict) -> None:
    """Play so many hours, a scan in each, and say what was wrong."""
    month.lay_out()
    kept = dict(os.environ)
    os.environ.update(environment)
    try:
        for hour in range(hours):
            at = FIRST + timedelta(hours=hour)
            control.set_clock(at)
            month.happen(hour)
            _scan(control, month, hour, at, verdict)
    finally:
        os.environ.clear()
        os.environ.update(kept)
    judge(control, month, verdict)


def _scan(control: Control, month: Month, hour: int, at: datetime, verdict: Verdict) -> None:
    changed = month.moved(at - timedelta(hours=1))
    before = sum(sum(counts.values()) for counts in control.counters().values())
    with deployed(read_settings(os.environ), clock=ServiceClock(lambda: at)) as service:
        result = service.scan(trigger="timer", scan_id=str(uuid.uuid4()))
    verdict.figures["scans of the month"] += 1
    if result.failure is not None:
        verdict.found("scan failed", f"hour {hour}", f"{type(result.failure).__name__}: {result.failure}")
    about = control.requests("arm", contains="/virtualmachinescalesets/", after=before)
    queries = control.requests("graph", after=before)
    gc.collect()
    month.hours.append(
        Hour(hour, len(changed), len(about), len(queries), int(_resident_kilobytes())),
    )


def judge(control: Control, month: Month, verdict: Verdict) -> None:
    """Hold what the month cost, and what was told, against what must hold."""
    for name, used in control.budgets().items():
        verdict.figures[f"calls of {name}"] += used["taken"]
        if used["throttled"] or used["most_used"] > BUDGET_USED:
            verdict.found("budget", name, f"{used['throttled']} refused, {used['most_used']:.0%} of a bucket used")
    later = month.hours[1:]
    most = max(hour.queries for hour in month.hours)
    if most > QUERIES_A_SCAN:
        verdict.found("budget", "Resource Graph", f"{most} queries in one scan")
    calls, changed = sum(hour.about_sets for hour in later), sum(hour.changed for hour in later)
    allowed = CALLS_BY_CHANGE * changed + len(later) * month.scale_sets * CALLS_BY_AGE / AGE_HOURS
    verdict.figures["calls about scale sets"] += calls
    verdict.figures["scale sets that changed or moved"] += changed
    if calls > allowed:
        verdict.found("calls", "the month", f"{calls} calls about scale sets for {changed} that changed")
    for name, rule, when in flaps(control.rows(EVENTS), month.touched):
        verdict.found("flap", name, f"{rule} opened again at {when}, and nothing had changed")
    failed = [row for row in control.rows(SCANS) if row["Status"] == "failed"]
    if failed:
        verdict.found("failed scans", "the month", str(len(failed)))
    first, last = month.hours[min(48, len(month.hours) - 1)], month.hours[-1]
    verdict.notes.append(
        f"queries a scan: first {month.hours[0].queries}, most later {max(hour.queries for hour in later)}; calls about "
        f"scale sets: first {month.hours[0].about_sets}, mean later {calls / len(later):.1f}; memory {first.kilobytes} "
        f"kB to {last.kilobytes} kB"
    )


def flaps(rows: Sequence[Mapping[str, Any]], touched: Mapping[str, Sequence[datetime]]) -> list[tuple[str, str, str]]:
    """Answer findings that were resolved and opened again within a day, while nothing had changed in between."""
    resolved: dict[tuple[str, str], datetime] = {}
    found = []
    for row in rows:
        key = (str(row.get("ScaleSetName")), str(row.get("RuleId")))
        at = datetime.fromisoformat(str(row["DetectedAt"]))
        if row["EventType"] == "finding.resolved":
            resolved[key] = at
        elif row["EventType"] == "finding.opened" and key in resolved:
            since = resolved[key]
            moments = [when for name in _causes(key, touched) for when in touched[name]]
            caused = any(since - timedelta(hours=1) <= when <= at for when in moments)
            if at - since <= timedelta(hours=FLAP_HOURS) and not caused:
                found.append((*key, at.isoformat()))
    return found


def _causes(key: tuple[str, str], touched: Mapping[str, Sequence[datetime]]) -> list[str]:
    """Name the scale sets whose changes may cause a finding: its own, or for a rule about a group all of the application."""
    name, rule = key[0].lower(), key[1]
    application = name.rsplit("-", 2)[0]
    return [
        other
        for other in touched
        if other == name or (rule in COMPARING_RULES and other.rsplit("-", 2)[0] == application)
    ]


def told(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Count what was told, by type."""
    return Counter(str(row["EventType"]) for row in rows)


def _resident_kilobytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024
