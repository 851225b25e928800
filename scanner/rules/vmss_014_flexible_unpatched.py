"""On Flexible orchestration, neither the image nor the guest is kept up to date.

Automatic OS image upgrade is not on, and nothing patches the guests:

- **AutomaticByPlatform** counts where the image is a platform image on Microsoft's list of images for guest patching, or one that the policy names (`[[verified_images]]`). It does not count without the VM agent, without extension operations, or for a customised image (by id, or a VHD). An image that is on no list is *unknown*.
- **AutomaticByPlatform with a schedule of the customer's** (`bypassPlatformSafetyChecksOnUserSchedule`): the platform leaves the guests alone. Where no maintenance configuration for guests reaches an instance, nothing is patched; where one does, an installation of patches within 30 days counts, else it is *unknown*. Assignments that were not read are *unknown*. A schedule that reaches an instance although the bypass is not set is *unknown*: it ends with an error.
- **AutomaticByOS**, or no patch mode on Windows, counts unless automatic updates are off.
- **Manual** does not count; beside automatic updates that are not off, which Azure refuses, it is *unknown*.
- **ImageDefault**, or no patch mode on Linux, does not count. Images of Canonical may patch themselves: *unknown*.

An OS profile, operating system or patch mode that was not read is *unknown*. A configuration that is absent from an OS
profile sets nothing.
"""

from scanner.facts.arm_paths import ORCHESTRATION_MODE, OS_UPGRADE
from scanner.facts.depth import ScaleSet
from scanner.rules.criteria import Criteria
from scanner.rules.guest_patching import PATHS, guest_patching
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.guests import patch_guests
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Look for anything that patches the guests of a Flexible scale set."""
    posture = scale_set.posture
    evidence = posture.evidence(ORCHESTRATION_MODE, OS_UPGRADE)
    flexible = is_flexible(posture)
    if flexible is False:
        return Answer(Outcome.NOT_APPLICABLE, "The orchestration mode is not Flexible.", evidence)
    if flexible is None:
        return Answer(Outcome.UNKNOWN, "The orchestration mode was not read.", evidence)
    if posture.automatic_os_upgrade:
        return Answer(Outcome.PASSED, "Automatic OS image upgrade replaces the image.", evidence)
    patching = guest_patching(posture, criteria, scale_set.depth.guests)
    evidence = (*evidence, *patching.evidence)
    if patching.counts:
        return Answer(Outcome.PASSED, patching.reason, evidence, holds_until=patching.holds_until)
    if patching.counts is None:
        return Answer(Outcome.UNKNOWN, patching.reason, evidence)
    if posture.automatic_os_upgrade is None:
        reason = f"Automatic OS image upgrade was not read, and nothing else patches the guests. {patching.reason}"
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return Answer(Outcome.FAILED, f"Nothing patches the image or the guests. {patching.reason}", evidence)


RULE = Rule(
    id="VMSS-014",
    name="flexible-unpatched",
    severity=Severity.HIGH,
    title="On Flexible orchestration, the image or the guest is patched automatically.",
    rationale="Nothing installs security fixes on these instances.",
    remediation=patch_guests,
    arm_properties=(
        ORCHESTRATION_MODE,
        OS_UPGRADE,
        *PATHS,
    ),
    references=("https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching",),
    check=check,
    documentation=__doc__ or "",
)
