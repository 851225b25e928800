"""A maintenance window for the OS image is assigned, and cannot do what it is for.

A maintenance configuration of scope `OSImage` says when Azure may upgrade the image of a Uniform scale set. It has no
effect while automatic OS image upgrade is off. Its window must be at least five hours long and come back at least every
seven days; one that has expired opens no more. Of several assignments, each is judged. An assigned configuration that
was not read may have another scope: *unknown*. So is a flag, a length or a recurrence that was not read, and an
expiration near the moment in a time zone that is not known. On Flexible Azure's pages disagree: *unknown*. Without an
assignment: not applicable.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from scanner.facts.arm_paths import ORCHESTRATION_MODE, OS_UPGRADE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.window import NEVER, Window
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.windows import make_window_effective
from scanner.rules.rule import Rule
from scanner.rules.time_zones import zone_named
from scanner.rules.verdict import Answer, Outcome, Severity

SHORTEST_MINUTES = 5 * 60
LONGEST_DAYS = 7


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Look at the flag, and at each window that is assigned."""
    posture, windows = scale_set.posture, scale_set.depth.windows
    evidence = posture.evidence(ORCHESTRATION_MODE, OS_UPGRADE)
    if windows is None:
        return Answer(Outcome.UNKNOWN, "Maintenance assignments were not read.", evidence, is_unread=True)
    if not windows:
        return Answer(Outcome.NOT_APPLICABLE, "No maintenance window of the OS image is assigned.", evidence)
    evidence = (*evidence, *[item for window in windows for item in _evidence(window)])
    if is_flexible(posture) is not False:
        reason = "Whether maintenance windows reach this orchestration mode is not known: Azure's pages disagree."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if any(window.scope is None for window in windows):
        reason = "An assigned maintenance configuration was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if posture.automatic_os_upgrade is False:
        reason = "A maintenance window is assigned, and automatic OS image upgrade is off: nothing happens in it."
        return Answer(Outcome.FAILED, reason, evidence)
    problems = [(window, problem) for window in windows for problem in _problems(window, criteria)]
    for window, (reason, is_certain) in problems:
        if is_certain:
            return Answer(Outcome.FAILED, f"{_name(window)} {reason}.", evidence)
    if problems:
        window, (reason, _) = problems[0]
        return Answer(Outcome.UNKNOWN, f"{_name(window)} {reason}.", evidence, is_unread=True)
    if posture.automatic_os_upgrade is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    ends = [end for window in windows if (end := _ends_at(window, criteria)) is not None]
    reason = "The maintenance window is long enough and comes back every week."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=min(ends, default=None))


def _problems(window: Window, criteria: Criteria) -> Iterator[tuple[str, bool]]:
    """Say what is wrong with a window, and whether that is certain."""
    minutes, recurrence = window.duration_minutes, window.recurrence
    if minutes is None:
        yield "has a length that was not read", False
    elif minutes < SHORTEST_MINUTES:
        yield f"is open for {minutes // 60}:{minutes % 60:02} hours; Azure needs at least 5:00", True
    if recurrence is None:
        yield "has a recurrence that was not read", False
    elif recurrence.longest_days is None or recurrence.longest_days > LONGEST_DAYS:
        yield "comes back less often than every seven days", True
    expired = window.has_expired(zone_named(window.time_zone, criteria), criteria.moment)
    if expired is None:
        yield "has an end that was not read, or a time zone that is not known", False
    elif expired:
        yield "has expired: it opens no more", True


def _ends_at(window: Window, criteria: Criteria) -> datetime | None:
    """Say when it expires; without a zone, from when on that may be."""
    if window.expires_at is None or window.expires_at >= NEVER:
        return None
    zone = zone_named(window.time_zone, criteria)
    if zone is None:
        return window.earliest_end
    return window.expires_at.replace(tzinfo=zone).astimezone(UTC)


def _name(window: Window) -> str:
    return f"The window of {window.configuration_id.rpartition('/')[2]}"


def _evidence(window: Window) -> tuple[Evidence, ...]:
    recurrence = window.recurrence
    return (
        Evidence("maintenanceConfigurationId", window.configuration_id),
        Evidence("maintenanceWindow.duration", _hours(window.duration_minutes)),
        Evidence("maintenanceWindow.recurEvery", None if recurrence is None else str(recurrence)),
        Evidence("maintenanceWindow.timeZone", window.time_zone or None),
    )


def _hours(minutes: int | None) -> str | None:
    return None if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


RULE = Rule(
    id="VMSS-009",
    name="maintenance-window-ineffective",
    severity=Severity.MEDIUM,
    title="A maintenance window that is assigned lets Azure upgrade the image.",
    rationale="People rely on a window in which nothing happens, and the image stays as it is.",
    remediation=make_window_effective,
    arm_properties=(ORCHESTRATION_MODE, OS_UPGRADE),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-maintenance-control",
        "https://learn.microsoft.com/azure/virtual-machines/maintenance-configurations",
    ),
    check=check,
    documentation=__doc__ or "",
)
