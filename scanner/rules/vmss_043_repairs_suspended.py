"""Automatic repairs are on, and Azure has suspended them.

The instance view of the scale set says so (`orchestrationServices`, AutomaticRepairs): a person suspended them, or Azure
did after repeated repairs that failed. Unhealthy instances then stay, and count against every upgrade. Since when is
Azure's own time of the last change, where it is told. Repairs that are off are VMSS-041: not applicable. Where the
instance view was not read, or does not list the service, it is *unknown*; so it is for Flexible scale sets, which have
no instance view. Service Fabric does not support repairs: not applicable.
"""

from scanner.facts.arm_paths import CAPACITY, ORCHESTRATION_MODE, REPAIRS
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.instances import RepairsState
from scanner.rules.criteria import Criteria
from scanner.rules.instance_questions import age_of_reading, has_none, none_there
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.instances import resume_repairs
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

STATE = "orchestrationServices.AutomaticRepairs.serviceState"
CHANGED = "orchestrationServices.AutomaticRepairs.lastStatusChangeTime"


def check(scale_set: ScaleSet, _criteria: Criteria) -> Answer:
    """Look at the state of the repairs where they are on."""
    posture, instances = scale_set.posture, scale_set.depth.instances
    evidence = posture.evidence(REPAIRS)
    if posture.service_fabric:
        return Answer(Outcome.NOT_APPLICABLE, "Service Fabric does not support automatic repairs.", evidence)
    if posture.automatic_repairs is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic repairs are off.", evidence)
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    reading = None if instances is None else instances.reading
    repairs = None if reading is None else reading.repairs
    if posture.automatic_repairs is None or instances is None or reading is None or repairs is None:
        told = "a Flexible scale set has no instance view" if is_flexible(posture) else "it was not read"
        return Answer(
            Outcome.UNKNOWN, f"The state of automatic repairs is not known: {told}.", evidence, is_unread=True
        )
    state = None if repairs.state is None else repairs.state.value
    evidence = (*evidence, Evidence(STATE, state), *age_of_reading(instances))
    if repairs.state is None:
        return Answer(Outcome.UNKNOWN, "The instance view does not say whether repairs are suspended.", evidence)
    if repairs.state is RepairsState.SUSPENDED:
        evidence = (*evidence, Evidence(CHANGED, repairs.since or None))
        since = f" since {repairs.since}" if repairs.since else ""
        return Answer(Outcome.FAILED, f"Automatic repairs are suspended{since}.", evidence)
    return Answer(Outcome.PASSED, "Automatic repairs are not suspended.", evidence)


RULE = Rule(
    id="VMSS-043",
    name="repairs-suspended",
    severity=Severity.MEDIUM,
    title="Automatic repairs that are on are not suspended.",
    rationale="The setting says that unhealthy instances are repaired, and none is.",
    remediation=resume_repairs,
    arm_properties=(REPAIRS, ORCHESTRATION_MODE, CAPACITY),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-instance-repairs",
    ),
    check=check,
    documentation=__doc__ or "",
)
