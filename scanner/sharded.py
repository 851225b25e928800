"""Scans in shards, in the deployed app: when one is started instead of a scan in place, and what its activities do.

Each activity is an invocation of its own, with settings, criteria and connections of its own, and may run twice: lease,
ETags and commit ids carry correctness (docs/decisions/0032-an-engine-for-shards.md).
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scanner.bootstrap import APP_ROOT, WRAP_UP, Service, deployed, deployed_store, utc_now
from scanner.errors import LeaseHeldError, LeaseLostError, MonitorError, StateMissingError, StoreError
from scanner.facts.evidence import JsonValue
from scanner.invocations import (
    REQUEST,
    app_settings,
    catch_up,
    log,
    report_failure,
    requested_id,
    scan,
    usable_settings,
)
from scanner.plain_text import plain
from scanner.ports.engine import Starter
from scanner.ports.store import StateStore
from scanner.scan.conclude import conclude
from scanner.scan.left_figures import leave_report, take_report
from scanner.scan.plan import make_plan
from scanner.scan.record import failed_record
from scanner.scan.request import SHARD_SIZE
from scanner.scan.requested import concluded, remember_concluded, remember_result
from scanner.scan.shard import scan_shard
from scanner.scan.shards import Plan, Shard, ShardReport
from scanner.scan.travel import plan_from, plan_to_json, report_to_json
from scanner.settings import Settings
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import read_coverage

SCALE_SETS, SUBSCRIPTIONS = 50_000, 200
"""A fleet above either is scanned in shards: one instance reads less for the same money."""
AT_ONCE = 4
"""Shards side by side, each on an instance of its own; they share the quota of Resource Graph."""
LEASE = timedelta(minutes=20)
"""Outlasts a shard that was killed just before it renewed the lease: the engine's queue shows it again after 5 minutes."""
STUCK = timedelta(hours=6)
"""An orchestration that runs longer is ended: one that cannot be replayed after a deployment would keep all others out."""
PLAN_RECORD = "scan.plan"
"""The plan of the scan that runs: shards travel through the engine by number."""


async def scan_on_schedule(starter: Starter, *, is_late: bool, root: Path = APP_ROOT) -> None:
    """Start the orchestration of a large fleet, or scan a small one here. While another scan runs there is nothing to do."""
    if is_late:
        log(logging.WARNING, "scan.late", {})
    try:
        await _begin(starter, "timer", str(uuid.uuid4()), root)
    except LeaseHeldError as error:
        log(logging.WARNING, "scan.skipped", {"reason": str(error)})


async def scan_on_request(starter: Starter, body: bytes, root: Path = APP_ROOT) -> None:
    """Do, or start, the scan that a message asks for. While another one runs this fails, and the queue brings it back."""
    await _begin(starter, REQUEST, requested_id(body), root)


async def _begin(starter: Starter, trigger: str, scan_id: str, root: Path) -> None:
    """Start a scan. Where the engine cannot, the scan is done here, which takes longer and reads as much."""
    if await asyncio.to_thread(is_large):
        try:
            await _start(starter, trigger, scan_id)
        except LeaseHeldError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, the fleet is to be read
            log(logging.WARNING, "scan.not_sharded", {"error": f"{type(error).__name__}: {error}"})
        else:
            log(logging.INFO, "scan.started", {"scan_id": scan_id})
            return
    await asyncio.to_thread(scan, trigger, scan_id, root)


async def _start(starter: Starter, trigger: str, scan_id: str) -> None:
    since = await starter.running_since()
    if since is None:
        await starter.start({"scan_id": scan_id, "trigger": trigger})
        return
    if datetime.now(UTC) - since > STUCK:
        await starter.end("It ran for too long.")
        log(logging.WARNING, "scan.ended", {"reason": f"It ran since {since:%Y-%m-%d %H:%M} UTC."})
    raise LeaseHeldError(f"A scan in shards runs since {since:%Y-%m-%d %H:%M} UTC.")


def is_large() -> bool:
    """Tell whether the fleet is to be scanned in shards: by what the last scan counted, and yes where none has counted yet.

    Where settings or state are out of order the answer is no: the scan in place says so in its row.
    """
    try:
        settings = app_settings()
        if not settings.in_shards:
            return False
        with deployed_store(settings) as store:
            coverage = read_coverage(store.get_record(COVERAGE))
    except StateMissingError:
        return True
    except MonitorError:
        return False
    counted = sum(coverage.scale_sets.values())
    return not coverage.read_at or counted > SCALE_SETS or len(coverage.read_at) > SUBSCRIPTIONS


