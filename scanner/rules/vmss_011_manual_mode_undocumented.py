"""Changes reach the instances by hand, and nobody says how often.

Manual mode is a fine choice when somebody owns the cadence: a tag (`patch-cadence` unless the policy names another)
says so. An absent mode is Manual. Automatic OS image upgrade moves the image in any mode: not applicable. On Flexible
orchestration, guest patching by the platform counts as a cadence.
"""

from scanner.facts.arm_paths import LINUX_PATCH_MODE, MODE, ORCHESTRATION_MODE, OS_UPGRADE, TAGS, WINDOWS_PATCH_MODE
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture, UpgradeMode
from scanner.facts.three_valued import all_of, any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.upgrades import document_cadence
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look for a cadence where changes are made by hand."""
    tag = criteria.policy.tags.patch_cadence
    evidence = (*posture.evidence(MODE, OS_UPGRADE), Evidence(f"{TAGS}.{tag}", posture.tags.get(tag)))
    manual = same(posture.upgrade_mode, UpgradeMode.MANUAL)
    if manual is False:
        return Answer(Outcome.NOT_APPLICABLE, "The mode is not Manual.", evidence)
    if manual is None:
        return Answer(Outcome.UNKNOWN, "The upgrade mode was not read.", evidence)
    if posture.automatic_os_upgrade:
        return Answer(Outcome.PASSED, "Automatic OS image upgrade is on; it ignores the mode.", evidence)
    cadence = any_of(
        posture.automatic_os_upgrade, posture.has_tag(tag), all_of(is_flexible(posture), posture.platform_patching)
    )
    if cadence is None:
        return Answer(Outcome.UNKNOWN, "Whether there is a cadence was not read.", evidence)
    if cadence:
        return Answer(Outcome.PASSED, "The mode is Manual and a cadence is known.", evidence)
    return Answer(
        Outcome.FAILED, f"The mode is Manual and no tag {tag} says how often instances are patched.", evidence
    )


RULE = Rule(
    id="VMSS-011",
    name="manual-mode-undocumented",
    severity=Severity.LOW,
    title="A scale set in Manual mode says how often it is patched.",
    rationale="Without an owner and a rhythm, instances stay as they are for years.",
    remediation=document_cadence,
    arm_properties=(
        MODE,
        OS_UPGRADE,
        TAGS,
        ORCHESTRATION_MODE,
        WINDOWS_PATCH_MODE,
        LINUX_PATCH_MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",
    ),
    check=check,
    documentation=__doc__ or "",
)
