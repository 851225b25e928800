"""Conclude: deliver, and say how the scan went, in the store and in Log Analytics, also when it failed."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from scanner.errors import LeaseLostError, MonitorError, StateConflictError, StoreError, UnreadableError
from scanner.events.scan_record import LAST, LAST_COMPLETE, LAST_READING, ScanRecord, Status
from scanner.ports.event import Event
from scanner.ports.store import OutboxEntry
from scanner.scan.calls import Calls, counted
from scanner.scan.changes import READ as CHANGES
from scanner.scan.compared import RECORD as COMPARED
from scanner.scan.compared import compared_with
from scanner.scan.delivery import Delivery, deliver, send_entries, send_past_outbox
from scanner.scan.group_head import RECORD as GROUPS
from scanner.scan.group_head import Head, read_head
from scanner.scan.lease import ScanLease
from scanner.scan.leave_groups import drop_old_groups, leave_groups
from scanner.scan.record import Ending, in_failed_shards, listed_in, make_record, numbers_in
from scanner.scan.request import Ports
from scanner.scan.shards import Plan, ShardReport
from scanner.state.basis import stamp_of
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import CoverageRecord, read_coverage
from scanner.state.tally import Numbers

REPLAY_WINDOW = timedelta(days=7)
"""How long an accepted event is kept: Log Analytics answers 204 and may still drop rows."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How a scan went, and what ended it early."""

    record: ScanRecord
    failure: Exception | None = None
    numbers: Numbers = field(default_factory=Numbers)
    """Sums over all that is remembered of what was watched."""


@dataclass(slots=True)
class _End:
    """The end of a scan, as it comes."""

    ports: Ports
    plan: Plan
    reports: Sequence[ShardReport]
    lease: ScanLease
    delivery: Delivery = field(default_factory=Delivery)


def conclude(ports: Ports, plan: Plan, reports: Sequence[ShardReport]) -> ScanResult:
    """Deliver what waits, leave the scan's records and its ``scan.completed`` row, and give the lease back.

    A subscription of a shard that failed, or of which there is no report, stays as it was. It may be done again: the row
    has the same id. Where the store fails now, the row is sent past it.
    """
    before = counted(ports.calls)
    request = plan.request
    end = _End(ports, plan, _complete(plan, reports), ScanLease(ports.store, request.scan_id, request.lease, ports.now))
    try:
        told = _attempt_to_tell(end)
        failures = [plan.failure, *[report.failure for report in end.reports], told]
        spent = sum([report.calls for report in end.reports], plan.calls + (counted(ports.calls) - before))
        return _leave(end, next(filter(None, failures), None), spent)
    finally:
        end.lease.give_back()


def _complete(plan: Plan, reports: Sequence[ShardReport]) -> Sequence[ShardReport]:
    """Add what is known of shards that left no report: nothing."""
    told = {report.shard.number for report in reports}
    missing = [shard for shard in plan.shards if shard.number not in told]
    lost = MonitorError("A part of the scan ended without a report: nothing was concluded about its subscriptions.")
    return [*reports, *[ShardReport(shard=shard, failure=lost) for shard in missing]]


def _attempt_to_tell(end: _End) -> Exception | None:
    """Deliver what waits in the outbox, from this scan and from earlier ones; forget what was sent long ago."""
    ports, request = end.ports, end.plan.request

    def may_go_on() -> bool:
        """Keep the lease between two parts; answer whether there is time for another one."""
        end.lease.keep()
        return ports.now() - request.moment < request.time_limit + request.telling

    try:
        end.lease.keep(always=True)
        if request.is_delivering:
            deliver(ports.store, ports.sink, ports.now, may_go_on, end.delivery)
        ports.store.purge_sent(request.moment - REPLAY_WINDOW, may_go_on)
    except Exception as error:  # noqa: BLE001 - the result of the scan carries it
        return error
    return None


def _leave(end: _End, failure: Exception | None, spent: Calls) -> ScanResult:
    """Put the row into the outbox, and with it what later scans need, and send it; past the outbox where that fails."""
    ports, plan = end.ports, end.plan
    coverage, unreachable = _coverage(ports)
    record = make_record(
        Ending(
            plan=plan,
            ended=ports.now(),
            failure=failure,
            reports=end.reports,
            coverage=coverage,
            delivery=end.delivery,
            calls=spent,
        )
    )
    event = record.event(plan.stamp)
    try:
        if unreachable is not None:
            raise unreachable
        entries = _put(end, record, failure, coverage, event)
        if plan.request.is_delivering and not end.delivery.is_denied:
            send_entries(entries, ports.store, ports.sink, ports.now())
    except StoreError as error:
        send_past_outbox(event, ports.sink, ports.now())
        return ScanResult(record, failure or error, numbers_in(end.reports))
    return ScanResult(record, failure, numbers_in(end.reports))


