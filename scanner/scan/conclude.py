"""Conclude: what the scan says of itself, in the store and in Log Analytics, also when it failed."""

import json
from collections.abc import Sequence
from contextlib import suppress

from scanner.errors import LeaseLostError, MonitorError, StateConflictError, StoreError
from scanner.events.scan_record import LAST, LAST_COMPLETE, LAST_READING, ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.event import Event
from scanner.ports.instances import Counted
from scanner.ports.store import Damage, OutboxEntry
from scanner.scan.changes import READ as CHANGES
from scanner.scan.delivery import send_entries, send_past_outbox
from scanner.scan.fleet_view import FleetView
from scanner.scan.gather import KEPT_UNREADABLE_ROWS, subscription_in
from scanner.scan.groups import groups_record
from scanner.scan.underway import Scan
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import not_read
from scanner.times import iso


def conclude(scan: Scan, failure: Exception | None) -> tuple[ScanRecord, Exception | None]:
    """Remember and send how the scan went; answer that, and what ended the scan early.

    Where the store fails now, the row is sent past it.
    """
    ports = scan.ports
    record = make_record(scan, failure)
    event = record.event(scan.stamp)
    try:
        entries = _put(scan, record, failure, event)
        if scan.request.is_delivering and not scan.delivery.is_denied:
            send_entries(entries, ports.store, ports.sink, ports.now())
    except StoreError as error:
        send_past_outbox(event, ports.sink, ports.now())
        return record, failure or error
    return record, failure


def _put(scan: Scan, record: ScanRecord, failure: Exception | None, event: Event) -> Sequence[OutboxEntry]:
    """Put the row into the outbox, and with it what later scans need, unless another scan has taken over."""
    store, records = scan.ports.store, _records(scan, record, failure)
    if records:
        with suppress(LeaseLostError):
            return store.put_records(records, [event], holder=scan.request.scan_id)
    return store.put_records({}, [event])


def make_record(scan: Scan, failure: Exception | None) -> ScanRecord:
    """Say how the scan went."""
    reading, view, delivery, calls = scan.reading, scan.view, scan.delivery, scan.ports.calls
    ended = scan.ports.now()
    lost = _not_read(scan)
    problems = _problems(scan, failure, lost)
    if failure is not None and not reading.seen:
        status = Status.FAILED
    else:
        status = Status.PARTIAL if problems else Status.COMPLETE
    problems.extend(scan.not_read)  # the scale sets themselves were read: the scan is complete without it
    if delivery.error:
        problems.append(f"Not everything was delivered: {delivery.error}")
    watched = _watched(scan)
    return ScanRecord(
        scan_id=scan.request.scan_id,
        trigger=scan.request.trigger,
        status=status,
        error=" ".join(problems),
        started_at=scan.stamp.detected_at,
        ended_at=iso(ended),
        duration_ms=round((ended - scan.request.moment).total_seconds() * 1000),
        subscriptions_read=len(reading.subscriptions) if reading.is_complete else 0,
        subscriptions_not_read=lost,
        scale_sets_read=len(reading.seen),
        scale_sets_not_seen=sum(1 for key in view.current if key not in reading.seen),
        rows_unreadable=reading.unreadable,
        unreadable_rows=tuple(reading.unreadable_rows),
        open_findings=dict(watched.open_findings()),
        headlines=dict(watched.headlines()),
        events_committed=scan.committed,
        events_delivered=delivery.delivered,
        events_refused=delivery.refused,
        events_waiting=delivery.waiting,
        graph_queries=calls.graph_queries,
        arm_calls=calls.arm_calls,
        throttles=calls.throttles,
        policy_version=scan.request.criteria.version,
        instances=None if reading.instances is None else _census(reading.instances, reading.instances_asked),
    )


def _census(counted: Counted, asked: int) -> dict[str, JsonValue]:
    """Say what the census of instances covers, and what this cloud offers of it."""
    return {
        "scale_sets": len(counted.censuses),
        "offers_model": counted.offers_model,
        "offers_protection": counted.offers_protection,
        "asked": asked,
        "unreadable": counted.unreadable,
        "problem": plain(counted.problem, 500),
    }


