"""``vmss-posture demo``: plays the story on a local Azure, shows the events as they come, and checks each one."""

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.story import COMPARING_RULES, FIRST_SCAN, SECOND_SCAN, STORY, Expected, Step, prepare
from emulator.client.local import LocalAzure, LocalAzureError
from emulator.endpoint.faults import FaultKind
from scanner.cli import EXIT_FAILED, EXIT_OK
from scanner.cli.screen import Cell, Screen, bar, cell, coloured, screen
from scanner.errors import MonitorError
from scanner.plain_text import plural

if TYPE_CHECKING:
    from emulator.client.client import Control

EVENTS, SCANS, SNAPSHOT = "VmssPostureEvents_CL", "VmssPostureScans_CL", "VmssPostureSnapshot_CL"
FILES = {"events.jsonl": EVENTS, "scans.jsonl": SCANS, "snapshot.jsonl": SNAPSHOT}
REPORT = "report.html"


class DemoError(MonitorError):
    """The demo could not be played, or an event was not what the story says."""


def run(options: argparse.Namespace) -> int:
    """Play the story; answer the exit code."""
    for package in ("duckdb", "duckdb_kql", "jinja2"):
        import_module(package)  # here, and not in the process of the local Azure, where it would end in its log
    out = screen()
    _prepare_folder(options.out)
    out.say("Starting the local Azure: Resource Graph, Compute, Logs Ingestion, and Azurite for the state …")
    try:
        with LocalAzure(storage=True) as azure:
            return _Demo(azure, out, options).play()
    except LocalAzureError as error:
        raise DemoError(f"{error} Run make setup first.") from error


