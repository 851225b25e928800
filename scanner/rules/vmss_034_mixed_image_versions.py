"""Instances of one scale set have run different versions of one image for longer than the image's service level.

New instances get the newest version, so that a mixture for days is normal after a scale-out and during a rollout. When
it lasts for `image_sla_platform_days` (21) or `image_sla_gallery_days` (7), no rollout reaches the older ones. The time
counts from the scan that first saw a mixture. While a rolling upgrade moves, the rule is *unknown*: a finding stays as
it is. It is *unknown* too where some instances report no version and the others do not differ. A managed image or VHD
has no versions: not applicable, as is a scale set without instances.
"""

from scanner.facts.arm_paths import CAPACITY, IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.since import is_mixed
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import moment_text
from scanner.rules.instance_questions import (
    SINCE,
    age_of_census,
    has_none,
    has_versions,
    image_sla,
    lasting,
    none_there,
    waited,
)
from scanner.rules.remediation.instances import update_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity
from scanner.rules.vmss_033_instances_behind_image import RUNNING


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Ask how long instances have run different versions."""
    posture, instances = scale_set.posture, scale_set.depth.instances
    evidence = posture.evidence(IMAGE)
    if posture.image is not None and not has_versions(posture.image.source):
        return Answer(Outcome.NOT_APPLICABLE, "The image has no versions.", evidence)
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    if instances is None or instances.census is None:
        return Answer(Outcome.UNKNOWN, "What the instances run was not read.", evidence, is_unread=True)
    mixed, since, allowed = is_mixed(instances), scale_set.depth.since.mixed, image_sla(scale_set, criteria)
    running: dict[str, int] = {}
    for image in instances.census.images:
        running[image.version or "not reported"] = running.get(image.version or "not reported", 0) + image.count
    evidence = (*evidence, Evidence(RUNNING, running), Evidence(SINCE, moment_text(since)))
    evidence = (*evidence, *age_of_census(instances))
    if mixed is None:
        return Answer(Outcome.UNKNOWN, "Of some instances no version is reported.", evidence)
    if not mixed:
        return Answer(Outcome.PASSED, "All instances run one version of their image.", evidence)
    is_late = lasting(since, instances.census_read_at, allowed)
    if is_late is None or since is None:
        return Answer(Outcome.UNKNOWN, "Since when instances run different versions is not known.", evidence)
    if is_late:
        reason = f"Instances run different versions for longer than {waited(allowed)}."
        return Answer(Outcome.FAILED, reason, evidence)
    reason = f"Instances run different versions, for less than {waited(allowed)}."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=since + allowed)


RULE = Rule(
    id="VMSS-034",
    name="mixed-image-versions",
    severity=Severity.LOW,
    title="All instances of a scale set run one version of their image, but for the time of a rollout.",
    rationale="What is tested on one version fails on the other, and an incident hits some instances only.",
    remediation=update_image,
    arm_properties=(IMAGE, CAPACITY),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
