"""What a scan says of itself, put together from its plan and the reports of its shards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scanner.errors import MonitorError
from scanner.events.scan_record import ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.scan.calls import Calls
from scanner.scan.delivery import Delivery
from scanner.scan.shards import Plan, ShardReport
from scanner.state.coverage import CoverageRecord, not_read
from scanner.state.figures import told_figures
from scanner.state.tally import Numbers
from scanner.times import iso

KEPT_UNREADABLE_ROWS = 20
"""Rows, and states, that cannot be read and are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known of a scan at its end."""

    plan: Plan
    ended: datetime
    failure: Exception | None
    """What ended it early, first of all."""
    reports: Sequence[ShardReport] = ()
    coverage: CoverageRecord = field(default_factory=CoverageRecord)
    """As the scan before left it."""
    delivery: Delivery = field(default_factory=Delivery)
    calls: Calls = field(default_factory=Calls)


def make_record(ending: Ending) -> ScanRecord:
    """Say how the scan went."""
    plan, reports, failure, ended = ending.plan, ending.reports, ending.failure, ending.ended
    request, delivery, calls = plan.request, ending.delivery, ending.calls
    lost = _not_read(plan, reports, ending.coverage)
    problems = _problems(reports, failure, lost)
    if failure is not None and not any(report.scale_sets_read for report in reports):
        status = Status.FAILED
    else:
        status = Status.PARTIAL if problems else Status.COMPLETE
    problems.extend(dict.fromkeys(each for report in reports for each in report.not_read))
    if delivery.error:
        problems.append(f"Not everything was delivered: {delivery.error}")
    numbers = numbers_in(reports)
    return ScanRecord(
        scan_id=request.scan_id,
        trigger=request.trigger,
        status=status,
        error=" ".join(problems),
        started_at=plan.stamp.detected_at,
        ended_at=iso(ended),
        duration_ms=round((ended - request.moment).total_seconds() * 1000),
        subscriptions_read=sum(len(report.listed) for report in reports if report.is_complete),
        subscriptions_not_read=lost,
        scale_sets_read=sum(report.scale_sets_read for report in reports),
        scale_sets_not_seen=sum(report.scale_sets_not_seen for report in reports),
        rows_unreadable=sum(report.rows_unreadable for report in reports),
        unreadable_rows=tuple([row for report in reports for row in report.unreadable_rows])[:KEPT_UNREADABLE_ROWS],
        open_findings=dict(numbers.open_findings),
        headlines=dict(numbers.headlines),
        events_committed=sum(report.committed for report in reports),
        events_delivered=delivery.delivered,
        events_refused=delivery.refused,
        events_waiting=delivery.waiting,
        graph_queries=calls.graph_queries,
        arm_calls=calls.arm_calls,
        throttles=calls.throttles,
        policy_version=request.criteria.version,
        numbers=told_figures(numbers.places, ended),
        instances=_census([report.instances for report in reports if report.instances is not None]),
    )


def _census(parts: Sequence[Mapping[str, JsonValue]]) -> Mapping[str, JsonValue] | None:
    """Add up what the shards say of the census of instances: counts, what is offered anywhere, the first problem."""
    if not parts:
        return None
    total: dict[str, JsonValue] = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        counts = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        total[name] = sum(counts) if len(counts) == len(values) else next(filter(None, values), values[0])
    return total


def numbers_in(reports: Sequence[ShardReport]) -> Numbers:
    """Add up what the shards have counted."""
    numbers = Numbers()
    for report in reports:
        numbers.add(report.numbers)
    return numbers


def listed_in(reports: Sequence[ShardReport]) -> set[str]:
    """Name the subscriptions that were listed."""
    return {name for report in reports for name in report.listed}


def in_failed_shards(reports: Sequence[ShardReport]) -> set[str]:
    """Name the subscriptions of the shards, of several, that were not read whole."""
    return {name for report in reports if not report.is_complete for name in report.shard.known_in}


def _not_read(plan: Plan, reports: Sequence[ShardReport], coverage: CoverageRecord) -> tuple[str, ...]:
    """List the subscriptions that this scan should have read and did not; as long as anything in them is remembered."""
    lost = not_read(
        listed_in(reports),
        asked_for=plan.request.scope,
        last_scan=coverage.last_scan,
        with_scale_sets=numbers_in(reports).scale_sets,
    )
    in_vain = {name for report in reports for name in report.listed_in_vain}
    failed = {name for report in reports if report.failure and not report.is_complete for name in report.shard.known_in}
    return tuple(sorted({*lost, *in_vain, *failed} - plan.request.retired))


def _problems(reports: Sequence[ShardReport], failure: Exception | None, lost: tuple[str, ...]) -> list[str]:
    """List what keeps the scan from being complete."""
    problems = [] if failure is None else [describe(failure)]
    problems.extend(describe(report.failure) for report in reports if report.failure not in (None, failure))
    if lost:
        problems.append(f"Subscriptions that could not be read: {len(lost)} ({', '.join(lost[:10])}).")
    unreadable = sum(report.rows_unreadable for report in reports)
    if unreadable:
        problems.append(f"Rows of Resource Graph's answer that are not readable scale sets: {unreadable}.")
    unlisted = {name for report in reports for name in report.unlisted}
    if unlisted and unlisted != listed_in(reports):
        problems.append(f"Subscriptions that Resource Graph does not list: {', '.join(sorted(unlisted)[:10])}.")
    problems.extend([each for report in reports for each in report.problems][: 2 * KEPT_UNREADABLE_ROWS])
    return list(dict.fromkeys(problems))


def describe(failure: Exception) -> str:
    """Say what went wrong; an error that is none of the service's own kinds is named too."""
    return str(failure) if isinstance(failure, MonitorError) else f"{type(failure).__name__}: {failure}"


def failed_record(failure: Exception, *, scan_id: str, trigger: str, now: datetime) -> ScanRecord:
    """Make the record of a scan that failed before it could say so itself."""
    moment = iso(now)
    return ScanRecord(
        scan_id=scan_id,
        trigger=trigger,
        status=Status.FAILED,
        error=plain(describe(failure), 4_000),
        started_at=moment,
        ended_at=moment,
        duration_ms=0,
    )
