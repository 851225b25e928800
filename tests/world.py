"""The service on the local Azure, scan by scan: what the timelines of the tests are written in."""

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.client.local import LocalAzure
from scanner.adapters.azure.budgeted_compute import BudgetedCompute
from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.compute_instances import ComputeInstances
from scanner.adapters.azure.compute_rollouts import ComputeRollouts
from scanner.adapters.azure.connect import as_app, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.image_lists import ImageLists
from scanner.adapters.azure.instance_census import GraphCensus
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.clouds import CLOUDS
from scanner.events.scan_record import ScanRecord
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.ports.fleet import Fleet
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.ports.tables import Tables
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.run import run_scan
from scanner.snapshot import write_snapshot
from scanner.times import iso
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

START = datetime(2026, 11, 9, 6, 0, tzinfo=UTC)
EVENTS, SCANS, SNAPSHOT = "VmssPostureEvents_CL", "VmssPostureScans_CL", "VmssPostureSnapshot_CL"

type Happened = tuple[str, str, str]
"""An event as a test names it: type, scale set, rule or field."""


class World:
    """One service on one local Azure, with a clock that a test moves."""

    def __init__(self, azure: LocalAzure, store: StateStore, *, sink: EventSink | None = None) -> None:
        self.azure = azure
        self.control = azure.control
        self.store = store
        self.clock = START
        self.deployment = ""
        self.scope: tuple[str, ...] = ()
        self.time_limit = timedelta(hours=1)
        self.exemptions_file: Path | None = None
        self.connection = self._in_time_of_the_test(connection_to(azure))
        fleet = ResourceGraphFleet(self.connection)
        self.fleet: Fleet = fleet
        asking = BudgetedCompute(self.connection)
        self.compute = ComputeReader(self.connection, asking)
        self.census = GraphCensus(fleet.graph)
        self.images = ImageLists(self.connection, asking)
        self.tables: Tables = fleet
        self.instances = ComputeInstances(self.connection, lambda: self.clock, asking)
        self.asks_about_instances = False
        """Whether Compute is asked about instances."""
        self.rollouts = ComputeRollouts(self.connection, lambda: self.clock, asking)
        self.asks_about_rollouts = False
        """The same of rollouts."""
        self.sink = sink or LogAnalyticsSink(
            self.connection,
            endpoint=azure.ingestion_endpoint,
            rule_id=azure.rule_id,
            audience="https://monitor.azure.com",
        )
        self._shown = 0
        self.control.set_clock(self.clock, frozen=False)

    def _in_time_of_the_test(self, connection: Connection) -> Connection:
        """Let the hour between two scans pass for budgets too, which are full again after it."""

        def clock() -> float:
            return time.monotonic() + (self.clock - START).total_seconds()

        return replace(connection, limits=replace(connection.limits, clock=clock))

    @property
    def ports(self) -> Ports:
        return Ports(
            fleet=self.fleet,
            compute=self.compute,
            store=self.store,
            sink=self.sink,
            now=lambda: self.clock,
            calls=self.connection.counter,
            images=self.images,
            tables=self.tables,
            census=self.census,
            instances=self.instances if self.asks_about_instances else None,
            rollouts=self.rollouts if self.asks_about_rollouts else None,
        )

    def scan(self, scan_id: str | None = None) -> ScanRecord:
        """Scan, an hour after the last time; raise what ended the scan early, as the deployed service does."""
        self.clock += timedelta(hours=1)
        self.control.set_clock(self.clock, frozen=False)
        result = run_scan(
            self.ports,
            ScanRequest(
                scan_id=scan_id or str(uuid.uuid4()),
                trigger="timer",
                criteria=read_criteria(None, self.exemptions_file, self.clock),
                service_version="test",
                deployment=self.deployment,
                scope=self.scope,
                time_limit=self.time_limit,
            ),
        )
        if result.failure is not None:
            raise result.failure
        return result.record

    def snapshot(self) -> int:
        """Write the compliance snapshot of now."""
        moment = iso(self.clock)
        stamp = ScanStamp(
            scan_id=snapshot_id(moment), detected_at=moment, service_version="test", deployment=self.deployment
        )
        return write_snapshot(self.store, self.sink, lambda: self.clock, stamp)

    def news(self) -> list[Happened]:
        """Name the events that Log Analytics received since the last time."""
        return [happened(row) for row in self.new_rows()]

    def new_rows(self) -> list[dict[str, Any]]:
        """Read the event rows that Log Analytics received since the last time."""
        rows = self.control.rows(EVENTS)
        fresh, self._shown = rows[self._shown :], len(rows)
        return fresh

    def last_scan(self) -> dict[str, Any]:
        """Read the newest row about a scan."""
        return self.control.rows(SCANS)[-1]

    def add(self, *names: str, subscription: str = SUBSCRIPTION) -> None:
        """Put scale sets into the estate that are as they should be."""
        for name in names:
            self.control.put_scale_set(document(name, subscription))

    def edit(self, name: str, values: Mapping[str, Any], subscription: str = SUBSCRIPTION) -> None:
        """Change a scale set in the portal."""
        self.control.change(scale_set_id(name, subscription), values)


def happened(row: Mapping[str, Any]) -> Happened:
    """Name an event row as tests do."""
    return row["EventType"], row.get("ScaleSetName") or "", row.get("RuleId") or row.get("Field") or ""


def make_world(azure: LocalAzure, folder: Path) -> Iterator[World]:
    """Make a world with two subscriptions on a clean local Azure; SQLite remembers."""
    azure.control.reset()
    azure.control.put_subscription(SUBSCRIPTION, "shop-production")
    azure.control.put_subscription(OTHER, "shop-staging")
    store = SqliteStore(folder / "state.sqlite")
    with identity_of(azure):
        world = World(azure, store)
        try:
            yield world
        finally:
            world.sink.close()
            world.compute.close()
            world.instances.close()
            world.rollouts.close()
            world.fleet.close()  # type: ignore[attr-defined]
            store.close()


@contextmanager
def identity_of(azure: LocalAzure) -> Iterator[None]:
    """Let azure-identity find the local identity endpoint, which it looks up in the environment."""
    given = azure.environment()
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def connection_to(azure: LocalAzure) -> Connection:
    """Connect as the deployed app does."""
    return connect(CLOUDS["AzureCloud"], as_app(None), timedelta(seconds=120), arm_endpoint=azure.arm_endpoint)
