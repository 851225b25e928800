"""The platform patches the guests (`patchMode` AutomaticByPlatform) beside automatic OS image upgrade.

Microsoft lists this as a requirement of automatic OS image upgrade like the others, on Windows and on Linux. An
absent patch mode passes.
"""

from scanner.facts.arm_paths import LINUX_PATCH_MODE, OS_UPGRADE, WINDOWS_PATCH_MODE
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.guests import stop_guest_patching
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at the patch mode of guests whose image is upgraded automatically."""
    flag, patching = posture.automatic_os_upgrade, posture.platform_patching
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    evidence = posture.evidence(OS_UPGRADE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    if patching is None:
        return Answer(Outcome.UNKNOWN, "The patch mode was not read.", evidence, is_unread=True)
    if patching:
        return Answer(
            Outcome.FAILED, "The platform patches the guests, which excludes automatic OS image upgrade.", evidence
        )
    return Answer(Outcome.PASSED, "The platform does not patch the guests.", evidence)


RULE = Rule(
    id="VMSS-006",
    name="guest-patching-conflicts",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="Guests are not patched by the platform while automatic OS image upgrade is on.",
    rationale="Azure then does not upgrade the image, whatever the flag says.",
    remediation=stop_guest_patching,
    arm_properties=(
        OS_UPGRADE,
        WINDOWS_PATCH_MODE,
        LINUX_PATCH_MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching",
    ),
    check=check,
    documentation=__doc__ or "",
)
