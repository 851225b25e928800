"""What one process took: time on the wall, processor time, its own peak of memory, and what it said."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took; of several, the medians."""

    wall: float
    """Seconds from its start to its end, imports included."""
    cpu: float
    """Processor seconds, user and system."""
    megabytes: float
    """Peak of its resident memory, as Linux counts it for this process alone."""
    requests: int = 0
    """Requests to the local Azure, those for a token included."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """The counts that it printed as JSON."""


def say(text: str) -> None:
    """Say on standard error what is waited for: a measurement takes minutes, and its table comes at the end."""
    sys.stderr.write(f"{text} …\n")
    sys.stderr.flush()


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a process to its end. Raises ``SystemExit`` when it fails: then nothing was measured."""
    say(f"running {' '.join(word.rpartition('/')[2] for word in command)}")
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=dict(environment), stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
        said.seek(0)
        text = said.read()
    counts = json.loads(text) if text.startswith("{") else {}
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, megabytes=usage.ru_maxrss / 1024, counts=counts)


def median(costs: Sequence[Cost]) -> Cost:
    """Answer the median of each number; requests and counts are those of the last process."""
    return Cost(
        wall=statistics.median(each.wall for each in costs),
        cpu=statistics.median(each.cpu for each in costs),
        megabytes=statistics.median(each.megabytes for each in costs),
        requests=costs[-1].requests,
        counts=costs[-1].counts,
    )
