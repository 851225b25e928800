"""The core of the service on fakes: a scan takes about a millisecond, and every clock is the test's."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.facts.evidence import JsonValue
from scanner.ports.compute import Compute
from scanner.ports.event import Table
from scanner.ports.fleet import Fleet
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.rules.criteria import Criteria
from scanner.scan.conclude import ScanResult
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.run import run_scan
from tests.fakes.azure import FakeAzure, FakeCompute, FakeFleet
from tests.fakes.instances import FakeInstances
from tests.fakes.rollouts import FakeRollouts
from tests.fakes.view import FleetView, read_view

START = datetime(2026, 11, 9, 6, 0, tzinfo=UTC)


class FakeWorld:
    """One service on one fake Azure."""

    def __init__(self, store: StateStore | None = None, sink: EventSink | None = None) -> None:
        self.azure = FakeAzure()
        self.azure.clock = self.now
        self.fleet: Fleet = FakeFleet(self.azure)
        self.compute: Compute = FakeCompute(self.azure)
        self.images = self.azure.images
        self.tables = self.azure.tables
        self.instances = FakeInstances(self.azure, self.now)
        self.asks_about_instances = True
        """Whether Compute is asked about instances; if not, nothing is due by age."""
        self.rollouts = FakeRollouts(self.azure, self.now)
        self.asks_about_rollouts = True
        """The same of rollouts."""
        self.store: StateStore = store or MemoryStore()
        self.received = MemorySink()
        self.sink: EventSink = sink or self.received
        self.criteria: Criteria = read_criteria(None, None, START)
        self.clock = START
        self.scans = 0
        self.request: dict[str, Any] = {}
        """More fields of the request."""
        self.drive: Callable[[Ports, ScanRequest], ScanResult] = run_scan
        self._shown = 0

    @property
    def ports(self) -> Ports:
        return Ports(
            fleet=self.fleet,
            compute=self.compute,
            store=self.store,
            sink=self.sink,
            now=self.now,
            calls=self.azure,
            images=self.images,
            tables=self.tables,
            census=self.instances,
            instances=self.instances if self.asks_about_instances else None,
            rollouts=self.rollouts if self.asks_about_rollouts else None,
        )

    def now(self) -> datetime:
        return self.clock

    def next_request(self) -> ScanRequest:
        return ScanRequest(
            scan_id=f"scan-{self.scans}",
            trigger="timer",
            criteria=self.criteria.at(self.clock),
            service_version="test",
            **self.request,
        )

    def scan(self, *, after: timedelta = timedelta(hours=1)) -> ScanResult:
        """Scan, an hour after the last time."""
        self.clock += after
        self.scans += 1
        return self.drive(self.ports, self.next_request())

    def scan_again(self) -> ScanResult:
        """Repeat the last scan, as a queue does with a message that was not acknowledged."""
        return self.drive(self.ports, self.next_request())

    def store_view(self) -> FleetView:
        """Read what the store holds now."""
        return read_view(self.store)

    def news(self) -> list[tuple[str, str, str]]:
        """Name the events that arrived since the last time: type, scale set, rule or field."""
        rows = self.received.rows.get(Table.EVENTS, [])
        fresh, self._shown = rows[self._shown :], len(rows)
        return [happened(row) for row in fresh]


def happened(row: Mapping[str, JsonValue]) -> tuple[str, str, str]:
    """Name an event as tests do."""
    return str(row["EventType"]), str(row.get("ScaleSetName") or ""), str(row.get("RuleId") or row.get("Field") or "")