def plan_shards(start: Mapping[str, Any], root: Path = APP_ROOT, shard_size: int = SHARD_SIZE) -> dict[str, JsonValue]:
    """Take the lease and divide the fleet; a plan that this scan has made already is the one that counts."""
    with deployed(app_settings(), root=root) as service:
        try:
            plan = _kept_plan(service, start["scan_id"]) or _new_plan(service, start, shard_size)
        except LeaseHeldError as error:
            log(logging.WARNING, "scan.skipped", {"reason": str(error)})
            return {"skipped": plain(str(error), 500)}
    return {"shards": [shard.number for shard in plan.shards], "at_once": plan.request.shards_at_once}


def scan_one_shard(argument: Mapping[str, Any], root: Path = APP_ROOT) -> dict[str, JsonValue]:
    """Scan one shard of the plan. Raises what ended it, so that the engine tries again."""
    with deployed(app_settings(), root=root) as service:
        plan = _in_time(service, _the_plan(service, argument["scan_id"]))
        report = scan_shard(service.ports, plan, _shard(plan, argument["shard"]))
        if report.failure is None:
            return leave_report(service.ports.store, argument["scan_id"], report)
    if not isinstance(report.failure, LeaseLostError):
        raise report.failure
    return report_to_json(report)


def conclude_shards(argument: Mapping[str, Any], root: Path = APP_ROOT) -> dict[str, JsonValue]:
    """Conclude the scan from the reports of its shards; answer how it went."""
    with deployed(app_settings(), root=root) as service:
        store, scan_id = service.ports.store, argument["scan_id"]
        before = concluded(store, scan_id)
        if before is not None:  # the engine was not told
            if argument["trigger"] == REQUEST:
                remember_concluded(store, scan_id)
            return {"status": str(before["status"]), "error": plain(str(before.get("error", "")), 1_000)}
        plan = _in_time(service, _the_plan(service, scan_id))
        result = conclude(service.ports, plan, [_report(store, plan, body) for body in argument["reports"]])
        if argument["trigger"] == REQUEST:
            with suppress(StoreError):  # the scan's own row says how it went
                remember_result(store, result.record)
        if result.failure is None:
            catch_up(service)
    log(logging.INFO, "scan.completed", result.record.log_fields())
    return {"status": result.record.status.value, "error": plain(result.record.error, 1_000)}


def give_up_shards(argument: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Say that the scan failed as a whole, and let the next one begin."""
    settings, problems = usable_settings()
    failure = MonitorError(argument["error"])
    record = failed_record(failure, scan_id=argument["scan_id"], trigger=argument["trigger"], now=utc_now())
    report_failure(settings, problems, record, WRAP_UP)
    with suppress(MonitorError):
        _release(settings, argument["scan_id"])
    return {}


def _release(settings: Settings, scan_id: str) -> None:
    with deployed_store(settings) as store:
        store.release_lease(scan_id)


def _new_plan(service: Service, start: Mapping[str, Any], shard_size: int) -> Plan:
    trigger = start["trigger"]
    request = service.request(trigger=trigger, scan_id=start["scan_id"], is_full=trigger == REQUEST, lease=LEASE)
    plan = make_plan(service.ports, replace(request, shards_at_once=AT_ONCE, shard_size=shard_size))
    service.ports.store.put_records({PLAN_RECORD: json.dumps(plan_to_json(plan))}, holder=request.scan_id)
    return plan


def _kept_plan(service: Service, scan_id: str) -> Plan | None:
    text = service.ports.store.get_record(PLAN_RECORD)
    body = json.loads(text) if text else None
    if body is None or body["request"]["scan_id"] != scan_id:
        return None
    return plan_from(body, service.criteria)


def _the_plan(service: Service, scan_id: str) -> Plan:
    """Read the plan of this scan. Raises ``LeaseLostError`` when another scan has planned since."""
    plan = _kept_plan(service, scan_id)
    if plan is None:
        raise LeaseLostError("Another scan has begun since; this one has no plan any more.")
    return plan


def _in_time(service: Service, plan: Plan) -> Plan:
    """Give this part of the scan the time of a whole invocation, whenever it begins."""
    passed = service.ports.now() - plan.request.moment
    return replace(plan, request=replace(plan.request, time_limit=passed + service.settings.time_limit))


def _shard(plan: Plan, number: int) -> Shard:
    return next(shard for shard in plan.shards if shard.number == number)


def _report(store: StateStore, plan: Plan, body: Mapping[str, Any]) -> ShardReport:
    """Read the report of a shard, or make one of the error that its last attempt raised."""
    if "error" not in body:
        return take_report(store, plan.request.scan_id, body)
    return ShardReport(shard=_shard(plan, body["shard"]), failure=MonitorError(body["error"]))
