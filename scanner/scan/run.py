"""One scan, from reading to remembering: gather, decide, commit, deliver, and always say how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from scanner.errors import LeaseHeldError, StoreError
from scanner.events.scan_record import ScanRecord
from scanner.scan.absent import on_absent
from scanner.scan.commit import commit
from scanner.scan.conclude import conclude, make_record
from scanner.scan.decide import on_seen
from scanner.scan.delivery import deliver, send_past_outbox
from scanner.scan.fleet_view import FleetView, read_view
from scanner.scan.gather import gather
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.retire import of_subscriptions
from scanner.scan.underway import Scan, new_scan
from scanner.state.coverage import RECORD as COVERAGE
from scanner.times import iso

REPLAY_WINDOW = timedelta(days=7)
"""How long an accepted event is kept: Log Analytics answers 204 and may still drop rows."""

TOMBSTONES_KEPT = timedelta(days=30)
"""How long a removed scale set is remembered: an old answer of Resource Graph, which is days old at most, must not bring
it back. Ids of events do not need it: a scale set that comes later starts a new generation."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How a scan went, what is known after it, and what ended it early."""

    record: ScanRecord
    view: FleetView
    failure: Exception | None = None


def run_scan(ports: Ports, request: ScanRequest) -> ScanResult:
    """Read the fleet, judge it, remember it, and publish what changed.

    A scan that began is a result, also when it failed, and has left its ``scan.completed`` row. Raises ``StoreError``
    when it could not begin, which is a ``LeaseHeldError`` while another scan runs.
    """
    scan = begin(ports, request)
    try:
        failures = [attempt(scan, step) for step in (watch, tell)]
        record, failure = conclude(scan, next(filter(None, failures), None))
        return ScanResult(record, scan.view, failure)
    finally:
        scan.lease.give_back()


def begin(ports: Ports, request: ScanRequest) -> Scan:
    """Keep other scans out. A scan whose state cannot be reached says so past the outbox."""
    scan = new_scan(ports, request)
    try:
        scan.lease.take()
    except LeaseHeldError:
        raise
    except StoreError as unreachable:
        send_past_outbox(make_record(scan, unreachable).event(scan.stamp), ports.sink, ports.now())
        raise
    return scan


def watch(scan: Scan) -> None:
    """Gather, decide, commit: page by page, so that a crash repeats little and memory stays small."""
    scan.view = read_view(scan.ports.store)
    _drop_other_stamps(scan)
    for sightings in gather(scan):
        commit(scan, on_seen(scan, sightings))
    if not scan.reading.unreadable:  # a row that cannot be read may be any of the scale sets that were not seen
        commit(scan, on_absent(scan))
        retired = scan.request.retired - scan.reading.subscriptions
        commit(scan, of_subscriptions(scan.view, retired, scan.stamp.detected_at))
        scan.reading.is_complete = True


def _drop_other_stamps(scan: Scan) -> None:
    """Say, before the first state is judged by other criteria, that states are no longer judged by the earlier ones.

    Otherwise a scan that ends half-way would leave states under a stamp that is not theirs.
    """
    coverage = scan.view.coverage.only_under(scan.judged_by)
    if coverage != scan.view.coverage:
        scan.ports.store.put_records({COVERAGE: coverage.to_json()}, holder=scan.request.scan_id)
        scan.view.coverage = coverage


def tell(scan: Scan) -> None:
    """Deliver what waits in the outbox, from this scan and from earlier ones; forget what was sent long ago."""
    scan.lease.keep(always=True)
    if scan.request.is_delivering:
        deliver(scan.ports.store, scan.ports.sink, scan.ports.now, lambda: _may_go_on(scan), scan.delivery)
    scan.ports.store.purge_sent(scan.request.moment - REPLAY_WINDOW)
    scan.ports.store.forget(scan.view.tombstones_before(iso(scan.request.moment - TOMBSTONES_KEPT)))


def _may_go_on(scan: Scan) -> bool:
    """Keep the lease between two batches; answer whether there is time for another one."""
    scan.lease.keep()
    return scan.ports.now() - scan.request.moment < scan.request.time_limit + scan.request.telling


def attempt(scan: Scan, step: Callable[[Scan], None]) -> Exception | None:
    """Run a step; answer what ended it, whatever that is: the scan still has to say how it went."""
    try:
        step(scan)
    except Exception as error:  # noqa: BLE001 - the result of the scan carries it
        return error
    return None
