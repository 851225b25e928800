"""The compliance snapshot: what is true of every scale set at one moment, as rows for auditors."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

from scanner.errors import PublishFailedError
from scanner.events.rows import EventContext, EventType, identity_columns
from scanner.facts.evidence import JsonValue
from scanner.ports.event import SCHEMA_VERSION, Event, Table, event_id
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome, Severity
from scanner.scan.delivery import deliver
from scanner.scan.fleet_view import Memory, remember
from scanner.state.coverage import CoverageRecord
from scanner.state.state import Finding, ScaleSetState
from scanner.times import iso

_NAMESPACE = uuid.UUID("0b0c7b54-5b0f-5f0e-9a53-0d6c3d8f4f1e")


def write_snapshot(store: StateStore, sink: EventSink, now: Callable[[], datetime], context: EventContext) -> int:
    """Send a row for every known scale set, then ``snapshot.completed``; answer the number of rows.

    The rows speak of ``context.detected_at`` and rest on what the last scans left: ``LastReadAt`` says how old each one
    is. Raises ``PublishFailedError`` when Log Analytics refused a row; a repeat for the same moment has the same ids.
    """
    memory = remember(store)
    rows = [
        {"TimeGenerated": iso(now()), **snapshot_row(state, memory.coverage, context)}
        for state in sorted(memory.current.values(), key=lambda state: state.identity.key)
    ]
    refusals = sink.accept(Table.SNAPSHOT, rows)
    if refusals:
        raise PublishFailedError(
            f"Log Analytics refused {len(refusals)} of {len(rows)} snapshot rows: {refusals[0].error}"
            " The snapshot is incomplete; run it again."
        )
    store.put_records({"snapshot.last": context.detected_at}, [_completed(memory, len(rows), context)])
    deliver(store, sink, now, lambda: None)
    return len(rows)


def snapshot_id(moment: str) -> str:
    """Name the snapshot of a moment (ISO 8601, UTC): the same moment, the same id."""
    return str(uuid.uuid5(_NAMESPACE, moment))


def snapshot_row(state: ScaleSetState, coverage: CoverageRecord, context: EventContext) -> dict[str, JsonValue]:
    """Make the row of one scale set."""
    open_findings = state.open_findings
    severities = [finding.severity for finding in open_findings.values()]
    return {
        "SnapshotAt": context.detected_at,
        "SnapshotId": snapshot_id(context.detected_at),
        "SchemaVersion": SCHEMA_VERSION,
        **identity_columns(state.identity),
        "LastReadAt": state.last_read_at or coverage.read_at.get(state.identity.subscription_id),
        "Revision": state.revision,
        "UpgradesItself": state.upgrades_itself,
        "BlockedBy": state.blocked_by,
        "ManagedBy": state.managed_by or "",
        "Missing": state.missing,
        "Posture": dict(state.facts),
        "OpenFindings": [_open(rule_id, finding) for rule_id, finding in open_findings.items()],
        "Exemptions": list(_exempt(state)),
        "Outcomes": dict(state.outcomes),
        "OpenHigh": severities.count(Severity.HIGH),
        "OpenMedium": severities.count(Severity.MEDIUM),
        "OpenLow": severities.count(Severity.LOW),
        "UnknownOutcomes": sum(1 for outcome in state.outcomes.values() if outcome == Outcome.UNKNOWN),
        "Deployment": context.deployment,
        "ServiceVersion": context.service_version,
    }


def _open(rule_id: str, finding: Finding) -> dict[str, JsonValue]:
    return {
        "rule": rule_id,
        "name": _name(rule_id),
        "severity": finding.severity,
        "opened_at": finding.opened_at,
        "reason": finding.reason,
    }


def _exempt(state: ScaleSetState) -> Iterator[dict[str, JsonValue]]:
    for rule_id, finding in state.findings.items():
        note = finding.exemption
        if note is not None:
            yield {
                "rule": rule_id,
                "name": _name(rule_id),
                "severity": finding.severity,
                "reason": note.reason,
                "owner": note.owner,
                "until": note.until,
                "source": note.source,
            }


def _name(rule_id: str) -> str:
    """Name a rule; a finding may be older than this version's catalogue."""
    try:
        return rule_by_id(rule_id).name
    except KeyError:
        return ""


def _completed(memory: Memory, rows: int, context: EventContext) -> Event:
    identifier = event_id(snapshot_id(context.detected_at), EventType.SNAPSHOT_COMPLETED, "", 0)
    counts = memory.open_findings()
    left_out = f" {len(memory.unreadable)} left out, as their state cannot be read." if memory.unreadable else ""
    summary = (
        f"Snapshot of {rows} scale sets: {counts.get('high', 0)} high, {counts.get('medium', 0)} medium and"
        f" {counts.get('low', 0)} low findings open.{left_out}"
    )
    return Event(identifier, Table.EVENTS, context.row(EventType.SNAPSHOT_COMPLETED, identifier, summary))
