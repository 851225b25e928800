"""One scan, from reading to remembering: plan, scan shard by shard, and always say how it went."""

from dataclasses import replace

from scanner.scan.conclude import ScanResult, conclude
from scanner.scan.lease import ScanLease
from scanner.scan.plan import make_plan
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, ShardReport


def run_scan(ports: Ports, request: ScanRequest) -> ScanResult:
    """Read the fleet, judge it, remember it, and publish what changed.

    A scan that began is a result, also when it failed, and has left its ``scan.completed`` row. Raises ``StoreError``
    when it could not begin, which is a ``LeaseHeldError`` while another scan runs.
    """
    plan = make_plan(ports, request)
    try:
        reports: list[ShardReport] = []
        for shard in plan.shards:
            reports.append(scan_shard(ports, _counting_on(plan, reports), shard))
        return conclude(ports, plan, reports)
    except BaseException:
        ScanLease(ports.store, request.scan_id, request.lease, ports.now).give_back()
        raise


def _counting_on(plan: Plan, reports: list[ShardReport]) -> Plan:
    """Let the progress of a shard go on from where the shards before it came to."""
    read, on_progress = sum(report.scale_sets_read for report in reports), plan.request.on_progress
    return replace(plan, request=replace(plan.request, on_progress=lambda count: on_progress(read + count)))
