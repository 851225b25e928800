"""``vmss-posture scan``: scan a tenant as the user who is signed in; nothing needs to be deployed."""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from scanner import __version__
from scanner.adapters.azure.connection import (
    CallCounter,
    Connection,
    default_credential,
    time_limit,
    trusted_certificates,
)
from scanner.adapters.sinks.json_lines import JsonLinesSink
from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_OK, EXIT_PARTIAL
from scanner.cli.criteria import JudgedBy, read_criteria
from scanner.cli.filters import read_filters
from scanner.cli.fleet import JudgedScaleSet, of_judgement, of_state, told_only
from scanner.cli.progress import Progress, progress
from scanner.cli.report import FORMATS, Report, exit_code, say_problem, undecided
from scanner.cli.state_file import state_file
from scanner.errors import LeaseHeldError, MonitorError, PublishFailedError, SettingsError
from scanner.events.scan_record import LAST, ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.judging.judge import Judgement
from scanner.ports.event import Event, Table
from scanner.ports.store import StateStore
from scanner.scan.delivery import deliver, waiting
from scanner.scan.fleet_view import Memory, remember
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.run import ScanResult, run_scan
from scanner.settings import CLOUDS

TIME_LIMIT = timedelta(minutes=60)
LONG_WAIT = 5.0
"""Seconds of waiting that are told also where no progress is shown."""


def run(options: argparse.Namespace) -> int:
    """Scan, print as asked, and answer the exit code."""
    judged_by = read_criteria(options, utc_now())
    with progress("Reading scale sets", quiet=options.quiet) as shown:
        connection = _connection(options, shown)
        state = state_file(options.state, connection)
        store = SqliteStore(state)
        try:
            is_first = store.get_record(LAST) is None
            scan = _Scan(options, judged_by, state)
            with _ports(options, connection, store) as ports:
                scan.run(ports, shown)
            shown.stop()
            status = scan.hand_over(store, is_first=is_first)
        finally:
            store.close()
    if scan.failure is not None and status is not Status.PARTIAL:
        raise scan.failure
    if scan.failure is not None:
        say_problem(str(scan.failure))
    if status is not Status.COMPLETE:
        return EXIT_PARTIAL
    if not options.fail_on:
        return EXIT_OK
    nothing = undecided(scan.report)
    if nothing is not None:
        say_problem(nothing)
    return exit_code(scan.report, options.fail_on)


class _Scan:
    """One scan of this command: what it judged, how it went, and what it hands over."""

    report: Report

    def __init__(self, options: argparse.Namespace, judged_by: JudgedBy, state: Path) -> None:
        self._options = options
        self._state = state
        self._judged_by = judged_by
        self._filters = read_filters(options)
        self._judged: dict[str, JudgedScaleSet] = {}
        self._keep = told_only if options.format != "json" and not options.rule else _all_of_it
        self._scan_id = str(uuid.uuid4())
        self._result: ScanResult | None = None
        self.failure: MonitorError | None = None

    def run(self, ports: Ports, shown: Progress) -> None:
        """Read, judge and remember. Raises ``LeaseHeldError``; another failure is kept, as something may have been read."""
        request = ScanRequest(
            scan_id=self._scan_id,
            trigger="command",
            criteria=self._judged_by.criteria,
            service_version=__version__,
            scope=tuple(self._options.subscription),
            time_limit=TIME_LIMIT,
            is_delivering=False,
            on_progress=shown.count,
            on_judged=self._take,
        )
        try:
            self._result = run_scan(ports, request)
        except LeaseHeldError:
            raise
        except MonitorError as error:
            self.failure = error

    def _take(self, judgement: Judgement) -> None:
        self._judged[judgement.posture.key] = self._keep(of_judgement(judgement))

    def hand_over(self, store: StateStore, *, is_first: bool) -> Status:
        """Print what waits in the outbox, then mark it as arrived: what could not be printed is printed the next time."""
        memory = (self._result.memory if self._result else remember(store)).within(self._options.subscription)
        self.report = self._report(memory, [])
        record = self._result.record if self._result else None
        if self._options.format == "jsonl":
            _print_lines(store)
        else:
            entries, damaged = waiting(store)
            if damaged is not None:
                say_problem(damaged)
            events = [event for entry in entries for event in entry.events if self._is_asked_for(event)]
            rows = [event.columns for event in events if event.table is Table.EVENTS]
            if self._options.format == "json":
                self.report = self._report(memory, rows)
                FORMATS["json"](self.report)
            elif not self._options.quiet:
                self._show(record, rows, is_first=is_first)
            if sys.stdout is not None:
                sys.stdout.flush()
            if self._options.format == "json" or not self._options.quiet:
                store.mark_sent(entries, {event.event_id for event in events}, utc_now())
        return Status(json.loads(store.get_record(LAST) or "{}").get("status", Status.FAILED))

    def _is_asked_for(self, event: Event) -> bool:
        """Whether an event is about the scale sets that are shown; the others wait until they are."""
        if event.table is not Table.EVENTS or not (self._filters.owners or self._filters.applications):
            return True
        return event.columns.get("ScaleSetId") in {item.key for item in self.report.scope}

    def _show(self, record: ScanRecord | None, rows: Sequence[Mapping[str, JsonValue]], *, is_first: bool) -> None:
        from scanner.cli.changes_screen import show_changes, show_scan
        from scanner.cli.screen import Cell, screen

        out = screen()
        if record is not None:
            show_scan(out, record)
            out.say(Cell(f"Remembered in {self._state}", "dim"))
            FORMATS["table"](self.report)
        show_changes(out, rows, scan_id=self._scan_id, record=record, is_first=is_first)

    def _report(self, memory: Memory, rows: Sequence[Mapping[str, JsonValue]]) -> Report:
        scale_sets = [
            self._judged.get(key) or self._keep(of_state(state, self._judged_by.criteria.policy))
            for key, state in sorted(memory.current.items())
        ]
        record = self._result.record if self._result else None
        return Report(
            judged_by=self._judged_by,
            filters=self._filters,
            scope=self._filters.scope(scale_sets),
            problems=[] if self.failure is None else [str(self.failure)],
            limit=self._options.limit,
            others={"scan": None if record is None else asdict(record), "events": [dict(row) for row in rows]},
        )