def _prepare_folder(folder: Path) -> None:
    """Make the folder for the rows, before a week is played for nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            with (folder / name).open("a", encoding="utf-8"):
                pass
    except OSError as error:
        raise DemoError(f"--out {folder}: {error.strerror or error}. Name a folder that can be written.") from error


class _Demo:
    def __init__(self, azure: LocalAzure, out: Screen, options: argparse.Namespace) -> None:
        self._azure = azure
        self._control: Control = azure.control
        self._out = out
        self._options = options
        self._shown = 0
        self._problems: list[str] = []

    def play(self) -> int:
        self._control.set_clock(FIRST_SCAN, frozen=False)
        prepare(self._control, self._options.scale_sets, self._options.seed)
        self._first_scan()
        self._second_scan()
        for step in STORY:
            self._step(step)
        self._write_rows()
        self._write_report()
        return self._conclude()

    def _first_scan(self) -> None:
        self._heading(FIRST_SCAN, "Monday: the first scan")
        self._service("scan", FIRST_SCAN)
        events = self._new_events()
        scan = self._last_scan()
        self._out.say(cell(str(scan["Summary"])), indent=2)
        counts = Counter(str(event["EventType"]) for event in events)
        self._out.say(cell(", ".join(f"{count} {name}" for name, count in sorted(counts.items()))), indent=2)
        headlines: Mapping[str, int] = scan["Headlines"]
        most = max(headlines.values())
        rows = [(coloured(name), count, bar(count, most)) for name, count in sorted(headlines.items())]
        self._out.table("  Upgrades itself", ("headline", "scale sets", ""), rows, numbers=("scale sets",))

    def _second_scan(self) -> None:
        self._heading(SECOND_SCAN, "Monday: the second scan compares the scale sets of each application")
        self._control.set_clock(SECOND_SCAN, frozen=False)
        self._service("scan", SECOND_SCAN)
        events = self._new_events()
        counts = Counter(str(event.get("RuleName")) for event in events)
        rows = sorted(counts.items())
        self._out.table("  Found by comparing", ("finding", "opened"), rows, numbers=("opened",))
        others = [event["Summary"] for event in events if event.get("RuleId") not in COMPARING_RULES]
        if others:
            self._problems.append(f"The second scan found {others} although nothing had changed.")

    def _step(self, step: Step) -> None:
        self._heading(step.at, step.title)
        self._control.set_clock(step.at, frozen=False)
        step.happens(self._control)
        if step.is_killed:
            self._kill_while_publishing(step.at)
        else:
            self._service("snapshot" if step.is_snapshot else "scan", step.at)
        events = self._new_events()
        for event in events:
            colour = {"weakened": "red", "strengthened": "green"}.get(str(event.get("Direction")))
            colour = "red" if event.get("Severity") == "high" and event["EventType"] == "finding.opened" else colour
            self._out.say(cell(f"{event['EventType']:<19}", colour), cell(event["Summary"]), indent=2, hanging=4)
        if not step.is_killed and not step.is_snapshot:
            scan = self._last_scan()
            if scan["Status"] != step.status:
                self._problems.append(f"{step.title}: the scan is {scan['Status']}, not {step.status}.")
            if step.status != "complete":
                self._out.say(cell(scan["Summary"], "yellow"), indent=2)
        if not events:
            self._out.say(Cell("no event", "dim"), indent=2)
        self._compare(step, events)

    def _compare(self, step: Step, events: Sequence[Mapping[str, Any]]) -> None:
        came = [
            Expected(e["EventType"], e.get("ScaleSetName") or "", e.get("RuleId") or e.get("Field") or "")
            for e in events
        ]
        if came != list(step.expected):
            self._problems.append(f"{step.title}: expected {list(step.expected)}, and these came: {came}.")

    def _kill_while_publishing(self, at: datetime) -> None:
        """Let the emulator hold the first upload, kill the scan while it waits, and lose the upload.

        The commit is done by then, and Log Analytics has seen nothing of it.
        """
        before = max((entry.number for entry in self._control.requests("ingestion")), default=0)
        self._control.add_fault("ingestion", FaultKind.STALL_BEFORE)
        self._control.add_fault("ingestion", FaultKind.DROP_BEFORE)
        process = subprocess.Popen(self._command("scan", at), env=self._environment(), process_group=0)
        try:
            self._control.wait_for("ingestion", after=before, timeout=60)
        finally:
            process.kill()
            process.wait()
        self._control.clear_faults()
        self._out.say(cell("  killed with SIGKILL while it waited for Log Analytics", "dim"))

    def _service(self, what: str, at: datetime) -> None:
        # In a group of its own, Ctrl-C reaches the demo alone, which then ends what it started.
        code = subprocess.run(self._command(what, at), env=self._environment(), check=False, process_group=0).returncode
        if code:
            raise DemoError(f"The {what} ended with exit code {code}.")

    def _command(self, what: str, at: datetime) -> list[str]:
        return [sys.executable, "-m", "demo.service_process", what, "--at", at.isoformat()]

    def _environment(self) -> dict[str, str]:
        azure = self._azure
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))},
            **azure.environment(),
            "NO_PROXY": "localhost,127.0.0.1",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "VMSS_ARM_ENDPOINT": azure.arm_endpoint,
            "VMSS_TABLE_ENDPOINT": azure.watched_table_endpoint,  # its clock is the demo's
            "VMSS_INGESTION_ENDPOINT": azure.ingestion_endpoint,
            "VMSS_COLLECTION_RULE_ID": azure.rule_id,
        }

    def _new_events(self) -> list[dict[str, Any]]:
        rows = self._control.rows(EVENTS)
        fresh, self._shown = rows[self._shown :], len(rows)
        return fresh

    def _last_scan(self) -> dict[str, Any]:
        return self._control.rows(SCANS)[-1]

    def _heading(self, at: datetime, title: str) -> None:
        self._out.blank()
        self._out.say(cell(f"{at:%d %b %H:%M}", "dim"), cell(title, "bold"))

    def _write_rows(self) -> None:
        folder: Path = self._options.out
        for name, source in FILES.items():
            (folder / name).write_text(self._control.export(source), encoding="utf-8")

    def _write_report(self) -> None:
        """Write the page about the week, of the last scan's state, as ``vmss-posture report --settings`` does."""
        command = [*self._command("report", STORY[-1].at), "--out", str(self._options.out / REPORT)]
        if subprocess.run(command, env=self._environment(), check=False, process_group=0).returncode:
            raise DemoError("The report could not be written.")

    def _conclude(self) -> int:
        rows = self._control.rows(EVENTS)
        repeated = len(rows) - len({row["EventId"] for row in rows})
        if repeated:
            self._problems.append(f"{repeated} events came more than once.")
        self._out.blank()
        counts = Counter(str(row["EventType"]) for row in rows)
        self._out.table("The week in events", ("event", "rows"), sorted(counts.items()), numbers=("rows",))
        self._out.blank()
        for name, source in FILES.items():
            lines = len(self._control.rows(source))
            self._out.say(cell(f"{self._options.out / name}: {plural(lines, 'row')} of {source}"))
        page: Path = self._options.out / REPORT
        self._out.say(cell(f"{page}: the report of the week. Open it in a browser:"))
        self._out.copy(page.resolve().as_uri(), indent=2)
        self._out.blank()
        for problem in self._problems:
            self._out.say(cell(problem, "red"))
        if self._problems:
            return EXIT_FAILED
        expected = sum(len(step.expected) for step in STORY)
        self._out.say(cell(f"All {expected} events of the story came once, in order, and no others.", "green"))
        return EXIT_OK