def _coverage(ports: Ports) -> tuple[CoverageRecord, StoreError | None]:
    """Read what the scan before left; where it cannot be read, nothing was read yet."""
    try:
        return read_coverage(ports.store.get_record(COVERAGE)), None
    except UnreadableError:
        return CoverageRecord(), None
    except StoreError as error:
        return CoverageRecord(), error


def _put(
    end: _End, record: ScanRecord, failure: Exception | None, coverage: CoverageRecord, event: Event
) -> Sequence[OutboxEntry]:
    """Put the row into the outbox, and with it what later scans need, unless another scan has taken over."""
    store, holder = end.ports.store, end.plan.request.scan_id
    with suppress(LeaseLostError):
        records = _records(end, record, failure, coverage)
        if records:
            entries = store.put_records(records, [event], holder=holder)
            if GROUPS in records:
                with suppress(StoreError):  # what is not in use harms nobody, and the next scan drops it
                    drop_old_groups(store, holder)
            return entries
    return store.put_records({}, [event])


def _records(end: _End, record: ScanRecord, failure: Exception | None, coverage: CoverageRecord) -> dict[str, str]:
    """Choose what this scan may leave for later ones: nothing, once another scan has taken over."""
    failures = (failure, *[report.failure for report in end.reports])
    if any(isinstance(each, LeaseLostError | StateConflictError) for each in failures):
        return {}
    records = {LAST: record.to_json()}
    if any(report.groups_changed for report in end.reports):
        records |= leave_groups(
            end.ports.store,
            end.plan.request.scan_id,
            sum(numbers_in(end.reports).scale_sets.values()),
            end.lease.keep,
            is_large=len(end.plan.shards) > 1,
        )
    if any(report.is_complete for report in end.reports):
        compared = _compared(end)
        records |= compared
        records[COVERAGE] = _covered(end, coverage, are_compared_anew=bool(compared)).to_json()
        if not any(report.not_read or not report.is_complete for report in end.reports):
            records[CHANGES] = json.dumps({"read_at": end.plan.stamp.detected_at})
    if record.status is Status.COMPLETE:
        records[LAST_COMPLETE] = record.to_json()
    if record.status is not Status.FAILED and (record.subscriptions_read or record.scale_sets_read):
        records[LAST_READING] = _reading_record(end.ports.store.get_record(LAST_READING), record)
    return records


def _compared(end: _End) -> dict[str, str]:
    """Say what scale sets were compared with, where that is other than before."""
    if not any(report.compares_anew for report in end.reports):
        return {}
    head = read_head(end.ports.store)
    found = head.found_by(end.plan.request.scan_id) if isinstance(head, Head) else None
    return {} if found is None else {COMPARED: compared_with(found).to_json()}


def _covered(end: _End, before: CoverageRecord, *, are_compared_anew: bool) -> CoverageRecord:
    """Add what the shards that were read whole leave; of the subscriptions of the others everything stays.

    Where scale sets were compared anew, those of other subscriptions were not: they are judged when they are read again.
    """
    request = end.plan.request
    whole = [report for report in end.reports if report.is_complete]
    read, failed = listed_in(whole), in_failed_shards(end.reports)
    counts = numbers_in(whole).scale_sets
    outside = before.read_at.keys() - set(request.scope) if request.is_part and request.scope else set()
    kept = failed | outside
    after = before.after(
        read,
        end.plan.stamp.detected_at,
        keep={*counts, *kept},
        scale_sets={**{name: before.scale_sets[name] for name in kept & before.scale_sets.keys()}, **counts},
        not_told=failed,
    )
    if are_compared_anew:
        after = replace(after, stamped=frozenset())
    left_as_known = {name for report in whole for name in report.left_as_known}
    return after.judged_under(stamp_of(request.criteria, request.service_version), read, left_as_known)


def _reading_record(before: str | None, record: ScanRecord) -> str:
    """Write when a scan last read something, and since when scans are complete, or partial, without a break."""
    since = record.ended_at
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):  # a damaged record begins anew
        last = json.loads(before or "{}")
        since = str(last["since"]) if last["status"] == record.status.value else since
    return json.dumps({"status": record.status.value, "ended_at": record.ended_at, "since": since})
