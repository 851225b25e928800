"""Many scans in one process, as an instance that is never recycled: what it keeps must not grow."""

import json
import time
from pathlib import Path

from emulator.client.client import Control
from tests.attack import jobs
from tests.attack.cycle import STEPS
from tests.attack.verdict import Verdict
from tests.attack.victims import Deployed

WARM = 50
"""Scans after which everything that is made once is made."""
GROWTH_KILOBYTES = 25_000
"""What the process may grow by after that, over all the scans."""


def play(control: Control, victim: Deployed, folder: Path, count: int, verdict: Verdict) -> None:
    """Let one process scan, change the fleet meanwhile, and compare its size after a while with that at the end."""
    report, errors = folder / "endurance.jsonl", folder / "endurance.txt"
    control.set_clock(victim.at)
    process = jobs.start(jobs.many_scans, victim.environment, count, victim.at, report, errors)
    steps = 0
    while process.is_alive():
        STEPS[steps % len(STEPS)][1](control)
        steps += 1
        time.sleep(0.5)
    process.join()
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    verdict.figures["scans in one process"] += len(lines)
    if len(lines) != count or process.exitcode:
        verdict.found("stopped", "endurance", f"after {len(lines)} scans: {errors.read_text(encoding='utf-8')[-300:]}")
        return
    failed = [line["scan"] for line in lines if line["code"]]
    if failed:
        verdict.found("undisturbed scan failed", "endurance", f"{len(failed)}: {failed[:10]}")
    warm, last = lines[min(WARM, count - 1)], lines[-1]
    verdict.notes.append(f"in one process: {warm} ... {last}")
    if last["kilobytes"] - warm["kilobytes"] > GROWTH_KILOBYTES:
        verdict.found("memory grows", "endurance", f"{warm} ... {last}")
    for what in ("handles", "threads"):
        if last[what] > warm[what] + 2:
            verdict.found(f"{what} grow", "endurance", f"{warm} ... {last}")
