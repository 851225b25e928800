"""Automatic OS image upgrade does not put the old OS disk back when an instance does not recover.

By default Azure restores the previous OS disk of an instance that is not healthy some minutes after its upgrade. With
`disableAutomaticRollback` the broken instance stays.
"""

from scanner.facts.arm_paths import OS_UPGRADE, ROLLBACK_DISABLED
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.upgrades import enable_rollback
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at the rollback flag of an automatic OS image upgrade that is on."""
    flag, disabled = posture.automatic_os_upgrade, posture.automatic_rollback_disabled
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    evidence = posture.evidence(OS_UPGRADE, ROLLBACK_DISABLED)
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence)
    if disabled is None:
        return Answer(Outcome.UNKNOWN, "The rollback setting was not read.", evidence)
    if disabled:
        return Answer(Outcome.FAILED, "Automatic rollback is disabled.", evidence)
    return Answer(Outcome.PASSED, "Instances that do not recover are rolled back.", evidence)


RULE = Rule(
    id="VMSS-004",
    name="automatic-rollback-disabled",
    severity=Severity.MEDIUM,
    title="Automatic OS image upgrade rolls back instances that do not recover.",
    rationale="A bad image then leaves a batch of instances broken until a person repairs them.",
    remediation=enable_rollback,
    arm_properties=(
        OS_UPGRADE,
        ROLLBACK_DISABLED,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
