"""A rolling upgrade is under way, and for hours no instance has finished.

How many hours is `stalled_after_hours` of the policy; the pause between two batches comes on top. Since when nothing has
finished is known from earlier readings, or from the start while no instance has finished at all. Hours in which the
maintenance window is closed do not count, and neither does the wait of a lifecycle hook: Azure is asked about active hooks
when the rule would fail. An upgrade that waits for an approval (`osRollingUpgradeDeferral`) has no time limit, so that it is
*unknown* whether it is stalled; VMSS-008 reports the approval.
"""

from datetime import UTC

from scanner.facts.arm_paths import DEFERRAL, HOOKS, PAUSE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.rollout import RollingUpgrade
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.rollouts import look_at_upgrade
from scanner.rules.rollouts import LATEST, evidence_of, is_never, not_read, open_time, stalls_at
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Compare the time without progress with the limit of the policy."""
    posture, upgrade = scale_set.posture, scale_set.depth.rolling_upgrade
    if upgrade is None:
        return not_read(scale_set, "The latest rolling upgrade")
    if is_never(upgrade):
        return Answer(Outcome.NOT_APPLICABLE, "There was no rolling upgrade.")
    evidence = (*evidence_of(LATEST, upgrade), *posture.evidence(PAUSE))
    if upgrade.status is None:
        return Answer(Outcome.UNKNOWN, "The status of the latest rolling upgrade is not one that is known.", evidence)
    if not upgrade.is_moving:
        return Answer(Outcome.PASSED, "No rolling upgrade is under way.", evidence)
    hours = criteria.policy.stalled_after_hours
    at = stalls_at(posture, upgrade, hours)
    if at is None:
        return Answer(Outcome.UNKNOWN, "Since when no instance has finished is not known.", evidence)
    if criteria.moment < at:
        return Answer(Outcome.PASSED, f"An instance has finished within {hours} hours.", evidence, at)
    return _waits(scale_set, upgrade, criteria) or Answer(
        Outcome.FAILED, f"No instance has finished for {hours} hours or more ({upgrade.progress}).", evidence
    )


def _waits(scale_set: ScaleSet, upgrade: RollingUpgrade, criteria: Criteria) -> Answer | None:
    """Answer for an upgrade that has a reason to wait; ``None``: it has none."""
    posture = scale_set.posture
    evidence = (*evidence_of(LATEST, upgrade), *posture.evidence(DEFERRAL, HOOKS))
    if posture.os_rolling_upgrade_deferral:
        return Answer(Outcome.UNKNOWN, "It may wait for an approval (osRollingUpgradeDeferral).", evidence)
    if upgrade.waits_until is not None and criteria.moment < upgrade.waits_until:
        reason = "A lifecycle hook holds the upgrade."
        return Answer(Outcome.PASSED, reason, evidence, upgrade.waits_until)
    if posture.lifecycle_hooks != () and not upgrade.hooks_read:
        reason = "Whether a lifecycle hook holds the upgrade was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    return _closed(scale_set, upgrade, criteria, evidence)


def _closed(
    scale_set: ScaleSet, upgrade: RollingUpgrade, criteria: Criteria, evidence: tuple[Evidence, ...]
) -> Answer | None:
    """Leave out the hours in which its maintenance window was closed; ``None``: it was open for long enough."""
    windows, since = scale_set.depth.windows, upgrade.progress_since
    if windows is None:
        reason = "Whether a maintenance window holds the upgrade was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    at = stalls_at(scale_set.posture, upgrade, criteria.policy.stalled_after_hours)
    if since is None or at is None:
        return None
    moment = criteria.moment.astimezone(UTC)
    spent = open_time(windows, since, moment, criteria)
    if spent is None:
        return Answer(Outcome.UNKNOWN, "When its maintenance window is open is not known.", evidence)
    if spent >= at - since:
        return None
    reason = "Its maintenance window was closed for part of the time."
    return Answer(Outcome.PASSED, reason, evidence, moment + (at - since - spent))


RULE = Rule(
    id="VMSS-061",
    name="rolling-upgrade-stalled",
    severity=Severity.HIGH,
    title="A rolling upgrade that is under way goes on.",
    rationale="An upgrade that hangs keeps the next one from starting, and instances stay without its patches.",
    remediation=look_at_upgrade,
    arm_properties=(PAUSE, DEFERRAL, HOOKS),
    references=(
        "https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-rolling-upgrades/get-latest",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
    ),
    check=check,
    documentation=__doc__ or "",
)
