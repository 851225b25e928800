"""A stateful workload is upgraded automatically, at a time that Azure chooses.

A tag (`workload` unless the policy names another) says that the instances hold state; which values mean it is set in
the policy, and they are compared whole. Both automatic OS image upgrade and mode Automatic then replace or restart
instances at a time that Azure chooses. Without the tag, or with another value, the rule is not applicable.
"""

from scanner.facts.arm_paths import MODE, OS_UPGRADE, TAGS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture, UpgradeMode
from scanner.facts.three_valued import any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.upgrades import stop_automatic_upgrades
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at how upgrades reach a workload that is tagged as stateful."""
    name = criteria.policy.tags.workload
    workload = posture.tags.get(name)
    tag = Evidence(f"{TAGS}.{name}", workload)
    if workload is None:
        if posture.has_tag(name) is None:
            return Answer(Outcome.UNKNOWN, "The workload tag was not read.", (tag,))
        return Answer(Outcome.NOT_APPLICABLE, "No tag names the workload.", (tag,))
    if workload.lower() not in criteria.policy.stateful_workloads:
        return Answer(Outcome.NOT_APPLICABLE, f"The workload is {workload}, not stateful.", (tag,))
    evidence = (tag, *posture.evidence(OS_UPGRADE, MODE))
    automatic = any_of(posture.automatic_os_upgrade, same(posture.upgrade_mode, UpgradeMode.AUTOMATIC))
    if automatic is None:
        return Answer(Outcome.UNKNOWN, "How upgrades reach the instances was not read.", evidence)
    if automatic:
        return Answer(Outcome.FAILED, "A stateful workload is upgraded automatically.", evidence)
    return Answer(Outcome.PASSED, "A stateful workload is not upgraded automatically.", evidence)


RULE = Rule(
    id="VMSS-013",
    name="stateful-upgraded-automatically",
    severity=Severity.HIGH,
    title="A stateful workload is upgraded only when a person starts it.",
    rationale="Replacing an OS disk or restarting several instances at once can lose data or quorum.",
    remediation=stop_automatic_upgrades,
    arm_properties=(
        TAGS,
        OS_UPGRADE,
        MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
