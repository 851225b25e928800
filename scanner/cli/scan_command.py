"""``vmss-posture scan``: scan a tenant as the user who is signed in; nothing needs to be deployed."""

import argparse
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from scanner import __version__
from scanner.adapters.sinks.json_lines import JsonLinesSink
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_OK, EXIT_PARTIAL
from scanner.cli.answers import unmatched_exemptions
from scanner.cli.criteria import JudgedBy, read_criteria
from scanner.cli.filters import read_filters
from scanner.cli.fleet import JudgedScaleSet, of_judgement, of_state, told_only
from scanner.cli.progress import Progress, progress
from scanner.cli.report import FORMATS, Report, exit_code, say_problem, undecided
from scanner.cli.scan_ports import TIME_LIMIT, connection_of, ports_of
from scanner.cli.state_file import state_file
from scanner.errors import PublishFailedError, ReadFailedError, SettingsError, StoreError
from scanner.events.scan_record import LAST, Status
from scanner.facts.evidence import JsonValue
from scanner.judging.judge import Judgement
from scanner.ports.event import Event, Table
from scanner.ports.store import StateStore
from scanner.scan.conclude import ScanResult
from scanner.scan.delivery import deliver, waiting
from scanner.scan.request import ScanRequest
from scanner.scan.run import run_scan
from scanner.scan.shard_view import read_view
from scanner.state.state import ScaleSetState

type _Known = Mapping[str, ScaleSetState]
ASKING = timedelta(seconds=30)
"""The most for questions to Compute about the instances of single scale sets: a person waits. The next scan asks the rest."""


def run(options: argparse.Namespace) -> int:
    """Scan, print as asked, and answer the exit code."""
    judged_by = read_criteria(options, utc_now())
    with progress("Reading scale sets", quiet=options.quiet) as shown:
        connection = connection_of(options, shown)
        state = state_file(options.state, connection)
        store = SqliteStore(state)
        try:
            is_first = store.get_record(LAST) is None
            scan = _Scan(options, judged_by, state)
            with ports_of(options, connection, store) as ports:
                result = run_scan(ports, scan.request(shown))
            shown.stop()
            report = scan.hand_over(store, result, is_first=is_first)
        finally:
            store.close()
    failure, status = result.failure, result.record.status
    if failure is not None and not (status is Status.PARTIAL and isinstance(failure, ReadFailedError)):
        raise failure
    if failure is not None:
        say_problem(str(failure))
    if status is not Status.COMPLETE:
        return EXIT_PARTIAL
    if not options.fail_on:
        return EXIT_OK
    nothing = undecided(report)
    if nothing is not None:
        say_problem(nothing)
    return exit_code(report, options.fail_on)


