"""What all rows of one scan or snapshot share."""

from dataclasses import dataclass

from scanner.events.event_types import EventType
from scanner.facts.evidence import JsonValue
from scanner.ports.event import SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStamp:
    """Which scan or snapshot saw what its rows tell, when, and by which version of the service."""

    scan_id: str
    detected_at: str
    """ISO 8601, UTC: the time of the reading."""
    service_version: str
    deployment: str = ""
    """Names the deployment, as several may share a workspace; empty for a scan from the command line."""

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
