"""The composition root: the only place that knows which adapter stands behind which port."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.adapters.azure.connect import SignIn, as_app, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.service_clock import ServiceClock
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.sinks.watched_sink import WatchedSink
from scanner.azure_ports import azure_ports
from scanner.events.scan_record import ScanRecord
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.ports.sink import Refusal
from scanner.rules.criteria import Criteria
from scanner.scan.conclude import ScanResult
from scanner.scan.delivery import send_past_outbox
from scanner.scan.request import LEASE, Ports, ScanRequest
from scanner.scan.run import run_scan
from scanner.settings import Settings
from scanner.snapshot import is_overdue, write_snapshot
from scanner.times import iso

if TYPE_CHECKING:
    from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
    from scanner.adapters.stores.table_storage import TableStore

APP_ROOT = Path(__file__).parent.parent
"""Where the deployed app keeps the files that an operator edits."""
WRAP_UP = timedelta(minutes=4)
"""Time kept after the reading for what must still be written and delivered."""
CONCLUDING = timedelta(seconds=45)
"""The last part of that, which delivery may not use either: for the scan's records, its own row, and its lease."""
ANSWER_LIMIT = timedelta(seconds=10)
"""Time for an answer over HTTP; Azure's load balancer gives up after 230 seconds, and a person much earlier."""


