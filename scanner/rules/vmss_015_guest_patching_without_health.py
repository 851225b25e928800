"""On Flexible orchestration the platform patches the guests without knowing whether the application survives.

Guest patching by the platform (`patchMode` AutomaticByPlatform) goes from instance to instance and watches the
Application Health extension. Without an extension that can report (see VMSS-003) it goes on after a patch that broke
the application. Microsoft lists the extension as a requirement: this is seen in templates, or after it was removed.
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
from scanner.rules.questions import health_extension_reports, health_problems, is_flexible
from scanner.rules.remediation.health import report_health
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look for an Application Health extension that can report where the platform patches the guests."""
    applies = all_of(is_flexible(posture), posture.platform_patching)
    if applies is False:
        evidence = posture.evidence(ORCHESTRATION_MODE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)
        reason = "The orchestration mode is not Flexible, or the platform does not patch the guests."
        return Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    evidence = posture.evidence(ORCHESTRATION_MODE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE, EXTENSIONS)
    if applies is None:
        return Answer(Outcome.UNKNOWN, "Whether the platform patches the guests was not read.", evidence)
    reports = health_extension_reports(posture)
    if reports:
        return Answer(Outcome.PASSED, "The Application Health extension reports health.", evidence)
    problems = health_problems(posture)
    if reports is None:
        reason = f"Whether an Application Health extension reports health is not known.{problems}"
        return Answer(Outcome.UNKNOWN, reason, evidence)
    reason = f"The platform patches the guests without an Application Health extension that reports.{problems}"
    return Answer(Outcome.FAILED, reason, evidence)


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
