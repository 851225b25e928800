"""Instances run an older image version than the newest of their region, for longer than the service level.

Versions are compared as numbers with the newest one that the scale set's own region offers. To be behind for days is
normal, as Azure rolls out region by region and every month: `image_sla_platform_days` (21) or `image_sla_gallery_days`
(7) may pass. The time counts from when something newer than what the instance runs could be had: the publication of a
gallery version, and of a platform version the first time that this service saw it, as Azure tells its publication
nowhere. It does not begin anew with the next version.

What may hold an update back is named in the evidence: held instances, a deferral, a hook. While a rolling upgrade moves,
the rule is *unknown*: a finding stays as it is. Instances of another image than the model's, or without a reported
version, are *unknown* where no other one fails. A managed image or VHD has no versions: not applicable, as is a scale
set without instances.
"""

from collections.abc import Iterator
from datetime import datetime

from scanner.facts.arm_paths import CAPACITY, DEFERRAL, HOOKS, IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import NewestImage
from scanner.facts.instances import Instances, RunningImage
from scanner.facts.posture import Posture
from scanner.facts.versions import is_older
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import moment_text
from scanner.rules.instance_questions import (
    HELD,
    SINCE,
    age_of_census,
    counted,
    has_none,
    has_versions,
    image_sla,
    lasting,
    named,
    none_there,
    waited,
)
from scanner.rules.remediation.instances import update_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

NEWEST = "images.newestVersion"
RUNNING = "instances.versions"


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Compare what instances run with the newest version of their region."""
    posture, instances, newest = scale_set.posture, scale_set.depth.instances, scale_set.depth.newest
    evidence = posture.evidence(IMAGE)
    if posture.image is not None and not has_versions(posture.image.source):
        return Answer(Outcome.NOT_APPLICABLE, "The image has no versions.", evidence)
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    if instances is None or instances.census is None:
        return Answer(Outcome.UNKNOWN, "What the instances run was not read.", evidence, is_unread=True)
    if newest is None or newest.version is None:
        reason = "The newest version of the image in its region was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    return _compared(scale_set, instances, newest, criteria)


def _compared(scale_set: ScaleSet, instances: Instances, newest: NewestImage, criteria: Criteria) -> Answer:
    images, allowed, read_at = _images(instances), image_sla(scale_set, criteria), instances.census_read_at
    behind = [image for image in images if _is_behind(image, newest)]
    since = min([moment for image in behind if (moment := newest.behind_since(image.version))], default=None)
    evidence = (*_evidence(scale_set.posture, instances, newest, since), *age_of_census(instances))
    late = [image for image in behind if lasting(newest.behind_since(image.version), read_at, allowed)]
    if late:
        number = sum(image.count for image in late)
        names = (*evidence, *named(name for image in late for name in image.examples))
        reason = f"{counted(number)} on a version to which there is a newer one for longer than {waited(allowed)}."
        return Answer(Outcome.FAILED, reason, names)
    unknown = [image for image in images if _is_behind(image, newest) is None]
    if unknown or any(newest.behind_since(image.version) is None for image in behind):
        reason = "Of some instances it is not known whether, or since when, there is a newer version."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if not behind:
        return Answer(Outcome.PASSED, "All instances run the newest version of their region.", evidence)
    number = sum(image.count for image in behind)
    reason = f"{counted(number)} on a version to which there is a newer one for less than {waited(allowed)}."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=None if since is None else since + allowed)


def _images(instances: Instances) -> tuple[RunningImage, ...]:
    return () if instances.census is None else instances.census.images


def _is_behind(image: RunningImage, newest: NewestImage) -> bool | None:
    """Whether instances run an older version of the model's image; ``None``: of another image, or not reported."""
    if image.name != newest.name or newest.version is None:
        return None
    return is_older(image.version, newest.version)


def _evidence(
    posture: Posture, instances: Instances, newest: NewestImage, since: datetime | None
) -> Iterator[Evidence]:
    yield from posture.evidence(IMAGE)
    yield Evidence(NEWEST, newest.version)
    yield Evidence(RUNNING, {image.version or "not reported": image.count for image in _images(instances)})
    yield Evidence(SINCE, moment_text(since))
    if instances.held:
        yield Evidence(HELD, instances.held)
    if posture.os_rolling_upgrade_deferral:
        yield from posture.evidence(DEFERRAL)
    if posture.lifecycle_hooks:
        yield from posture.evidence(HOOKS)


RULE = Rule(
    id="VMSS-033",
    name="instances-behind-image",
    severity=Severity.HIGH,
    title="Image updates reach all instances within the service level.",
    rationale="Instances on an old image run with the vulnerabilities that the newer one closes, whatever the flag says.",
    remediation=update_image,
    arm_properties=(IMAGE, CAPACITY, DEFERRAL, HOOKS),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
