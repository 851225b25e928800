"""One step of a scan in shards, in a process of its own as in the deployed app: on recorded pages and a state in SQLite.

``python -m bench.shard_process plan|shard|conclude folder`` reads its argument from standard input and prints its answer.
"""

import json
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.one_scan import CountingStore, TakingSink
from bench.recorded import SimulatedTime, connect
from scanner.adapters.criteria_files import read_criteria
from scanner.bootstrap import APP_ROOT
from scanner.errors import MonitorError
from scanner.facts.evidence import JsonValue
from scanner.ports.compute import Answer
from scanner.scan.conclude import conclude
from scanner.scan.left_figures import leave_report, take_report
from scanner.scan.plan import make_plan
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, ShardReport
from scanner.scan.travel import plan_from, plan_to_json

BEGAN = datetime(2026, 3, 2, 6, tzinfo=UTC)
TIME_LIMIT = timedelta(hours=12)


class SilentCompute:
    """A Compute that is never asked, as nothing of this fleet is missing."""

    def look_up(self, _scale_set_id: str) -> Answer:
        """Give no answer."""
        return None

    def close(self) -> None:
        """Nothing is open."""


def main() -> int:
    """Do the step."""
    step, folder = sys.argv[1], Path(sys.argv[2])
    argument = json.loads(sys.stdin.read())
    time = SimulatedTime(now=argument["clock"])
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    connection = connect(folder / "recorded.json", argument["subscriptions"], time)
    with (
        closing(CountingStore(folder / "state.sqlite")) as store,
        closing(ResourceGraphFleet(connection)) as fleet,
    ):
        sink = TakingSink()
        ports = Ports(
            fleet=fleet,
            compute=SilentCompute(),
            store=store,
            sink=sink,
            now=lambda: BEGAN + timedelta(seconds=argument["began"] + time.now),
            calls=connection.counter,
        )
        answer = {"plan": _plan, "shard": _shard, "conclude": _conclude}[step](ports, folder, argument)
        counts = {
            "states_read": store.states_read,
            "states_written": store.states_written,
            "rows_sent": sink.rows,
            "throttles": connection.counter.throttles,
        }
    print(json.dumps({"answer": answer, "clock": time.now, "sent_at": connection.graph.sent_at, **counts}))
    return 0


def _plan(ports: Ports, folder: Path, argument: dict[str, Any]) -> dict[str, JsonValue]:
    request = ScanRequest(
        scan_id=argument["scan_id"],
        trigger="bench",
        criteria=read_criteria(APP_ROOT / "policy.toml", None, ports.now()),
        service_version="bench",
        time_limit=TIME_LIMIT,
        lease=TIME_LIMIT,
        shard_size=argument["shard_size"],
        shards_at_once=argument["at_once"],
    )
    plan = make_plan(ports, request)
    (folder / "plan.json").write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")
    return {"shards": [shard.number for shard in plan.shards], "at_once": request.shards_at_once}


def _read_plan(folder: Path) -> Plan:
    criteria = read_criteria(APP_ROOT / "policy.toml", None, BEGAN)
    return plan_from(json.loads((folder / "plan.json").read_text(encoding="utf-8")), criteria)


def _shard(ports: Ports, folder: Path, argument: dict[str, Any]) -> dict[str, JsonValue]:
    plan = _read_plan(folder)
    report = scan_shard(ports, plan, next(shard for shard in plan.shards if shard.number == argument["shard"]))
    if report.failure is not None:
        raise report.failure
    return leave_report(ports.store, plan.request.scan_id, report)


def _conclude(ports: Ports, folder: Path, argument: dict[str, Any]) -> dict[str, JsonValue]:
    plan = _read_plan(folder)
    by_number = {shard.number: shard for shard in plan.shards}
    reports = [
        ShardReport(shard=by_number[body["shard"]], failure=MonitorError(body["error"]))
        if "error" in body
        else take_report(ports.store, plan.request.scan_id, body)
        for body in argument["reports"]
    ]
    result = conclude(ports, plan, reports)
    return {
        "status": result.record.status.value,
        "error": result.record.error,
        "scale_sets": result.record.scale_sets_read,
        "subscriptions": result.record.subscriptions_read,
        "events": result.record.events_committed,
        "queries": result.record.graph_queries,
    }


if __name__ == "__main__":
    sys.exit(main())
