"""The platform patches the guests (`patchMode` AutomaticByPlatform) beside automatic OS image upgrade.

Microsoft lists this as a requirement of automatic OS image upgrade like the others, on Windows and on Linux. An
absent patch mode passes.
"""

from scanner.facts.arm_paths import LINUX_PATCH_MODE, OS_UPGRADE, WINDOWS_PATCH_MODE
from scanner.facts.posture import Posture
from scanner.rules.context import RuleContext
from scanner.rules.rule import Rule
from scanner.rules.verdict import Outcome, Severity, Verdict

_ID = "VMSS-006"


def check(posture: Posture, _context: RuleContext) -> Verdict:
    """Look at the patch mode of guests whose image is upgraded automatically."""
    flag, patching = posture.automatic_os_upgrade, posture.platform_patching
    if flag is False:
        return Verdict(_ID, Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    evidence = posture.evidence(OS_UPGRADE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)
    if flag is None:
        return Verdict(_ID, Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence)
    if patching is None:
        return Verdict(_ID, Outcome.UNKNOWN, "The patch mode was not read.", evidence)
    if patching:
        return Verdict(
            _ID, Outcome.FAILED, "The platform patches the guests, which excludes automatic OS image upgrade.", evidence
        )
    return Verdict(_ID, Outcome.PASSED, "The platform does not patch the guests.", evidence)


RULE = Rule(
    id=_ID,
    name="guest-patching-conflicts",
    severity=Severity.HIGH,
    title="Guests are not patched by the platform while automatic OS image upgrade is on.",
    rationale="Azure then does not upgrade the image, whatever the flag says.",
    remediation=(
        "az vmss update --subscription $subscription --resource-group $resource_group --name $name --set "
        "virtualMachineProfile.osProfile.linuxConfiguration.patchSettings.patchMode=ImageDefault # On Windows: "
        "windowsConfiguration.patchSettings.patchMode=Manual. Bicep: properties.virtualMachineProfile.osProfile; "
        "Terraform: patch_mode. A person decides which of the two keeps the guests patched; existing instances "
        "follow when they are brought to the latest model, which may restart them."
    ),
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
