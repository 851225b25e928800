"""Memory beside instances: one fleet of 10,000 scale sets with 10,000 instances, and with 200,000, scanned by the service.

``python -m bench.instances`` fills the local Azure with each, and scans twice, each time in a process of its own: the census
of Resource Graph, Compute's word on single scale sets (a part of them, as its budgets allow), the newest images, judging by all rules,
the state in SQLite. It prints what each process took.
"""

import argparse
import json
import sys
import tempfile
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench import measure
from bench.one_scan import CountingStore, TakingSink
from emulator.client.local import LocalAzure
from scanner.adapters.azure.connect import as_app, connect
from scanner.adapters.criteria_files import read_criteria
from scanner.azure_ports import azure_ports
from scanner.bootstrap import APP_ROOT, utc_now
from scanner.clouds import CLOUDS
from scanner.events.scan_record import Status
from scanner.scan.request import ScanRequest
from scanner.scan.run import run_scan
from scanner.state.kept_instances import read_kept
from scanner.state.text import decode

TIME_LIMIT = timedelta(hours=4)
"""Longer than a deployed scan has: a local Azure with 200,000 instances answers slowly where the machine is busy."""


def main() -> int:
    """Measure, or scan once where the words say so."""
    if sys.argv[1:2] == ["scan"]:
        return _scan(*sys.argv[2:])
    words = argparse.ArgumentParser(prog="python -m bench.instances", description=__doc__)
    words.add_argument("--scale-sets", type=int, default=10_000)
    words.add_argument("--instances", type=int, nargs="+", default=[1, 20], help="of each scale set (default: 1 20)")
    words.add_argument("--asking", type=int, default=60, help="seconds that Compute may be asked in (default: 60)")
    options = words.parse_args()
    print(
        "| scale sets | instances | scan | peak, MB | CPU, s | wall, s | requests | bytes of a state | Compute was asked about |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for each in options.instances:
        _measure(options.scale_sets, each, options.asking)
    return 0


def _measure(scale_sets: int, instances: int, asking: int) -> None:
    with LocalAzure() as azure, tempfile.TemporaryDirectory() as folder:
        azure.control.set_limits(graph_queries=0)
        measure.say(f"making a fleet of {scale_sets:,} scale sets with {scale_sets * instances:,} instances")
        azure.control.create_fleet(scale_sets=scale_sets, subscriptions=10, instances=instances, troubled=0.1)
        for number in ("first", "second"):
            before = max((entry.number for entry in azure.control.requests()), default=0)
            command = [
                sys.executable,
                "-m",
                "bench.instances",
                "scan",
                azure.arm_endpoint,
                f"{folder}/state.sqlite",
                str(asking),
            ]
            cost = measure.run(command, azure.environment())
            made = len(azure.control.requests(after=before))
            told = cost.counts
            print(
                f"| {told['scale_sets']:,} | {told['instances']:,} | {number} | {cost.megabytes:.0f} | {cost.cpu:.1f} |"
                f" {cost.wall:.0f} | {made:,} | {told['bytes_of_a_state']:,} | {told['asked']:,} |",
                flush=True,
            )


def _scan(endpoint: str, path: str, asking: str) -> int:
    connection = connect(CLOUDS["AzureCloud"], as_app(None), TIME_LIMIT, arm_endpoint=endpoint)
    sink = TakingSink()
    with (
        closing(connection),
        closing(CountingStore(Path(path))) as store,
        azure_ports(connection, store, sink, utc_now) as deployed,
    ):
        ports = replace(deployed, tables=None, rollouts=None, graph_part=None)
        request = ScanRequest(
            scan_id=str(uuid.uuid4()),
            trigger="bench",
            criteria=read_criteria(APP_ROOT / "policy.toml", None, utc_now()),
            service_version="bench",
            time_limit=TIME_LIMIT,
            asking=timedelta(seconds=int(asking)),
        )
        result = run_scan(ports, request)
        record = result.record
        size = instances = 0
        for each in store.load():
            size += len(each.row.body)
            instances += read_kept(decode(each.row).beside, None).instances.total or 0
    print(
        json.dumps(
            {
                "scale_sets": record.scale_sets_read,
                "instances": instances,
                "bytes_of_a_state": size // max(record.scale_sets_read, 1),
                "asked": (record.instances or {}).get("asked", 0),
            }
        )
    )
    if record.status is not Status.COMPLETE:
        print(record.error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
