"""The names of our events: what can have happened."""

from collections.abc import Mapping
from enum import StrEnum


class EventType(StrEnum):
    """What can have happened. Names are never reused; past tense."""

    DISCOVERED = "scale_set.discovered"
    REMOVED = "scale_set.removed"
    RECREATED = "scale_set.recreated"
    RETIRED = "scale_set.retired"
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
    EventType.RETIRED: "An operator has retired the scale set's subscription; it is not watched any more.",
    EventType.DRIFTED: "A posture fact differs from its last known value.",
    EventType.OPENED: "A rule that was not open has failed, and no exemption covers it.",
    EventType.RESOLVED: "A rule that was open has passed.",
    EventType.EXEMPTED: "An open finding is now covered by an exemption.",
    EventType.WITHDRAWN: "An open finding no longer applies, or its scale set was removed.",
    EventType.SCAN_COMPLETED: "A scan has ended, also when it failed.",
    EventType.SNAPSHOT_COMPLETED: "A compliance snapshot was written.",
}
