"""Rows as the scanner sends them, for a made-up fleet: the one place that the tests of queries take rows from."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.infra.declared import DEPLOYMENT

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def moment(text: str) -> datetime:
    """Read a time of the test, such as ``2026-11-20 12:00``, in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


def iso(when: datetime) -> str:
    """Write a time as the scanner does."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def scale_set_id(name: str, subscription: str = SUBSCRIPTION) -> str:
    """Name a scale set of the made-up fleet."""
    return (
        f"/subscriptions/{subscription}/resourcegroups/rg-{name}"
        f"/providers/microsoft.compute/virtualmachinescalesets/{name}"
    )


def scale_set(name: str, subscription: str = SUBSCRIPTION) -> dict[str, Any]:
    """Fill in the columns that say which scale set a row is about."""
    return {
        "ScaleSetId": scale_set_id(name, subscription),
        "ScaleSetName": name,
        "AzureSubscriptionId": subscription,
        "ResourceGroup": f"rg-{name}",
        "Location": "westeurope",
        "Environment": "production",
        "Application": "shop",
        "Ring": "1",
        "Owner": "team-shop",
    }


def event(
    name: str, event_type: str, at: datetime, *, revision: int, detail: str = "", **columns: Any
) -> dict[str, Any]:
    """Make an event of a scale set; the same arguments give the same EventId."""
    subscription = columns.pop("subscription", SUBSCRIPTION)
    identity = f"{scale_set_id(name, subscription)}\n{event_type}\n{detail}\n{revision}"
    return {
        **scale_set(name, subscription),
        "DetectedAt": iso(at),
        "EventId": str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
        "EventType": event_type,
        "SchemaVersion": 1,
        "ScanId": "scan-1",
        "Revision": revision,
        "UpgradesItself": "no",
        "BlockedBy": [],
        "Deployment": DEPLOYMENT,
        "ServiceVersion": "0.1.0",
        **columns,
    }


def finding(
    name: str,
    change: str,
    at: datetime,
    *,
    revision: int,
    rule: str = "VMSS-001",
    rule_name: str = "automatic-os-upgrade-disabled",
    severity: str = "high",
    **columns: Any,
) -> dict[str, Any]:
    """Make a ``finding.*`` event."""
    return event(
        name,
        f"finding.{change}",
        at,
        revision=revision,
        detail=rule,
        Summary=f"{name}: {rule} {rule_name} {change}.",
        RuleId=rule,
        RuleName=rule_name,
        Severity=severity,
        Reason="The flag is off.",
        Evidence=[],
        OpenedAt=iso(at),
        **columns,
    )


def drift(name: str, at: datetime, *, revision: int, direction: str = "weakened", **columns: Any) -> dict[str, Any]:
    """Make a ``posture.drifted`` event."""
    return event(
        name,
        "posture.drifted",
        at,
        revision=revision,
        detail="upgrade_mode",
        Summary=f'{name}: upgrade_mode {direction} from "Rolling" to "Manual".',
        Field="upgrade_mode",
        Before='"Rolling"',
        After='"Manual"',
        Direction=direction,
        **columns,
    )


def rollout(name: str, became: str, at: datetime, *, revision: int, **columns: Any) -> dict[str, Any]:
    """Make a ``rollout.*`` event of an attempt that began two hours before and is over."""
    began = iso(at - timedelta(hours=2))
    told = {"failed": "failed", "stalled": "stalled", "rolled_back": "was rolled back"}.get(became, became)
    return event(
        name,
        f"rollout.{became}",
        at,
        revision=revision,
        detail=began,
        **{
            "Summary": f"{name}: the upgrade {told}.",
            "RolloutId": began,
            "RolloutKind": "os_upgrade",
            "RolloutStartedAt": began,
            "RolloutEndedAt": iso(at),
            "RolloutStatus": "faulted",
            **columns,
        },
    )


def snapshot(name: str, at: datetime, *, revision: int = 1, **columns: Any) -> dict[str, Any]:
    """Make the row of one scale set in a snapshot. It passes VMSS-001 and cannot be judged by VMSS-040."""
    subscription = columns.pop("subscription", SUBSCRIPTION)
    return {
        **scale_set(name, subscription),
        "SnapshotAt": iso(at),
        "SnapshotId": f"snapshot-{iso(at)}",
        "SchemaVersion": 1,
        "LastReadAt": iso(at),
        "Revision": revision,
        "UpgradesItself": "yes",
        "BlockedBy": [],
        "ManagedBy": "",
        "Posture": {"upgrade_mode": "Rolling"},
        "OpenFindings": [],
        "Exemptions": [],
        "Outcomes": {"VMSS-001": "passed", "VMSS-040": "unknown"},
        "OpenHigh": 0,
        "OpenMedium": 0,
        "OpenLow": 0,
        "UnknownOutcomes": 1,
        "Deployment": DEPLOYMENT,
        "ServiceVersion": "0.1.0",
        **columns,
    }


def lead_time(version: str, reached: datetime, hours: int | None) -> dict[str, Any]:
    """Make an element of LeadTimes; without hours, its publication is not known."""
    published = None if hours is None else iso(reached - timedelta(hours=hours))
    kind = "before_first_seen" if hours is None else "first_seen"
    return {
        "version": version,
        "published_at": published,
        "published_is": kind,
        "reached_at": iso(reached),
        "hours": hours,
    }


def snapshot_completed(at: datetime) -> dict[str, Any]:
    """Make the event that ends a snapshot whose rows were all accepted."""
    return {
        "DetectedAt": iso(at),
        "EventId": f"snapshot-{iso(at)}",
        "EventType": "snapshot.completed",
        "SchemaVersion": 1,
        "ScanId": f"snapshot-{iso(at)}",
        "Summary": "Snapshot.",
        "Deployment": DEPLOYMENT,
        "ServiceVersion": "0.1.0",
    }


def open_finding(at: datetime, rule: str = "VMSS-001", severity: str = "high") -> dict[str, str]:
    """Make an element of OpenFindings."""
    return {
        "rule": rule,
        "name": "automatic-os-upgrade-disabled",
        "severity": severity,
        "opened_at": iso(at),
        "reason": "The flag is off.",
    }


def exemption(until: str, rule: str = "VMSS-001") -> dict[str, str]:
    """Make an element of Exemptions."""
    return {
        "rule": rule,
        "name": "automatic-os-upgrade-disabled",
        "severity": "high",
        "reason": "vendor image",
        "owner": "anna",
        "until": until,
        "source": "file",
    }


def scan(
    at: datetime,
    *,
    status: str = "complete",
    not_read: Sequence[str] = (),
    refused: int = 0,
    headlines: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Make a ``scan.completed`` row."""
    return {
        "DetectedAt": iso(at),
        "EventId": f"scan-{iso(at)}",
        "EventType": "scan.completed",
        "SchemaVersion": 1,
        "ScanId": f"scan-{iso(at)}",
        "Trigger": "timer",
        "Status": status,
        "Summary": f"Scan {status}.",
        "Error": "",
        "StartedAt": iso(at),
        "DurationMs": 4_200,
        "SubscriptionsRead": 3,
        "SubscriptionsNotRead": list(not_read),
        "ScaleSetsRead": 10,
        "ScaleSetsNotSeen": 0,
        "RowsUnreadable": 0,
        "UnreadableRows": [],
        "OpenHigh": 0,
        "OpenMedium": 0,
        "OpenLow": 0,
        "Headlines": dict(headlines or {"yes": 10}),
        "EventsCommitted": 0,
        "EventsDelivered": 0,
        "EventsRefused": refused,
        "EventsWaiting": refused,
        "GraphQueries": 3,
        "ArmCalls": 1,
        "Throttles": 0,
        "PolicyVersion": "p",
        "Deployment": DEPLOYMENT,
        "ServiceVersion": "0.1.0",
    }
