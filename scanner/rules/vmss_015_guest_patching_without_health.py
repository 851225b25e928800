"""On Flexible orchestration the platform patches the guests without knowing whether the application survives.

Guest patching by the platform (`patchMode` AutomaticByPlatform) goes from instance to instance and watches the
Application Health extension. Without the extension it goes on after a patch that broke the application.
"""

from scanner.facts.arm_paths import (
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    LINUX_PATCH_MODE,
    ORCHESTRATION_MODE,
    WINDOWS_PATCH_MODE,
)
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.health import report_health
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look for the Application Health extension where the platform patches the guests."""
    applies = all_of(is_flexible(posture), posture.platform_patching)
    if applies is False:
        evidence = posture.evidence(ORCHESTRATION_MODE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)
        reason = "The orchestration mode is not Flexible, or the platform does not patch the guests."
        return Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    evidence = posture.evidence(ORCHESTRATION_MODE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE, EXTENSIONS)
    if applies is None:
        return Answer(Outcome.UNKNOWN, "Whether the platform patches the guests was not read.", evidence)
    if posture.application_health is None:
        return Answer(Outcome.UNKNOWN, "The extensions were not read.", evidence)
    if posture.application_health:
        return Answer(Outcome.PASSED, "The Application Health extension reports health.", evidence)
    return Answer(Outcome.FAILED, "The platform patches the guests without the Application Health extension.", evidence)


RULE = Rule(
    id="VMSS-015",
    name="guest-patching-without-health",
    severity=Severity.MEDIUM,
    title="Guests that the platform patches report their health.",
    rationale="A patch that breaks the application reaches every instance.",
    remediation=report_health,
    arm_properties=(
        ORCHESTRATION_MODE,
        WINDOWS_PATCH_MODE,
        LINUX_PATCH_MODE,
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension",
    ),
    check=check,
    documentation=__doc__ or "",
)
