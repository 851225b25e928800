"""What travels between the processes of a scan: a plan and the reports of its shards, as plain JSON.

Criteria do not travel: each process reads the files that were deployed with it, and ``plan_from`` refuses a plan that was
made with others.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from scanner.errors import (
    LeaseLostError,
    MonitorError,
    NewerSchemaError,
    PublishFailedError,
    ReadFailedError,
    SettingsError,
    StateConflictError,
    StateMissingError,
    StoreError,
)
from scanner.facts.evidence import JsonValue
from scanner.rules.criteria import Criteria
from scanner.scan.calls import Calls
from scanner.scan.delivery import Delivery
from scanner.scan.record import describe
from scanner.scan.request import ScanRequest
from scanner.scan.shards import Plan, Shard, ShardReport
from scanner.state.basis import stamp_of
from scanner.state.tally import read_numbers

_KINDS = {
    kind.__name__: kind
    for kind in (
        LeaseLostError,
        MonitorError,
        NewerSchemaError,
        PublishFailedError,
        ReadFailedError,
        SettingsError,
        StateConflictError,
        StateMissingError,
        StoreError,
    )
}
_TEXTS = ("scan_id", "trigger", "service_version", "deployment", "time_limit_advice")
_SPANS = ("time_limit", "asking", "telling", "lease")
_PLAIN = ("is_part", "is_delivering", "is_full", "shard_size", "shards_at_once")


def plan_to_json(plan: Plan) -> dict[str, JsonValue]:
    """Write a plan down, but for its criteria and what its caller is told on the way."""
    request = plan.request
    return {
        "request": {
            **{name: getattr(request, name) for name in (*_TEXTS, *_PLAIN)},
            **{name: getattr(request, name).total_seconds() for name in _SPANS},
            "scope": list(request.scope),
            "retired": sorted(request.retired),
            "moment": request.moment.isoformat(),
            "judged_by": stamp_of(request.criteria, request.service_version),
        },
        "shards": [shard_to_json(shard) for shard in plan.shards],
        "calls": asdict(plan.calls),
        "failure": _failure_to_json(plan.failure),
    }


def plan_from(
    body: Mapping[str, Any], criteria: Criteria, on_progress: Callable[[int], None] = lambda _scale_sets_read: None
) -> Plan:
    """Read a plan. Raises ``SettingsError`` when it was made with other criteria or by another release."""
    given = body["request"]
    as_written: dict[str, Any] = {name: given[name] for name in (*_TEXTS, *_PLAIN)}
    spans: dict[str, Any] = {name: timedelta(seconds=given[name]) for name in _SPANS}
    request = ScanRequest(
        **as_written,
        **spans,
        criteria=criteria.at(datetime.fromisoformat(given["moment"])),
        scope=tuple(given["scope"]),
        retired=frozenset(given["retired"]),
        on_progress=on_progress,
    )
    if stamp_of(request.criteria, request.service_version) != given["judged_by"]:
        raise SettingsError(
            "This part of the scan would be judged by another policy or release than the scan began with."
        )
    return Plan(
        request=request,
        shards=[shard_from(each) for each in body["shards"]],
        calls=Calls(**body["calls"]),
        failure=_failure_from(body["failure"]),
    )


def shard_to_json(shard: Shard) -> dict[str, JsonValue]:
    """Write a shard down."""
    return {
        "number": shard.number,
        "subscriptions": list(shard.subscriptions),
        "out_of_sight": list(shard.out_of_sight),
        "queries": shard.queries,
    }


def shard_from(body: Mapping[str, Any]) -> Shard:
    """Read a shard."""
    return Shard(
        number=body["number"],
        subscriptions=tuple(body["subscriptions"]),
        out_of_sight=tuple(body["out_of_sight"]),
        queries=body["queries"],
    )


def report_to_json(report: ShardReport) -> dict[str, JsonValue]:
    """Write the report of a shard down."""
    written: dict[str, JsonValue] = {name: _plain(getattr(report, name)) for name in _REPORTED}
    return {
        **written,
        "shard": shard_to_json(report.shard),
        "numbers": report.numbers.to_json(),
        "delivery": asdict(report.delivery),
        "calls": asdict(report.calls),
        "failure": _failure_to_json(report.failure),
    }


def report_from(body: Mapping[str, Any]) -> ShardReport:
    """Read the report of a shard."""
    reported: dict[str, Any] = {
        name: tuple(body[name]) if isinstance(body[name], list) else body[name] for name in _REPORTED
    }
    return ShardReport(
        **reported,
        shard=shard_from(body["shard"]),
        numbers=read_numbers(body["numbers"]),
        delivery=Delivery(**body["delivery"]),
        calls=Calls(**body["calls"]),
        failure=_failure_from(body["failure"]),
    )


_REPORTED = tuple(
    each.name for each in fields(ShardReport) if each.name not in {"shard", "numbers", "delivery", "calls", "failure"}
)


def _plain(value: Any) -> JsonValue:
    plain: JsonValue = list(value) if isinstance(value, tuple) else value
    return plain


def _failure_to_json(failure: Exception | None) -> dict[str, JsonValue] | None:
    """Name the nearest kind of failure that is known by its name, and say what went wrong."""
    if failure is None:
        return None
    kind = next((each.__name__ for each in type(failure).__mro__ if each.__name__ in _KINDS), MonitorError.__name__)
    return {"kind": kind, "text": describe(failure)}


def _failure_from(body: Mapping[str, str] | None) -> Exception | None:
    return None if body is None else _KINDS[body["kind"]](body["text"])
