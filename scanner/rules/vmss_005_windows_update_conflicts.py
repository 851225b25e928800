"""Windows Update patches the guests while automatic OS image upgrade replaces their disks.

Azure refuses the two together. An absent `enableAutomaticUpdates` passes, although its default is true: Azure itself
sets it to false once automatic OS image upgrade is on. A Windows configuration that was not read is *unknown*, also
when the whole OS profile is missing. Linux is not applicable.
"""

from scanner.facts.arm_paths import OS_TYPE, OS_UPGRADE, WINDOWS_UPDATES
from scanner.facts.extensions import Switch
from scanner.facts.posture import OsType, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.guests import stop_windows_updates
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at automatic updates of Windows guests whose image is upgraded automatically."""
    if posture.automatic_os_upgrade is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    if posture.os_type is OsType.LINUX:
        return Answer(Outcome.NOT_APPLICABLE, "The guests run Linux.", posture.evidence(OS_TYPE))
    evidence = posture.evidence(OS_UPGRADE, OS_TYPE, WINDOWS_UPDATES)
    if posture.automatic_os_upgrade is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    if posture.os_type is None:
        return Answer(Outcome.UNKNOWN, "The operating system is not known.", evidence, is_unread=True)
    match posture.windows_automatic_updates:
        case None:
            return Answer(Outcome.UNKNOWN, "The automatic updates of Windows were not read.", evidence, is_unread=True)
        case Switch.ON:
            return Answer(Outcome.FAILED, "Windows installs updates by itself beside the image upgrade.", evidence)
        case Switch.OFF:
            return Answer(Outcome.PASSED, "Windows does not install updates by itself.", evidence)
        case Switch.ABSENT:
            reason = "Not set: Azure turns automatic updates off under automatic OS image upgrade."
            return Answer(Outcome.PASSED, reason, evidence)


RULE = Rule(
    id="VMSS-005",
    name="windows-update-conflicts",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="On Windows, automatic updates are off while automatic OS image upgrade is on.",
    rationale=(
        "Guests restart at times that no batch and no health check controls, and an image upgrade undoes what "
        "they installed."
    ),
    remediation=stop_windows_updates,
    arm_properties=(
        OS_UPGRADE,
        OS_TYPE,
        WINDOWS_UPDATES,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
