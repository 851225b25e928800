"""A whole ``vmss-posture scan`` against a plain pager: wall time, requests and memory, on the local Azure.

``make bench`` runs it; ``python -m bench.scan --help`` says what can be varied.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from emulator.client.local import LocalAzure

BIN = Path(sys.executable).parent


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-sets", type=int, default=5_000)
    parser.add_argument("--subscriptions", type=int, default=5)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds that every Resource Graph answer takes longer"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with LocalAzure() as azure, tempfile.TemporaryDirectory() as folder:
        azure.control.create_fleet(
            seed=1, subscriptions=options.subscriptions, scale_sets=options.scale_sets, instances=0
        )
        azure.control.set_limits(graph_queries=0)
        if options.latency:
            azure.control.set_latency("graph", options.latency)
        environment = {**os.environ, **azure.environment(), "NO_PROXY": "localhost,127.0.0.1"}
        pager = [sys.executable, "-m", "bench.plain_pager", azure.arm_endpoint]
        scan = [str(BIN / "vmss-posture"), "scan", "--arm-endpoint", azure.arm_endpoint]
        print(f"{options.scale_sets} scale sets in {options.subscriptions} subscriptions, {options.latency} s latency")
        print(f"{'':<34}{'median s':>9}{'best s':>8}{'requests':>10}{'MB':>6}")
        _measure("plain pager (warm-up)", [pager], azure, environment)
        floor = _measure("plain pager", [pager] * options.rounds, azure, environment)
        first = [[*scan, "--state", f"{folder}/{number}.sqlite"] for number in range(options.rounds)]
        took = _measure("first scan, everything is new", first, azure, environment)
        print(f"{'':<34}{took / floor:>8.2f}x")
        again = [[*scan, "--state", f"{folder}/0.sqlite"]] * options.rounds
        took = _measure("scan again, nothing has changed", again, azure, environment)
        print(f"{'':<34}{took / floor:>8.2f}x")
        table = [[*scan, "--format", "jsonl", "--state", f"{folder}/jsonl-{n}.sqlite"] for n in range(options.rounds)]
        took = _measure("first scan, events as JSON Lines", table, azure, environment)
        print(f"{'':<34}{took / floor:>8.2f}x")
    return 0


def _measure(title: str, commands: list[list[str]], azure: LocalAzure, environment: dict[str, str]) -> float:
    times, requests = [], 0
    for command in commands:
        before = max((entry.number for entry in azure.control.requests()), default=0)
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode not in {0, 3}:
            raise SystemExit(f"{title}: exit code {done.returncode}")
        requests = len(azure.control.requests(after=before))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    median = statistics.median(times)
    print(f"{title:<34}{median:>9.2f}{min(times):>8.2f}{requests:>10}{most:>6.0f}")
    return median


if __name__ == "__main__":
    sys.exit(main())
