"""The rows of our events: flat columns as declared in ``data/tables.json``, in words a person can read in a mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.plain_text import FIELD_LIMIT, json_text, plain
from scanner.ports.event import SCHEMA_VERSION, Event, Table, event_id
from scanner.rules import remediation_for
from scanner.rules.rule import Rule
from scanner.state.drift import Drift
from scanner.state.state import Finding, Identity, ScaleSetState


class EventType(StrEnum):
    """What can have happened. Names are never reused; past tense."""

    DISCOVERED = "scale_set.discovered"
    REMOVED = "scale_set.removed"
    RECREATED = "scale_set.recreated"
    DRIFTED = "posture.drifted"
    OPENED = "finding.opened"
    RESOLVED = "finding.resolved"
    EXEMPTED = "finding.exempted"
    WITHDRAWN = "finding.withdrawn"
    SCAN_COMPLETED = "scan.completed"
    SNAPSHOT_COMPLETED = "snapshot.completed"


EVENT_MEANINGS: Mapping[EventType, str] = {
    EventType.DISCOVERED: "A scale set was seen for the first time, or again after it was removed.",
    EventType.REMOVED: "Two scans in a row did not see the scale set, and Azure confirmed that it is gone.",
    EventType.RECREATED: "The same resource id now names another resource: its unique id differs.",
    EventType.DRIFTED: "A posture fact differs from its last known value.",
    EventType.OPENED: "A rule that was not open has failed, and no exemption covers it.",
    EventType.RESOLVED: "A rule that was open has passed.",
    EventType.EXEMPTED: "An open finding is now covered by an exemption.",
    EventType.WITHDRAWN: "An open finding no longer applies, or its scale set was removed.",
    EventType.SCAN_COMPLETED: "A scan has ended, also when it failed.",
    EventType.SNAPSHOT_COMPLETED: "A compliance snapshot was written.",
}

_SCALE_SET_SUMMARIES = {
    EventType.DISCOVERED: "{name} was discovered; upgrades itself: {headline}.",
    EventType.REMOVED: "{name} was removed.",
    EventType.RECREATED: "{name} was re-created under the same id; upgrades itself: {headline}.",
}
_FINDING_SUMMARIES = {
    EventType.OPENED: "{name}: {rule} opened. {reason}",
    EventType.RESOLVED: "{name}: {rule} resolved.",
    EventType.EXEMPTED: "{name}: {rule} exempted until {until} by {owner}.",
    EventType.WITHDRAWN: "{name}: {rule} withdrawn; {why}.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContext:
    """What all events of one scan share."""

    scan_id: str
    detected_at: str
    """ISO 8601, UTC: the time of the reading."""
    service_version: str
    deployment: str = ""
    """Names the deployment, as several may share a workspace; empty for a scan from the command line."""

    def about(self, state: ScaleSetState) -> "ScaleSetEvents":
        """Start the events of one transition of one scale set."""
        return ScaleSetEvents(self, state)

    def row(self, event_type: EventType, identifier: str, summary: str) -> dict[str, JsonValue]:
        """Fill in the columns that every event has."""
        return {
            "DetectedAt": self.detected_at,
            "EventId": identifier,
            "EventType": event_type.value,
            "SchemaVersion": SCHEMA_VERSION,
            "ScanId": self.scan_id,
            "Summary": summary,
            "Deployment": self.deployment,
            "ServiceVersion": self.service_version,
        }


class ScaleSetEvents:
    """Makes the events of one transition of one scale set."""

    __slots__ = ("_columns", "_context", "_state")

    def __init__(self, context: EventContext, state: ScaleSetState) -> None:
        self._context = context
        self._state = state
        self._columns: dict[str, JsonValue] | None = None

    @property
    def _common(self) -> dict[str, JsonValue]:
        """The columns that all these events share; made with the first one, as most transitions have none."""
        if self._columns is None:
            state = self._state
            self._columns = {
                **identity_columns(state.identity),
                "Revision": state.revision,
                "UpgradesItself": state.upgrades_itself,
                "BlockedBy": state.blocked_by,
            }
        return self._columns

    @property
    def _name(self) -> str:
        return plain(self._state.identity.name, 128)

    def scale_set(self, event_type: EventType) -> Event:
        """Make a ``scale_set.*`` event."""
        summary = _SCALE_SET_SUMMARIES[event_type].format(name=self._name, headline=self._state.upgrades_itself)
        return self._event(event_type, "", summary, {})

    def drifted(self, drift: Drift) -> Event:
        """Make a ``posture.drifted`` event."""
        before, after = json_text(drift.before), json_text(drift.after)
        summary = f"{self._name}: {drift.field} {drift.direction} from {plain(before, 200)} to {plain(after, 200)}."
        if drift.direction == "neutral":
            summary = f"{self._name}: {drift.field} changed from {plain(before, 200)} to {plain(after, 200)}."
        columns: dict[str, JsonValue] = {
            "Field": drift.field,
            "Before": before,
            "After": after,
            "Direction": drift.direction.value,
        }
        return self._event(EventType.DRIFTED, drift.field, summary, columns)

    def finding(self, event_type: EventType, rule: Rule, finding: Finding, posture: Posture | None) -> Event:
        """Make a ``finding.*`` event; with the remediation when it was opened and the posture is at hand."""
        note = finding.exemption
        summary = _FINDING_SUMMARIES[event_type].format(
            name=self._name,
            rule=f"{rule.id} {rule.name}",
            reason=plain(finding.reason, 400),
            until=note.until if note else "",
            why="it no longer applies" if posture is not None else "the scale set it was about is no more",
            owner=plain(note.owner, 128) if note else "",
        )
        columns: dict[str, JsonValue] = {
            "RuleId": rule.id,
            "RuleName": rule.name,
            "Severity": finding.severity,
            "Reason": finding.reason,
            "Evidence": _bounded(finding.evidence),
            "OpenedAt": finding.opened_at,
        }
        if event_type is EventType.OPENED and posture is not None:
            columns["Remediation"] = remediation_for(rule, posture)
        if event_type is EventType.EXEMPTED and note is not None:
            columns |= {
                "ExemptionReason": note.reason,
                "ExemptionOwner": note.owner,
                "ExemptionUntil": note.until,
                "ExemptionSource": note.source,
            }
        return self._event(event_type, rule.id, summary, columns)

    def _event(self, event_type: EventType, detail: str, summary: str, columns: dict[str, JsonValue]) -> Event:
        state = self._state
        identifier = event_id(state.identity.key, event_type, detail, state.revision)
        row = self._context.row(event_type, identifier, summary)
        row.update(self._common)
        row.update(columns)
        return Event(identifier, Table.EVENTS, row)


def identity_columns(identity: Identity) -> dict[str, JsonValue]:
    """Fill in the columns that say which scale set a row is about."""
    return {
        "ScaleSetId": identity.key,
        "ScaleSetName": plain(identity.name, 128),
        "AzureSubscriptionId": identity.subscription_id,
        "ResourceGroup": plain(identity.resource_group, 128),
        "Location": plain(identity.location, 128),
        "Environment": identity.environment,
        "Application": identity.application,
        "Ring": identity.ring,
        "Owner": identity.owner,
    }


def _bounded(evidence: list[dict[str, JsonValue]]) -> list[dict[str, JsonValue]]:
    """Keep the column below what Log Analytics takes: a value that is too long becomes cut text."""
    room = FIELD_LIMIT // max(1, len(evidence))
    kept: list[dict[str, JsonValue]] = []
    for item in evidence:
        text = json_text(item["value"])
        kept.append(item if len(text) <= room else {"path": item["path"], "value": plain(text, room)})
    return kept
