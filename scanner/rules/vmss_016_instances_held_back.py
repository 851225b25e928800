"""Instances have been held back from upgrades for longer than the image's service level.

An instance with `protectFromScaleSetActions`, or whose workload reports `SkipUpgrade` through its health extension, is
passed over by every rolling upgrade (`protectFromScaleIn` alone does not do that). That is a choice for days. When it
lasts longer than `image_sla_platform_days` (21), or `image_sla_gallery_days` (7) for an image of a gallery, the
instance misses image updates. The time counts from the scan that first saw an instance held.

Flexible has no such protection: not applicable, as is a scale set without instances. Where only instances that are
behind the model were listed and none of them is held, it is *unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, IMAGE, ORCHESTRATION_MODE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import moment_text
from scanner.rules.instance_questions import (
    HELD,
    SINCE,
    age_of_census,
    age_of_reading,
    counted,
    has_none,
    image_sla,
    lasting,
    named,
    none_there,
    waited,
)
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.instances import release_instances
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Ask how long instances have been held back."""
    posture, instances = scale_set.posture, scale_set.depth.instances
    flexible = is_flexible(posture)
    if flexible:
        reason = "Instances of a Flexible scale set have no such protection."
        return Answer(Outcome.NOT_APPLICABLE, reason, posture.evidence(ORCHESTRATION_MODE))
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    held = None if instances is None else instances.held
    if instances is None or held is None or flexible is None:
        return Answer(Outcome.UNKNOWN, "Which instances are held back was not read.", (), is_unread=True)
    since, allowed = scale_set.depth.since.held, image_sla(scale_set, criteria)
    evidence = (Evidence(HELD, held), Evidence(SINCE, moment_text(since)), *named(instances.held_examples))
    evidence = (*evidence, *(age_of_census if instances.is_held_counted else age_of_reading)(instances))
    if held == 0:
        return Answer(Outcome.PASSED, "No instance is held back.", evidence)
    is_late = lasting(since, instances.held_read_at, allowed)
    if is_late is None or since is None:
        return Answer(Outcome.UNKNOWN, "Since when instances are held back is not known.", evidence)
    if is_late:
        reason = f"{counted(held)} held back from upgrades for longer than {waited(allowed)}."
        return Answer(Outcome.FAILED, reason, evidence)
    reason = f"{counted(held)} held back from upgrades, for less than {waited(allowed)}."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=since + allowed)


RULE = Rule(
    id="VMSS-016",
    name="instances-held-back",
    severity=Severity.MEDIUM,
    title="No instance is held back from upgrades for longer than an image update may take.",
    rationale="A protection that was meant for an hour keeps instances on an old image, and no rollout reports it.",
    remediation=release_instances,
    arm_properties=(ORCHESTRATION_MODE, CAPACITY, IMAGE),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-protection",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-rolling-upgrade-custom-metrics",
    ),
    check=check,
    documentation=__doc__ or "",
)
