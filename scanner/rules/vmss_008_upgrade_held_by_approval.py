"""An automatic OS image upgrade waits until a person or a pipeline approves it.

`osRollingUpgradeDeferral` makes each instance wait for an approval, without a time limit. A lifecycle hook whose
default action is Reject stops the upgrade unless the hook is approved in time. A hook without a default action passes.
"""

from scanner.facts.arm_paths import DEFERRAL, HOOK_ACTION, HOOKS, OS_UPGRADE
from scanner.facts.posture import Posture
from scanner.facts.three_valued import any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.upgrades import release_upgrade
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look for what holds an automatic OS image upgrade."""
    flag = posture.automatic_os_upgrade
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    evidence = posture.evidence(OS_UPGRADE, DEFERRAL, HOOKS)
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    hooks = posture.lifecycle_hooks
    rejects = None if hooks is None else any_of(*[same(hook.default_action, "reject") for hook in hooks])
    held = any_of(posture.os_rolling_upgrade_deferral, rejects)
    if held is None:
        return Answer(Outcome.UNKNOWN, "Whether an approval holds the upgrade was not read.", evidence, is_unread=True)
    if not held:
        return Answer(Outcome.PASSED, "No approval holds the upgrade.", evidence)
    what = (
        "a lifecycle hook rejects it unless it is approved in time"
        if rejects
        else "the deferral is on (osRollingUpgradeDeferral)"
    )
    return Answer(Outcome.FAILED, f"The upgrade waits for an approval: {what}.", evidence)


RULE = Rule(
    id="VMSS-008",
    name="upgrade-held-by-approval",
    severity=Severity.MEDIUM,
    blocks_os_upgrade=True,
    title="An automatic OS image upgrade starts without an approval.",
    rationale="The flag is on, but the image moves only when a person or a pipeline remembers to approve.",
    remediation=release_upgrade,
    arm_properties=(
        OS_UPGRADE,
        DEFERRAL,
        HOOK_ACTION,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets",
    ),
    check=check,
    documentation=__doc__ or "",
)
