"""``vmss-posture scan``: scan a tenant as whoever is signed in; nothing needs to be deployed."""

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from scanner import __version__
from scanner.adapters.connection import CallCounter, Connection, default_credential, time_limit, trusted_certificates
from scanner.adapters.json_lines import JsonLinesSink
from scanner.adapters.memory_sink import MemorySink
from scanner.adapters.sqlite_store import SqliteStore
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FINDINGS, EXIT_OK, EXIT_PARTIAL
from scanner.cli.progress import progress
from scanner.errors import SettingsError
from scanner.events import Table
from scanner.judging import Judging, read_judging
from scanner.memory import Memory
from scanner.ports import EventSink, StateStore
from scanner.scan import Ports, ScanRequest, run_scan
from scanner.scan_record import ScanRecord, Status
from scanner.settings import CLOUDS
from scanner.verdict import Severity

TIME_LIMIT = timedelta(minutes=60)


def run(options: argparse.Namespace) -> int:
    """Scan, print as asked, and answer the exit code."""
    judging = read_judging(options.policy, options.exemptions)
    endpoint = _endpoint(options.arm_endpoint) or CLOUDS[options.cloud].arm_endpoint
    store = SqliteStore(options.state or default_state_file(endpoint))
    kept = MemorySink()
    sink: EventSink = JsonLinesSink(sys.stdout) if options.format == "jsonl" else kept
    try:
        with _ports(options, endpoint, store, sink) as ports:
            is_first = store.get_record("scan.last") is None
            with progress("Reading scale sets") as advance:
                result = run_scan(ports, _request(options, judging, ports, advance))
    finally:
        store.close()
    record, memory = result.record, result.memory
    if options.format == "json":
        from scanner.cli.scan_json import print_json  # noqa: PLC0415 - only what is asked for is loaded

        print_json(record, memory, kept.rows[Table.EVENTS])
    elif options.format == "table":
        from scanner.cli.scan_report import print_scan  # noqa: PLC0415 - rich is only needed for tables

        print_scan(record, memory, kept.rows[Table.EVENTS], is_first=is_first)
    return _exit_code(record, memory, options.fail_on)


def default_state_file(endpoint: str) -> Path:
    """Name the file in the user's state folder that remembers what was read from an address."""
    from platformdirs import user_state_path  # noqa: PLC0415 - only this command needs it

    return user_state_path("vmss-posture", appauthor=False) / f"{urlsplit(endpoint).hostname}.sqlite"


@contextmanager
def _ports(options: argparse.Namespace, endpoint: str, store: StateStore, sink: EventSink) -> Iterator[Ports]:
    from scanner.adapters.compute import ComputeReader  # noqa: PLC0415 - azure-mgmt loads slowly
    from scanner.adapters.resource_graph import ResourceGraphFleet  # noqa: PLC0415 - as above

    cloud = CLOUDS[options.cloud]
    seconds_left = time_limit(TIME_LIMIT.total_seconds())
    connection = Connection(
        credential=default_credential(os.environ.get("AZURE_AUTHORITY_HOST") or cloud.authority, seconds_left),
        arm_endpoint=endpoint,
        arm_audience=cloud.arm_endpoint,
        seconds_left=seconds_left,
        counter=CallCounter(),
        certificates=trusted_certificates(os.environ),
    )
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
        yield Ports(fleet=fleet, compute=compute, store=store, sink=sink, now=utc_now, calls=connection.counter)


def _subscriptions(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(subscription.lower() for subscription in options.subscription)


def _request(
    options: argparse.Namespace, judging: Judging, ports: Ports, advance: Callable[[int], None]
) -> ScanRequest:
    return ScanRequest(
        scan_id=str(uuid.uuid4()),
        trigger="command",
        context=judging.at(ports.now()),
        policy_version=judging.version,
        service_version=__version__,
        scope=_subscriptions(options),
        time_limit=TIME_LIMIT,
        on_progress=advance,
    )


def _endpoint(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(f"--arm-endpoint is {given!r}; it must begin with https://, as tokens are sent to it.")
    return given.rstrip("/")


def _exit_code(record: ScanRecord, memory: Memory, fail_on: str) -> int:
    if record.status is not Status.COMPLETE:
        return EXIT_PARTIAL
    if fail_on == "never":
        return EXIT_OK
    severities = tuple(Severity)
    worse = severities[: severities.index(Severity(fail_on)) + 1]
    counts: Mapping[str, int] = memory.open_findings()
    return EXIT_FINDINGS if any(counts.get(severity, 0) for severity in worse) else EXIT_OK
