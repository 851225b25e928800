"""The rows of a compliance snapshot: one for each scale set, and the event that ends it."""

import uuid
from collections.abc import Iterator, Mapping, Sequence

from scanner.events.event_types import EventType
from scanner.events.rows import identity_columns, name_of
from scanner.events.snapshot_chain import Link
from scanner.events.stamp import ScanStamp
from scanner.facts.evidence import JsonValue
from scanner.plain_text import bounded, plain
from scanner.ports.event import SCHEMA_VERSION, Event, Table, event_id
from scanner.rules.verdict import Outcome, Severity
from scanner.state.coverage import CoverageRecord
from scanner.state.kept_images import told_newest
from scanner.state.kept_instances import read_kept, told_of
from scanner.state.state import Finding, ScaleSetState

_NAMESPACE = uuid.UUID("0b0c7b54-5b0f-5f0e-9a53-0d6c3d8f4f1e")


def snapshot_id(moment: str) -> str:
    """Name the snapshot of a moment (ISO 8601, UTC): the same moment, the same id."""
    return str(uuid.uuid5(_NAMESPACE, moment))


def snapshot_row(state: ScaleSetState, coverage: CoverageRecord, stamp: ScanStamp) -> dict[str, JsonValue]:
    """Make the row of one scale set."""
    open_findings = state.open_findings
    last_read_at = state.last_read_at or coverage.read_at.get(state.identity.subscription_id)
    instances = told_of(read_kept(state.beside, last_read_at)) or {}
    newest = told_newest(state.beside) or {}
    severities = [finding.severity for finding in open_findings.values()]
    return {
        "SnapshotAt": stamp.detected_at,
        "SnapshotId": snapshot_id(stamp.detected_at),
        "SchemaVersion": SCHEMA_VERSION,
        **identity_columns(state.identity),
        "LastReadAt": last_read_at,
        "Generation": state.generation or None,
        "Revision": state.revision,
        "UpgradesItself": state.upgrades_itself,
        "BlockedBy": bounded(state.blocked_by),
        "ReadyToEnable": state.ready_to_enable,
        "BlockedIfEnabled": bounded(state.blocked_if_enabled),
        "ManagedBy": plain(state.managed_by or "", 512),
        "Missing": bounded(state.missing),
        "Posture": bounded(dict(state.facts)),
        "OpenFindings": bounded([_open(rule_id, finding) for rule_id, finding in open_findings.items()]),
        "Exemptions": bounded(list(_exempt(state))),
        "Outcomes": bounded(dict(state.outcomes)),
        "OpenHigh": severities.count(Severity.HIGH),
        "OpenMedium": severities.count(Severity.MEDIUM),
        "OpenLow": severities.count(Severity.LOW),
        "UnknownOutcomes": sum(1 for outcome in state.outcomes.values() if outcome == Outcome.UNKNOWN),
        "Deployment": stamp.deployment,
        "ServiceVersion": stamp.service_version,
        "Instances": instances.get("count"),
        "InstanceVersions": None if instances.get("versions") is None else bounded(instances["versions"]),
        "BehindModel": instances.get("behind_model"),
        "BehindModelSince": instances.get("behind_model_since"),
        "BehindImage": instances.get("behind_image"),
        "BehindImageSince": instances.get("behind_image_since"),
        "HeldBack": instances.get("held_back"),
        "HeldBackSince": instances.get("held_back_since"),
        "UnhealthyInstances": instances.get("unhealthy"),
        "InstancesCountedAt": instances.get("counted_at"),
        "InstancesAskedAt": instances.get("asked_at"),
        "NewestImageVersion": newest.get("version"),
        "NewestImageSince": newest.get("since"),
        "NewestImageSinceIs": newest.get("since_is"),
        "OnNewestImage": instances.get("on_newest_image"),
        "ExposureHours": instances.get("exposure_hours"),
        "ExposureFrom": instances.get("exposure_from"),
        "LeadTimes": None if instances.get("lead_times") is None else bounded(instances["lead_times"]),
    }


def _open(rule_id: str, finding: Finding) -> dict[str, JsonValue]:
    return {
        "rule": rule_id,
        "name": finding.own_name or name_of(rule_id),
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
                "name": finding.own_name or name_of(rule_id),
                "severity": finding.severity,
                "reason": note.reason,
                "owner": note.owner,
                "until": note.until,
                "source": note.source,
            }


def snapshot_completed(  # noqa: PLR0913 - each is one column or sentence
    stamp: ScanStamp,
    link: Link,
    *,
    rows: int,
    open_findings: Mapping[str, int],
    unreadable: int,
    refused: Sequence[str],
) -> Event:
    """Make the ``snapshot.completed`` event; ``open_findings`` counts by severity, ``unreadable`` states.

    ``refused`` names the scale sets whose rows Log Analytics did not take; ``rows`` and ``link`` are without them.
    """
    identifier = event_id(snapshot_id(stamp.detected_at), EventType.SNAPSHOT_COMPLETED, "", 0)
    told = f" {unreadable} left out, as their state cannot be read." if unreadable else ""
    if refused:
        named = ", ".join(plain(name, 80) for name in refused[:5])
        more = ", ..." if len(refused) > 5 else ""
        told += f" {len(refused)} left out, as Log Analytics refused their rows: {named}{more}."
    if not link.previous:
        told += " The chain of hashes starts here: the state holds no hash of an earlier snapshot, or none that can be read."
    summary = (
        f"Snapshot of {rows} scale sets: {open_findings.get('high', 0)} high, {open_findings.get('medium', 0)} medium"
        f" and {open_findings.get('low', 0)} low findings open.{told}"
    )
    columns = stamp.row(EventType.SNAPSHOT_COMPLETED, identifier, summary)
    columns |= {"SnapshotRows": rows, "SnapshotHash": link.hash, "PreviousHash": link.previous}
    return Event(identifier, Table.EVENTS, columns)