def _all_of_it(item: JudgedScaleSet) -> JudgedScaleSet:
    return item


def _print_lines(store: StateStore) -> None:
    if sys.stdout is None:
        raise SettingsError("Standard output is closed, so nothing can be printed.")
    delivery = deliver(store, JsonLinesSink(sys.stdout), utc_now, lambda: None)
    if delivery.refused:
        raise PublishFailedError(f"{delivery.refused} events were not printed: {delivery.error} The next scan does.")
    if delivery.error:
        say_problem(delivery.error)


def _connection(options: argparse.Namespace, shown: Progress) -> Connection:
    cloud = CLOUDS[options.cloud]
    seconds_left = time_limit(TIME_LIMIT.total_seconds())
    counter = CallCounter()
    return Connection(
        credential=default_credential(os.environ.get("AZURE_AUTHORITY_HOST") or cloud.authority, seconds_left),
        arm_endpoint=_endpoint(options.arm_endpoint) or cloud.arm_endpoint,
        arm_audience=cloud.arm_endpoint,
        seconds_left=seconds_left,
        counter=counter,
        certificates=trusted_certificates(os.environ),
        sleep=_telling_sleep(counter, shown, is_quiet=options.quiet),
    )


def _telling_sleep(counter: CallCounter, shown: Progress, *, is_quiet: bool) -> Callable[[float], None]:
    """Make a sleep that says what it waits for, and how long."""
    throttles = 0

    def sleep(seconds: float) -> None:
        nonlocal throttles
        why = "throttled by Azure" if counter.throttles > throttles else "no answer from Azure, or its quota is used up"
        throttles = counter.throttles
        words = f"{why}, retrying in {max(1, round(seconds))} s"
        shown.waits(words)
        if seconds >= LONG_WAIT and not shown.is_shown and not is_quiet:
            say_problem(words)
        time.sleep(seconds)
        shown.waits("")

    return sleep


@contextmanager
def _ports(options: argparse.Namespace, connection: Connection, store: StateStore) -> Iterator[Ports]:
    from scanner.adapters.azure.compute import ComputeReader
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    with ExitStack() as open_connections:
        fleet = open_connections.enter_context(
            closing(
                ResourceGraphFleet(
                    connection,
                    subscriptions=tuple(options.subscription),
                    management_groups=tuple(options.management_group),
                )
            )
        )
        compute = open_connections.enter_context(closing(ComputeReader(connection)))
        yield Ports(fleet=fleet, compute=compute, store=store, sink=MemorySink(), now=utc_now, calls=connection.counter)


def _endpoint(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(f"--arm-endpoint is {given!r}; it must begin with https://, as tokens are sent to it.")
    return given.rstrip("/")
