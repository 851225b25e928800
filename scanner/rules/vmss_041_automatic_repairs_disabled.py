"""A health signal exists, but automatic repairs are off.

With automatic repairs on, Azure replaces, restarts or reimages an instance that stays unhealthy. Off and absent both
fail where there is a source of health; without one the rule is not applicable. An external health policy counts as a
source; an extension that cannot report is none. Service Fabric does not support repairs: not applicable.
"""

from scanner.facts.arm_paths import (
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    EXTERNAL_HEALTH,
    ORCHESTRATION_MODE,
    PROBE,
    REPAIRS,
)
from scanner.facts.posture import Posture
from scanner.facts.three_valued import any_of
from scanner.rules.criteria import Criteria
from scanner.rules.questions import health_problems, health_sources
from scanner.rules.remediation.health import repair_instances
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at automatic repairs where health is known."""
    evidence = posture.evidence(REPAIRS, PROBE, EXTENSIONS, EXTERNAL_HEALTH)
    if posture.service_fabric:
        return Answer(Outcome.NOT_APPLICABLE, "Service Fabric does not support automatic repairs.", evidence)
    source = any_of(*health_sources(posture))
    if source is False:
        return Answer(Outcome.NOT_APPLICABLE, "Nothing reports the health of the application.", evidence)
    if source is None:
        reason = f"Whether there is a source of health is not known.{health_problems(posture)}"
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if posture.automatic_repairs is None:
        return Answer(Outcome.UNKNOWN, "Automatic repairs were not read.", evidence)
    if posture.automatic_repairs:
        return Answer(Outcome.PASSED, "Automatic repairs are on.", evidence)
    return Answer(Outcome.FAILED, "A health signal exists, but automatic repairs are off.", evidence)


RULE = Rule(
    id="VMSS-041",
    name="automatic-repairs-disabled",
    severity=Severity.LOW,
    title="Unhealthy instances are repaired automatically.",
    rationale="Instances that stay unhealthy also count against the threshold that stops every upgrade.",
    remediation=repair_instances,
    arm_properties=(
        REPAIRS,
        PROBE,
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        EXTERNAL_HEALTH,
        ORCHESTRATION_MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-instance-repairs",
    ),
    check=check,
    documentation=__doc__ or "",
)