def _watched(scan: Scan) -> FleetView:
    """Look at all that is remembered, or at the part that this scan was asked about."""
    return scan.view.within(scan.request.scope) if scan.request.is_part else scan.view


def _not_read(scan: Scan) -> tuple[str, ...]:
    """List the subscriptions that this scan should have read and did not; as long as anything in them is remembered."""
    lost = not_read(
        scan.reading.subscriptions,
        asked_for=scan.request.scope,
        last_scan=scan.view.coverage.last_scan,
        with_scale_sets=_watched(scan).subscriptions(),
    )
    return tuple(sorted({*lost, *_listed_in_vain(scan)} - scan.request.retired))


def _listed_in_vain(scan: Scan) -> set[str]:
    """Find subscriptions that are listed while nothing that is known of them was seen, nor confirmed as gone."""
    seen = {subscription_in(key) for key in scan.reading.seen}
    doubtful = {
        state.identity.subscription_id
        for state in scan.view.current.values()
        if state.missed_scans > 0 and state.missed_by != scan.request.scan_id
    }
    return (doubtful & scan.reading.subscriptions) - seen


def _problems(scan: Scan, failure: Exception | None, lost: tuple[str, ...]) -> list[str]:
    """List what keeps the scan from being complete."""
    reading = scan.reading
    problems = [] if failure is None else [describe(failure)]
    if lost:
        problems.append(f"Subscriptions that could not be read: {len(lost)} ({', '.join(lost[:10])}).")
    if reading.unreadable:
        problems.append(f"Rows of Resource Graph's answer that are not readable scale sets: {reading.unreadable}.")
    if reading.unlisted and reading.unlisted != reading.subscriptions:
        problems.append(f"Subscriptions that Resource Graph does not list: {', '.join(sorted(reading.unlisted)[:10])}.")
    problems.extend(describe_damage(damage) for damage in list(scan.view.damage.values())[:KEPT_UNREADABLE_ROWS])
    problems.extend(scan.too_large[:KEPT_UNREADABLE_ROWS])
    return problems


def _records(scan: Scan, record: ScanRecord, failure: Exception | None) -> dict[str, str]:
    """Choose what this scan may leave for later ones: nothing, once another scan has taken over."""
    if isinstance(failure, LeaseLostError | StateConflictError):
        return {}
    records = {LAST: record.to_json(), **groups_record(scan)}
    if scan.reading.is_complete:
        view = scan.view
        coverage = view.coverage.after(scan.reading.subscriptions, scan.stamp.detected_at, view.subscriptions())
        stamped = coverage.judged_under(scan.judged_by, scan.reading.subscriptions, scan.left_as_known)
        records[COVERAGE] = stamped.to_json()
        if not scan.not_read:
            records[CHANGES] = json.dumps({"read_at": scan.stamp.detected_at})
    if record.status is Status.COMPLETE:
        records[LAST_COMPLETE] = record.to_json()
    if record.status is not Status.FAILED and (record.subscriptions_read or record.scale_sets_read):
        records[LAST_READING] = _reading_record(scan.ports.store.get_record(LAST_READING), record)
    return records


def _reading_record(before: str | None, record: ScanRecord) -> str:
    """Write when a scan last read something, and since when scans are complete, or partial, without a break."""
    since = record.ended_at
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):  # a damaged record begins anew
        last = json.loads(before or "{}")
        since = str(last["since"]) if last["status"] == record.status.value else since
    return json.dumps({"status": record.status.value, "ended_at": record.ended_at, "since": since})


def describe_damage(damage: Damage) -> str:
    """Say what cannot be read, and what to do."""
    what = {"state": "The state", "entry": "The outbox entry", "record": "The control record"}[damage.kind]
    return f"{what} {plain(damage.name, 300)} cannot be read: {damage.why}. vmss-posture state check says more."


def describe(failure: Exception) -> str:
    """Say what went wrong; an error that is none of the service's own kinds is named too."""
    return str(failure) if isinstance(failure, MonitorError) else f"{type(failure).__name__}: {failure}"