class _Scan:
    """One scan of this command: what is asked for, what it judged, and what it hands over."""

    def __init__(self, options: argparse.Namespace, judged_by: JudgedBy, state: Path) -> None:
        self._options = options
        self._state = state
        self._judged_by = judged_by
        self._filters = read_filters(options)
        self._judged: dict[str, JudgedScaleSet] = {}
        self._matched: set[int] = set()
        self._keep = told_only if options.format != "json" and not options.rule else _all_of_it
        self._scan_id = str(uuid.uuid4())

    def request(self, shown: Progress) -> ScanRequest:
        """Ask for a scan that leaves the events to this command."""
        return ScanRequest(
            scan_id=self._scan_id,
            trigger="command",
            criteria=self._judged_by.criteria,
            service_version=__version__,
            scope=tuple(self._options.subscription),
            is_part=True,
            retired=frozenset(self._judged_by.criteria.policy.retired_subscriptions),
            time_limit=TIME_LIMIT,
            asking=ASKING,
            is_delivering=False,
            is_full=True,  # the report tells each judgement, also of what has not changed
            on_progress=shown.count,
            on_judged=self._take,
        )

    def _take(self, judgement: Judgement) -> None:
        self._matched.update(judgement.entries)
        self._judged[judgement.posture.key] = self._keep(of_judgement(judgement))

    def hand_over(self, store: StateStore, result: ScanResult, *, is_first: bool) -> Report:
        """Print what waits in the outbox, then mark it as arrived: what could not be printed is printed the next time."""
        known = self._known(store, result)
        report = self._report(result, known, [])
        try:
            if self._options.format == "jsonl":
                _print_lines(store)
                return report
            entries, damaged = waiting(store)
        except StoreError:
            if result.failure is None:
                raise
            entries, damaged = [], None  # what cannot be read from the state is told by the failure of the scan
        if damaged is not None:
            say_problem(damaged)
        asked = {item.key for item in report.scope} if self._filters.owners or self._filters.applications else None
        events = [event for entry in entries for event in entry.events if _is_about(event, asked)]
        rows = [event.columns for event in events if event.table is Table.EVENTS]
        if self._options.format == "json":
            FORMATS["json"](self._report(result, known, rows))
        elif self._options.quiet:
            return report
        else:
            self._show(report, result, rows, is_first=is_first)
        if sys.stdout is not None:
            sys.stdout.flush()
        try:
            store.mark_sent(entries, {event.event_id for event in events}, utc_now())
        except StoreError:
            if result.failure is None:
                raise
        return report

    def _known(self, store: StateStore, result: ScanResult) -> _Known:
        """Read what is remembered of scale sets that were not judged now; nothing where the state failed the scan."""
        try:
            view = read_view(store, self._options.subscription)
            view.fetch([key for key in view.current() if key not in self._judged])
            return {key: each.state for key, each in view.states.items()}
        except StoreError:
            if result.failure is None:
                raise
            return {}

    def _show(
        self, report: Report, result: ScanResult, rows: Sequence[Mapping[str, JsonValue]], *, is_first: bool
    ) -> None:
        from scanner.cli.changes_screen import show_changes, show_scan
        from scanner.cli.numbers_screen import show_numbers
        from scanner.cli.screen import Cell, screen

        out = screen()
        has_read = result.record.status is not Status.FAILED
        if has_read and isinstance(result.failure, StoreError):
            out.say(
                Cell("The state could not be written: what follows was read and judged, and is not remembered.", "red")
            )
        elif has_read:
            show_scan(out, result.record)
            out.say(Cell(f"Remembered in {self._state}", "dim"))
        if has_read:
            FORMATS["table"](report)
            show_numbers(out, result.record.numbers, self._options.by)
        record = result.record if has_read else None
        show_changes(out, rows, scan_id=self._scan_id, record=record, is_first=is_first)

    def _report(self, result: ScanResult, known: _Known, rows: Sequence[Mapping[str, JsonValue]]) -> Report:
        policy = self._judged_by.criteria.policy
        scale_sets = [
            self._judged.get(key) or self._keep(of_state(known[key], policy))
            for key in sorted(known.keys() | self._judged.keys())
        ]
        has_read = result.record.status is not Status.FAILED
        return Report(
            judged_by=self._judged_by,
            filters=self._filters,
            scope=self._filters.scope(scale_sets),
            problems=[] if result.record.status is Status.COMPLETE else [result.record.error],
            notes=self._notes(result),
            limit=self._options.limit,
            shell=self._options.shell,
            others={"scan": asdict(result.record) if has_read else None, "events": [dict(row) for row in rows]},
        )

    def _notes(self, result: ScanResult) -> list[str]:
        """Name exemptions that match nothing, where all was read that they may be about."""
        options = self._options
        is_whole = result.record.status is Status.COMPLETE and not (options.subscription or options.management_group)
        return unmatched_exemptions(self._judged_by.criteria, self._matched) if is_whole else []


def _is_about(event: Event, keys: set[str] | None) -> bool:
    """Whether an event is about the scale sets that are asked for; the others wait until they are."""
    return keys is None or event.table is not Table.EVENTS or event.columns.get("ScaleSetId") in keys


def _all_of_it(item: JudgedScaleSet) -> JudgedScaleSet:
    return item


def _print_lines(store: StateStore) -> None:
    if sys.stdout is None:
        raise SettingsError("Standard output is closed, so nothing can be printed.")
    delivery = deliver(store, JsonLinesSink(sys.stdout), utc_now, lambda: True)
    if delivery.refused:
        raise PublishFailedError(f"{delivery.refused} events were not printed: {delivery.error} The next scan does.")
    if delivery.error:
        say_problem(delivery.error)
