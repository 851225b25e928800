"""A million scale sets in shards: planned, played by an in-memory Durable Task engine, each step in a process of its own.

``python -m bench.million --write`` simulates a first scan, the second, which is the first that compares the scale sets of an
application, and one when nothing changed, and puts the figures into ``bench/README.md``. Pages are recorded, waiting is simulated, the rest is real: planning, the orchestration, decoding, judging,
and a state in SQLite. Some shards are killed in their first attempt, as an instance of the app may be.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import recorded, table
from bench.in_memory import InMemoryEngine
from scanner.facts.evidence import JsonValue
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD

WINDOW, QUOTA = 5.0, 15
SCANS = ("first scan", "second scan", "nothing changed")
BEGIN, END = "<!-- bench.million: begin -->", "<!-- bench.million: end -->"


@dataclass(slots=True)
class Figures:
    """What the processes of one scan took."""

    shards: int = 0
    killed: int = 0
    cpu: float = 0.0
    megabytes: float = 0.0
    """Peak of the largest process."""
    longest_cpu: float = 0.0
    """Processor seconds of the longest shard."""
    states_read: int = 0
    states_written: int = 0
    rows_sent: int = 0
    throttles: int = 0
    sent_at: list[float] = field(default_factory=list)
    """Simulated times of all queries."""
    clock: float = 0.0
    """Simulated end."""
    wall: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)

    def busiest_window(self) -> int:
        """Count the queries of the busiest window of the quota."""
        times = sorted(self.sent_at)
        return max(sum(1 for each in times[first:] if each < begin + WINDOW) for first, begin in enumerate(times))


class _Scan:
    """One scan: its steps as activities of the engine."""

    def __init__(self, folder: Path, options: argparse.Namespace, began: float) -> None:
        self._folder = folder
        self._options = options
        self._began = began
        self._lock = threading.Lock()
        self._ends: dict[int, float] = {}
        self._tried: set[int] = set()
        self.figures = Figures()

    def run(self) -> Figures:
        """Play the scan to its end."""
        activities = {PLAN: self._plan, SHARD: self._shard, CONCLUDE: self._conclude, GIVE_UP: lambda _argument: {}}
        began = time.perf_counter()
        with InMemoryEngine(activities, at_once=self._options.at_once) as engine:
            engine.start({"scan_id": str(uuid.uuid4())})
            self.figures.answer = engine.wait(24 * 3_600)
        self.figures.wall = time.perf_counter() - began
        return self.figures

    def _plan(self, argument: dict[str, Any]) -> JsonValue:
        done = self._step("plan", argument, 0.0)
        self._ends[-1] = done["clock"]
        self.figures.shards = len(done["answer"]["shards"])
        answer: JsonValue = done["answer"]
        return answer

    def _shard(self, argument: dict[str, Any]) -> JsonValue:
        number = argument["shard"]
        wave = number // self._options.at_once
        with self._lock:
            begins = max(end for shard, end in self._ends.items() if shard < wave * self._options.at_once)
            is_first = number not in self._tried
            self._tried.add(number)
        is_killed = is_first and self._options.kill_every and number % self._options.kill_every == 1
        done = self._step("shard", argument, begins, kill_after=self._options.kill_after if is_killed else None)
        with self._lock:
            self._ends[number] = done["clock"]
            self.figures.longest_cpu = max(self.figures.longest_cpu, done["cpu"])
        answer: JsonValue = done["answer"]
        return answer

    def _conclude(self, argument: dict[str, Any]) -> JsonValue:
        done = self._step("conclude", argument, max(self._ends.values()))
        self.figures.clock = done["clock"]
        answer: JsonValue = done["answer"]
        return answer

    def _step(
        self, step: str, argument: dict[str, Any], clock: float, kill_after: float | None = None
    ) -> dict[str, Any]:
        """Run one step in a process of its own, and add what it took. Raises ``RuntimeError`` when it fails or is killed."""
        given = {
            **argument,
            "clock": clock,
            "began": self._began,
            "subscriptions": self._options.scale_sets // recorded.PAGE,
            "shard_size": self._options.shard_size,
            "at_once": self._options.at_once,
        }
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as asked:
            asked.write(json.dumps(given))
            asked.seek(0)
            command = [sys.executable, "-m", "bench.shard_process", step, str(self._folder)]
            process = subprocess.Popen(command, stdin=asked, stdout=said)
            if kill_after is not None:
                threading.Timer(kill_after, _kill, [process.pid]).start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu = usage.ru_utime + usage.ru_stime
            with self._lock:
                self.figures.cpu += cpu
                self.figures.megabytes = max(self.figures.megabytes, usage.ru_maxrss / 1024)
                self.figures.killed += process.returncode < 0
            if process.returncode != 0:
                raise RuntimeError(f"{step} ended with {process.returncode}")
            said.seek(0)
            done: dict[str, Any] = json.loads(said.read())
        with self._lock:
            self.figures.sent_at += done["sent_at"]
            for name in ("states_read", "states_written", "rows_sent", "throttles"):
                setattr(self.figures, name, getattr(self.figures, name) + done[name])
        return {**done, "cpu": cpu}


def _kill(process_id: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGKILL)


def main() -> int:
    """Simulate, print the figures, and with ``--write`` put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-sets", type=int, default=1_000_000, help="a multiple of 1,000, as a subscription has")
    parser.add_argument("--shard-size", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=4, help="shards that share the quota")
    parser.add_argument("--kill-every", type=int, default=10, help="every how manieth shard is killed once; 0: none")
    parser.add_argument("--kill-after", type=float, default=3.0, help="seconds after which it is")
    parser.add_argument("--scans", type=int, default=len(SCANS), help="how many of the scans are made")
    parser.add_argument("--write", action="store_true", help="write the table into bench/README.md")
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recorded.record(folder / "recorded.json")
        for number, what in enumerate(SCANS[: options.scans]):
            found[what] = _Scan(folder, options, number * 3_600.0).run()
            print(to_markdown({what: found[what]}), flush=True)
    text = to_markdown(found)
    if options.write:
        page = table.README.read_text("utf-8")
        table.README.write_text(table.put_into(page, text, BEGIN, END), "utf-8")
    return 0


def to_markdown(found: Mapping[str, Figures]) -> str:
    """Write the figures of each scan as a row."""
    columns = (
        "what",
        "status",
        "scale sets",
        "shards",
        "killed",
        "events",
        "states written",
        "queries",
        "most in 5 s",
        "429",
        "simulated, s",
        "peak of a process, MB",
        "CPU in all, s",
        "CPU of the longest shard, s",
        "wall, s",
    )
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for what, each in found.items():
        cells = (
            what,
            str(each.answer.get("status")),
            f"{each.answer.get('scale_sets', 0):,}",
            str(each.shards),
            str(each.killed),
            f"{each.answer.get('events', 0):,}",
            f"{each.states_written:,}",
            f"{len(each.sent_at):,}",
            str(each.busiest_window()),
            str(each.throttles),
            f"{each.clock:.0f}",
            f"{each.megabytes:.0f}",
            f"{each.cpu:.0f}",
            f"{each.longest_cpu:.0f}",
            f"{each.wall:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