def utc_now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The deployed service: its settings, what it judges with, and its ports."""

    settings: Settings
    criteria: Criteria
    ports: Ports
    watched: WatchedSink

    def scan(
        self,
        *,
        trigger: str,
        scan_id: str,
        is_full: bool = False,
        lease: timedelta = LEASE,
        on_progress: Callable[[int], None] | None = None,
    ) -> ScanResult:
        """Scan once; ``is_full``: judge also what has not changed. Raises ``StoreError`` when the scan could not begin."""
        request = self.request(trigger=trigger, scan_id=scan_id, is_full=is_full, lease=lease, on_progress=on_progress)
        return run_scan(self.ports, request)

    def request(
        self,
        *,
        trigger: str,
        scan_id: str,
        is_full: bool = False,
        lease: timedelta = LEASE,
        on_progress: Callable[[int], None] | None = None,
    ) -> ScanRequest:
        """Say what a scan of this deployment is asked to do, as of now."""
        return ScanRequest(
            scan_id=scan_id,
            trigger=trigger,
            criteria=self.criteria.at(self.ports.now()),
            service_version=__version__,
            deployment=self.settings.deployment,
            scope=self.settings.subscriptions,
            retired=frozenset(self.criteria.policy.retired_subscriptions),
            time_limit=self.settings.time_limit,
            telling=WRAP_UP - CONCLUDING,
            time_limit_advice="Raise VMSS_TIME_LIMIT_MINUTES, or watch fewer subscriptions.",
            lease=lease,
            is_full=is_full,
            on_progress=on_progress or (lambda _count: None),
        )

    def snapshot(self) -> int:
        """Write the compliance snapshot of this moment; answer its number of rows."""
        moment = iso(self.ports.now())
        stamp = ScanStamp(
            scan_id=snapshot_id(moment),
            detected_at=moment,
            service_version=__version__,
            deployment=self.settings.deployment,
        )
        return write_snapshot(self.ports.store, self.ports.sink, self.ports.now, stamp)

    def overdue_snapshot(self) -> int | None:
        """Write the compliance snapshot if its timer lost it; answer its number of rows, or ``None``."""
        if is_overdue(self.ports.store, self.settings.snapshot_schedule, self.ports.now()):
            return self.snapshot()
        return None


@contextmanager
def deployed(
    settings: Settings,
    now: Callable[[], datetime] | None = None,
    root: Path = APP_ROOT,
    clock: ServiceClock | None = None,
) -> Iterator[Service]:
    """Build the service as it runs in Azure: managed identity, Table Storage (its table is created), Logs Ingestion.

    ``root`` is the folder of ``policy.toml``, ``exemptions.toml`` and ``rules.d``. The time is ``clock``'s, which the answers of Azure
    Storage put right; unless ``now`` tells another, as a simulation does.
    """
    clock = clock or ServiceClock()
    now = now or clock
    criteria = _criteria(root, now())
    with ExitStack() as open_connections:
        connection = open_connections.enter_context(closing(_connection(settings, settings.time_limit + WRAP_UP)))
        connection = replace(connection, clock=clock)
        store = open_connections.enter_context(closing(_table_store(settings, connection)))
        store.create_table()
        telling = _ending_earlier(connection, CONCLUDING)
        sink = open_connections.enter_context(closing(WatchedSink(_sink(settings, telling))))
        reading = _ending_earlier(connection, WRAP_UP)
        reading = replace(reading, credential=as_app(settings.client_id)(reading.limits))
        reading_ports = azure_ports(
            reading,
            store,
            sink,
            now,
            subscriptions=settings.subscriptions,
            management_groups=settings.management_groups,
        )
        ports = open_connections.enter_context(reading_ports)
        yield Service(settings=settings, criteria=criteria, ports=ports, watched=sink)


def send_record(settings: Settings, record: ScanRecord, limit: timedelta = WRAP_UP) -> Sequence[Refusal]:
    """Send the ``scan.completed`` row of a record past the outbox: what is refused is lost, and answered.

    Needs the settings ``NEEDED_TO_TELL`` alone.
    """
    stamp = ScanStamp(
        scan_id=record.scan_id,
        detected_at=record.started_at,
        service_version=__version__,
        deployment=settings.deployment,
    )
    with closing(_connection(settings, limit)) as connection, closing(_sink(settings, connection)) as sink:
        return send_past_outbox(record.event(stamp), sink, utc_now())


@contextmanager
def deployed_store(
    settings: Settings, sign_in: SignIn | None = None, limit: timedelta = ANSWER_LIMIT
) -> Iterator["TableStore"]:
    """Open the deployed service's state alone: by default for an answer over HTTP, as the app's managed identity.

    Writes nothing by itself: where no scan has begun, there is no table, and the store raises ``StateMissingError``.
    ``sign_in`` signs in as another; ``limit`` is the time for all that is done with the store.
    """
    with (
        closing(_connection(settings, limit, sign_in)) as connection,
        closing(_table_store(settings, connection)) as store,
    ):
        yield store


def _criteria(root: Path, moment: datetime) -> Criteria:
    exemptions = root / "exemptions.toml"
    rules = root / "rules.d"
    return read_criteria(
        root / "policy.toml",
        exemptions if exemptions.exists() else None,
        moment,
        rules if rules.is_dir() else None,
    )


def _connection(settings: Settings, limit: timedelta, sign_in: SignIn | None = None) -> Connection:
    return connect(settings.cloud, sign_in or as_app(settings.client_id), limit, arm_endpoint=settings.arm_endpoint)


def _ending_earlier(connection: Connection, kept: timedelta) -> Connection:
    """Share a connection, but for its last part, which is kept for what must not be left undone."""
    whole = connection.limits
    return replace(connection, limits=replace(whole, seconds_left=lambda: whole.seconds_left() - kept.total_seconds()))


def _table_store(settings: Settings, connection: Connection) -> "TableStore":
    from scanner.adapters.stores.table_client import table_client
    from scanner.adapters.stores.table_storage import TableStore

    return TableStore(
        table_client(
            connection,
            endpoint=settings.table_endpoint,
            table_name=settings.table_name,
            audience=settings.cloud.storage_audience,
        )
    )


def _sink(settings: Settings, connection: Connection) -> "LogAnalyticsSink":
    from scanner.adapters.sinks.log_analytics import LogAnalyticsSink

    return LogAnalyticsSink(
        connection,
        endpoint=settings.ingestion_endpoint,
        rule_id=settings.collection_rule_id,
        audience=settings.cloud.ingestion_audience,
    )
