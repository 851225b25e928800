"""``vmss-posture scan``: scan a tenant as whoever is signed in; nothing needs to be deployed."""

import argparse
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from scanner import __version__
from scanner.adapters.azure.connect import as_person, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.token_claims import read_claims
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.sinks.json_lines import JsonLinesSink
from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FINDINGS, EXIT_OK, EXIT_PARTIAL
from scanner.cli.progress import progress
from scanner.clouds import CLOUDS
from scanner.errors import MonitorError, PublishFailedError, SettingsError
from scanner.events.scan_record import LAST, ScanRecord, Status
from scanner.ports.event import Table
from scanner.ports.store import StateStore
from scanner.rules.criteria import Criteria
from scanner.rules.verdict import Severity
from scanner.scan.delivery import deliver, waiting
from scanner.scan.fleet_view import FleetView
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.run import run_scan

TIME_LIMIT = timedelta(minutes=60)


def run(options: argparse.Namespace) -> int:
    """Scan, print as asked, and answer the exit code."""
    criteria = read_criteria(options.policy, options.exemptions, utc_now())
    connection = _connection(options)
    if options.state is not None and options.state.is_dir():
        raise SettingsError(f"--state names {str(options.state)!r}, which is a folder; it must name a file.")
    store = SqliteStore(options.state or default_state_file(connection))
    try:
        is_first = store.get_record(LAST) is None
        with _ports(options, connection, store) as ports, progress("Reading scale sets") as advance:
            result = run_scan(ports, _request(options, criteria, ports, advance))
        view = result.view.within(_subscriptions(options))
        record = result.record if result.failure is None else None
        _hand_over(options.format, store, record, view, is_first=is_first)
    finally:
        store.close()
    if result.failure is not None and (
        result.record.status is not Status.PARTIAL or not isinstance(result.failure, MonitorError)
    ):
        raise result.failure
    if result.failure is not None:
        sys.stderr.write(f"vmss-posture: {result.failure}\n")
    return _exit_code(result.record.status, view, options.fail_on)


def _hand_over(form: str, store: StateStore, record: ScanRecord | None, view: FleetView, *, is_first: bool) -> None:
    """Print what waits in the outbox, then mark it as arrived: what could not be printed is printed the next time."""
    if form == "jsonl":
        delivery = deliver(store, JsonLinesSink(sys.stdout), utc_now, lambda: None)
        _warn(None if delivery.refused else delivery.error)
        if delivery.refused:
            raise PublishFailedError(
                f"{delivery.refused} events were not printed: {delivery.error} The next scan does."
            )
        return
    entries, damaged = waiting(store)
    _warn(damaged)
    events = [event for entry in entries for event in entry.events]
    rows = [event.columns for event in events if event.table is Table.EVENTS]
    if form == "json":
        from scanner.cli.scan_json import print_json

        print_json(record, view, rows)
    else:
        from scanner.cli.scan_report import print_scan

        print_scan(record, view, rows, is_first=is_first)
    sys.stdout.flush()
    store.mark_sent(entries, {event.event_id for event in events}, utc_now())


def _warn(damage: str | None) -> None:
    if damage is not None:
        sys.stderr.write(f"vmss-posture: {damage}\n")


def default_state_file(connection: Connection) -> Path:
    """Name the file in the user's state folder that remembers what was read: one for each address and tenant."""
    from platformdirs import user_state_path

    parts = [str(urlsplit(connection.arm_endpoint).hostname), *_tenant(connection)]
    return user_state_path("vmss-posture", appauthor=False) / f"{'-'.join(parts)}.sqlite"


def _tenant(connection: Connection) -> list[str]:
    """Read the tenant from the token that the scan needs anyway; nothing where it does not say."""
    from azure.core.exceptions import AzureError

    try:
        token = connection.credential.get_token(f"{connection.arm_audience.rstrip('/')}/.default").token
    except (AzureError, ValueError, OSError):
        return []  # A person who is not signed in is told so by the scan itself, with what to do.
    tenant = read_claims(token).tenant_id
    return [tenant] if tenant else []


def _connection(options: argparse.Namespace) -> Connection:
    cloud = CLOUDS[options.cloud]
    return connect(cloud, as_person(cloud), TIME_LIMIT, arm_endpoint=_endpoint(options.arm_endpoint) or "")


@contextmanager
def _ports(options: argparse.Namespace, connection: Connection, store: StateStore) -> Iterator[Ports]:
    from scanner.adapters.azure.compute import ComputeReader
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    with ExitStack() as open_connections:
        fleet = open_connections.enter_context(
            closing(
                ResourceGraphFleet(
                    connection,
                    subscriptions=_subscriptions(options),
                    management_groups=tuple(options.management_group),
                )
            )
        )
        compute = open_connections.enter_context(closing(ComputeReader(connection)))
        yield Ports(fleet=fleet, compute=compute, store=store, sink=MemorySink(), now=utc_now, calls=connection.counter)


def _subscriptions(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(subscription.lower() for subscription in options.subscription)


def _request(
    options: argparse.Namespace, criteria: Criteria, ports: Ports, advance: Callable[[int], None]
) -> ScanRequest:
    return ScanRequest(
        scan_id=str(uuid.uuid4()),
        trigger="command",
        criteria=criteria.at(ports.now()),
        service_version=__version__,
        scope=_subscriptions(options),
        time_limit=TIME_LIMIT,
        is_delivering=False,
        on_progress=advance,
    )


def _endpoint(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(f"--arm-endpoint is {given!r}; it must begin with https://, as tokens are sent to it.")
    return given.rstrip("/")


def _exit_code(status: Status, view: FleetView, fail_on: str) -> int:
    if status is not Status.COMPLETE:
        return EXIT_PARTIAL
    if fail_on == "never":
        return EXIT_OK
    severities = tuple(Severity)
    worse = severities[: severities.index(Severity(fail_on)) + 1]
    counts: Mapping[str, int] = view.open_findings()
    return EXIT_FINDINGS if any(counts.get(severity, 0) for severity in worse) else EXIT_OK
