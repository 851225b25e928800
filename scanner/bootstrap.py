"""The composition root: the only place that knows which adapter stands behind which port."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.adapters.azure.connection import (
    CallCounter,
    Connection,
    managed_identity,
    time_limit,
    trusted_certificates,
)
from scanner.adapters.criteria_files import read_criteria
from scanner.errors import StoreError
from scanner.events.rows import EventContext
from scanner.events.scan_record import ScanRecord, Status
from scanner.ports.sink import Refusal
from scanner.ports.store import StateStore
from scanner.rules.criteria import Criteria
from scanner.scan.request import LEASE, Ports, ScanRequest
from scanner.scan.run import run_scan
from scanner.settings import Settings
from scanner.snapshot import snapshot_id, write_snapshot
from scanner.times import iso

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from scanner.adapters.sinks.log_analytics import LogAnalyticsSink

type Identity = Callable[[Callable[[], float]], TokenCredential]
"""Makes a credential that keeps to the seconds left."""

APP_ROOT = Path(__file__).parent.parent
"""Where the deployed app keeps the files that an operator edits."""
WRAP_UP = timedelta(minutes=4)
"""Time kept after the reading for what must still be written and delivered."""
ANSWER_LIMIT = timedelta(seconds=10)
"""Time for an answer over HTTP; Azure's load balancer gives up after 230 seconds, and whoever asks much earlier."""


def utc_now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The deployed service: its settings, what it judges with, and its ports."""

    settings: Settings
    criteria: Criteria
    ports: Ports

    def scan(
        self, *, trigger: str, scan_id: str, lease: timedelta = LEASE, on_progress: Callable[[int], None] | None = None
    ) -> ScanRecord:
        """Scan once. Raises what ``run_scan`` raises."""
        request = ScanRequest(
            scan_id=scan_id,
            trigger=trigger,
            criteria=self.criteria.at(self.ports.now()),
            service_version=__version__,
            deployment=self.settings.deployment,
            scope=self.settings.subscriptions,
            time_limit=self.settings.time_limit,
            lease=lease,
            on_progress=on_progress or (lambda _count: None),
        )
        return run_scan(self.ports, request).record

    def snapshot(self) -> int:
        """Write the compliance snapshot of this moment; answer its number of rows."""
        moment = iso(self.ports.now())
        context = EventContext(
            scan_id=snapshot_id(moment),
            detected_at=moment,
            service_version=__version__,
            deployment=self.settings.deployment,
        )
        return write_snapshot(self.ports.store, self.ports.sink, self.ports.now, context)


@contextmanager
def deployed(settings: Settings, now: Callable[[], datetime] = utc_now) -> Iterator[Service]:
    """Build the service as it runs in Azure: managed identity, Table Storage, Logs Ingestion. Nothing is sent yet."""
    from scanner.adapters.azure.compute import ComputeReader
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    connection = _connection(settings, settings.time_limit + WRAP_UP)
    criteria = _criteria(now())
    with ExitStack() as open_connections:
        store = open_connections.enter_context(_table_store(settings, connection))
        sink = open_connections.enter_context(closing(_sink(settings, connection)))
        compute = open_connections.enter_context(closing(ComputeReader(connection)))
        fleet = open_connections.enter_context(
            closing(
                ResourceGraphFleet(
                    connection,
                    subscriptions=settings.subscriptions,
                    management_groups=settings.management_groups,
                )
            )
        )
        ports = Ports(fleet=fleet, compute=compute, store=store, sink=sink, now=now, calls=connection.counter)
        yield Service(settings=settings, criteria=criteria, ports=ports)


def report_unstarted(
    settings: Settings, *, scan_id: str, trigger: str, failure: StoreError, now: Callable[[], datetime] = utc_now
) -> Sequence[Refusal]:
    """Send the ``scan.completed`` row of a scan that failed before it began, as its state could not be opened.

    Without the state there is no outbox: what is refused is lost, and answered.
    """
    moment = iso(now())
    record = ScanRecord(
        scan_id=scan_id,
        trigger=trigger,
        status=Status.FAILED,
        error=str(failure),
        started_at=moment,
        ended_at=moment,
        duration_ms=0,
    )
    context = EventContext(
        scan_id=scan_id, detected_at=moment, service_version=__version__, deployment=settings.deployment
    )
    event = record.event(context)
    with closing(_sink(settings, _connection(settings, WRAP_UP))) as sink:
        return sink.accept(event.table, [{"TimeGenerated": moment, **event.columns}])


@contextmanager
def deployed_store(
    settings: Settings, identity: Identity | None = None, limit: timedelta = ANSWER_LIMIT
) -> Iterator[StateStore]:
    """Open the deployed service's state alone: by default for an answer over HTTP, as the app's managed identity.

    ``identity`` makes another credential; ``limit`` is the time for all that is done with the store.
    """
    with _table_store(settings, _connection(settings, limit, identity)) as store:
        yield store


def _criteria(moment: datetime) -> Criteria:
    exemptions = APP_ROOT / "exemptions.toml"
    return read_criteria(APP_ROOT / "policy.toml", exemptions if exemptions.exists() else None, moment)


def _connection(settings: Settings, limit: timedelta, identity: Identity | None = None) -> Connection:
    import os

    seconds_left = time_limit(limit.total_seconds())
    return Connection(
        credential=identity(seconds_left) if identity else managed_identity(settings.client_id, seconds_left),
        arm_endpoint=settings.arm_endpoint,
        arm_audience=settings.cloud.arm_endpoint,
        seconds_left=seconds_left,
        counter=CallCounter(),
        certificates=trusted_certificates(os.environ),
    )


@contextmanager
def _table_store(settings: Settings, connection: Connection) -> Iterator[StateStore]:
    from scanner.adapters.stores.table_storage import TableStore

    store = TableStore(
        settings.table_endpoint,
        settings.table_name,
        connection.credential,
        audience=settings.cloud.storage_audience,
        transport=connection.transport(),
    )
    try:
        yield store
    finally:
        store.close()


def _sink(settings: Settings, connection: Connection) -> "LogAnalyticsSink":
    from scanner.adapters.sinks.log_analytics import LogAnalyticsSink

    return LogAnalyticsSink(
        connection,
        endpoint=settings.ingestion_endpoint,
        rule_id=settings.collection_rule_id,
        audience=settings.cloud.ingestion_audience,
    )
