"""Instances have been behind the scale set's model for longer than the policy allows.

An instance is behind while `latestModelApplied` is false: a change of the model has not reached it. A newer image of
`latest` does not make it so; that is VMSS-033. The time counts from the scan that first saw an instance behind, and
ends when none is: `behind_model_grace_hours` (24) may pass. The rule fails when a reading after that time still finds
one. Resource Graph tells it where the cloud offers that column, else Compute is asked.

Instances with `protectFromScaleSetActions`, and those whose workload asks to be skipped (SkipUpgrade), are held, not
behind (VMSS-016). While a rolling upgrade moves, the rule is *unknown*: a finding stays as it is. Flexible: *unknown*,
as Azure says it of no virtual machine. A scale set without instances is not applicable.
"""

from datetime import timedelta

from scanner.facts.arm_paths import CAPACITY, MODE, ORCHESTRATION_MODE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import moment_text
from scanner.rules.instance_questions import (
    BEHIND,
    HELD,
    SINCE,
    age_of_census,
    age_of_reading,
    counted,
    has_none,
    lasting,
    named,
    none_there,
    waited,
)
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.instances import bring_to_model
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Ask how long instances have been behind the model."""
    posture, instances = scale_set.posture, scale_set.depth.instances
    evidence = posture.evidence(MODE)
    flexible = is_flexible(posture)
    if flexible is not False:
        reason = "Azure does not say of a virtual machine whether it is behind the model of its scale set."
        unread = "The orchestration mode was not read."
        return Answer(Outcome.UNKNOWN, reason if flexible else unread, evidence, is_unread=flexible is None)
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    behind = None if instances is None else instances.behind
    if instances is None or behind is None:
        return Answer(Outcome.UNKNOWN, "Which instances are behind the model was not read.", evidence, is_unread=True)
    since, allowed = scale_set.depth.since.behind_model, timedelta(hours=criteria.policy.behind_model_grace_hours)
    evidence = (
        *evidence,
        Evidence(BEHIND, behind),
        Evidence(HELD, instances.held),
        Evidence(SINCE, moment_text(since)),
    )
    evidence = (
        *evidence,
        *named(instances.behind_examples),
        *(age_of_census if instances.is_behind_counted else age_of_reading)(instances),
    )
    if behind == 0:
        return Answer(Outcome.PASSED, "No instance is behind the model, but for those that are held back.", evidence)
    is_late = lasting(since, instances.behind_read_at, allowed)
    if is_late is None or since is None:
        return Answer(Outcome.UNKNOWN, "Since when instances are behind the model is not known.", evidence)
    if is_late:
        reason = f"{counted(behind)} behind the model for longer than {waited(allowed)}."
        return Answer(Outcome.FAILED, reason, evidence)
    reason = f"{counted(behind)} behind the model, for less than {waited(allowed)}."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=since + allowed)


RULE = Rule(
    id="VMSS-010",
    name="instances-behind-model",
    severity=Severity.HIGH,
    title="Changes of the model reach all instances within a day.",
    rationale="What was changed, a security setting or an extension, is not in effect on instances that are behind.",
    remediation=bring_to_model,
    arm_properties=(MODE, ORCHESTRATION_MODE, CAPACITY),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list",
    ),
    check=check,
    documentation=__doc__ or "",
)
