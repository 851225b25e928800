"""The upgrade mode is Manual, and no tag says how often people upgrade the instances.

Manual mode is a fine choice when a team owns the cadence: a tag (`patch-cadence` unless the policy names another)
says so. An absent mode is Manual. Automatic OS image upgrade moves the image in any mode: passed. On Flexible
orchestration, guest patching that counts (see VMSS-014) is a cadence; where it is *unknown*, so is the rule.
"""

from scanner.facts.arm_paths import MODE, ORCHESTRATION_MODE, OS_UPGRADE, TAGS
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.posture import UpgradeMode
from scanner.facts.three_valued import all_of, any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.guest_patching import PATHS, guest_patching
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.upgrades import document_cadence
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Look for a cadence where changes are made by hand."""
    posture = scale_set.posture
    tag = criteria.policy.tags.patch_cadence
    evidence = (*posture.evidence(MODE, OS_UPGRADE), Evidence(f"{TAGS}.{tag}", posture.tags.get(tag)))
    manual = same(posture.upgrade_mode, UpgradeMode.MANUAL)
    if manual is False:
        return Answer(Outcome.NOT_APPLICABLE, "The mode is not Manual.", evidence)
    if manual is None:
        return Answer(Outcome.UNKNOWN, "The upgrade mode was not read.", evidence)
    if posture.automatic_os_upgrade:
        return Answer(Outcome.PASSED, "Automatic OS image upgrade is on; it ignores the mode.", evidence)
    if posture.has_tag(tag):
        return Answer(
            Outcome.PASSED, f"The mode is Manual and a tag {tag} says how often instances are patched.", evidence
        )
    patching = guest_patching(posture, criteria, scale_set.depth.guests)
    in_guest = all_of(is_flexible(posture), patching.counts)
    evidence = (*evidence, *posture.evidence(ORCHESTRATION_MODE), *patching.evidence)
    if in_guest:
        reason = f"The mode is Manual. {patching.reason}"
        return Answer(Outcome.PASSED, reason, evidence, holds_until=patching.holds_until)
    if any_of(posture.automatic_os_upgrade, posture.has_tag(tag), in_guest) is None:
        reason = "Whether there is a cadence is not known."
        return Answer(Outcome.UNKNOWN, f"{reason} {patching.reason}" if in_guest is None else reason, evidence)
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
        *PATHS,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",
    ),
    check=check,
    documentation=__doc__ or "",
)
