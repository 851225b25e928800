"""Ends a process at one step of its own: when a function of the service begins or returns, before an SQL statement.

Loaded in the process that is attacked; the service knows nothing of it.
"""

import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from types import CodeType

SCANNER = Path(__file__).parents[2] / "scanner"
COUNT = "ATTACK_COUNT_STEPS"
"""Environment variable: a file into which the steps are counted, by name."""
KILL = "ATTACK_KILL_AT_STEP"
"""Environment variable: ``number name``; the process ends itself with SIGKILL at that step."""
_ROOMS = tuple(f"{SCANNER}/{room}/" for room in ("scan", "events", "adapters/stores", "adapters/sinks"))


class Watch:
    """Counts the steps of this process, and ends it at one of them."""

    def __init__(self) -> None:
        number, _, self._name = os.environ.pop(KILL, "0 ").partition(" ")
        self._number = int(number)
        self._report = os.environ.pop(COUNT, None)
        self._counts: Counter[str] = Counter()
        self._opened: list[sqlite3.Connection] = []

    def begin(self) -> None:
        """Watch from now on, where it is asked for."""
        if not self._number and self._report is None:
            return
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.PROFILER_ID, "attack")
        events = monitoring.events
        monitoring.register_callback(monitoring.PROFILER_ID, events.PY_START, self._starts)
        monitoring.register_callback(monitoring.PROFILER_ID, events.PY_RETURN, self._returns)
        monitoring.set_events(monitoring.PROFILER_ID, events.PY_START | events.PY_RETURN)
        sys.addaudithook(self._audit)

    def report(self) -> None:
        """Write the counts down."""
        if self._report is not None:
            Path(self._report).write_text(json.dumps(self._counts), encoding="utf-8")

    def _starts(self, code: CodeType, _offset: int) -> object:
        return self._at(code, "begins")

    def _returns(self, code: CodeType, _offset: int, _value: object) -> object:
        return self._at(code, "returns")

    def _at(self, code: CodeType, what: str) -> object:
        if not code.co_filename.startswith(_ROOMS):
            return sys.monitoring.DISABLE
        while self._opened:
            self._opened.pop().set_trace_callback(lambda text: self._step(f"SQL {' '.join(text.split()[:3])}"))
        self._step(f"{code.co_filename.removeprefix(str(SCANNER))} {code.co_qualname} {what}")
        return None

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "sqlite3.connect/handle" and isinstance(arguments[0], sqlite3.Connection):
            self._opened.append(arguments[0])  # not ready yet: it is being opened

    def _step(self, name: str) -> None:
        self._counts[name] += 1
        if name == self._name and self._counts[name] == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
