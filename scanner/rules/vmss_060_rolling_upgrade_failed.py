"""The latest rolling upgrade of the scale set failed or was cancelled.

Azure cancels an upgrade when too many upgraded instances are unhealthy, and a person may cancel it; a changed model starts
the next one. Instances then run two versions until somebody acts. An upgrade that ended because its maintenance window
closed has not failed: the next window brings the next attempt. A later OS image upgrade in the history supersedes it. While
an upgrade is under way the answer is *unknown*: whether it fails is not known yet, and an open finding stays open.
"""

from scanner.facts.arm_paths import MODE, OS_UPGRADE
from scanner.facts.depth import ScaleSet
from scanner.facts.rollout import FAILED, WINDOW_CLOSED, RollingUpgrade, is_same_attempt, newest_first
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.rollouts import look_at_upgrade
from scanner.rules.rollouts import LATEST, evidence_of, is_never, not_read
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, _criteria: Criteria) -> Answer:
    """Look at how the latest rolling upgrade ended."""
    upgrade = scale_set.depth.rolling_upgrade
    if upgrade is None:
        return not_read(scale_set, "The latest rolling upgrade")
    if is_never(upgrade):
        return Answer(Outcome.NOT_APPLICABLE, "There was no rolling upgrade.")
    evidence = evidence_of(LATEST, upgrade)
    if upgrade.status is None:
        return Answer(Outcome.UNKNOWN, "The status of the latest rolling upgrade is not one that is known.", evidence)
    if upgrade.is_moving:
        return Answer(Outcome.UNKNOWN, "A rolling upgrade is under way.", evidence)
    if upgrade.status not in FAILED:
        return Answer(Outcome.PASSED, "The latest rolling upgrade is completed.", evidence)
    if upgrade.error is not None and upgrade.error.code.lower() == WINDOW_CLOSED.lower():
        return Answer(Outcome.PASSED, "Its maintenance window closed; the next one brings the next attempt.", evidence)
    if _is_superseded(scale_set, upgrade):
        return Answer(Outcome.PASSED, "A later OS image upgrade took its place.", evidence)
    why = f" {upgrade.error}" if upgrade.error is not None else ""
    return Answer(
        Outcome.FAILED,
        f"The latest rolling upgrade is {upgrade.status.value} ({upgrade.progress}).{_ended(why)}",
        evidence,
    )


def _is_superseded(scale_set: ScaleSet, upgrade: RollingUpgrade) -> bool:
    newest = next(iter(newest_first(scale_set.depth.attempts or ())), None)
    if newest is None or newest.started_at is None or upgrade.started_at is None:
        return False
    return newest.started_at > upgrade.started_at and not is_same_attempt(newest.started_at, upgrade.started_at)


def _ended(text: str) -> str:
    return text if not text or text.endswith(".") else f"{text}."


RULE = Rule(
    id="VMSS-060",
    name="rolling-upgrade-failed",
    severity=Severity.HIGH,
    title="The latest rolling upgrade reached all instances.",
    rationale="Some instances run the new version and some the old one, and nothing moves until somebody acts.",
    remediation=look_at_upgrade,
    arm_properties=(MODE, OS_UPGRADE),
    references=(
        "https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-rolling-upgrades/get-latest",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
    ),
    check=check,
    documentation=__doc__ or "",
)
