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
    ROLLOUT_STARTED = "rollout.started"
    ROLLOUT_COMPLETED = "rollout.completed"
    ROLLOUT_FAILED = "rollout.failed"
    ROLLOUT_STALLED = "rollout.stalled"
    ROLLOUT_ROLLED_BACK = "rollout.rolled_back"
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
    EventType.ROLLOUT_STARTED: "A rolling upgrade or an OS image upgrade is under way. One that was over before a scan saw"
    " it has no such event.",
    EventType.ROLLOUT_COMPLETED: "A rolling upgrade or an OS image upgrade has reached its end.",
    EventType.ROLLOUT_FAILED: "A rolling upgrade or an OS image upgrade failed or was cancelled. One that ended as its"
    " maintenance window closed has no end of its own: the next window brings the next attempt.",
    EventType.ROLLOUT_STALLED: "A rolling upgrade is under way, and no instance has finished for the hours of the policy"
    " (VMSS-061).",
    EventType.ROLLOUT_ROLLED_BACK: "Azure took an OS image upgrade back.",
    EventType.SCAN_COMPLETED: "A scan has ended, also when it failed.",
    EventType.SNAPSHOT_COMPLETED: "A compliance snapshot was written.",
}
