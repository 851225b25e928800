"""The platform image that new instances get is deprecated, or will be within 90 days.

Instances that run keep running. A new one cannot be created from a deprecated version: scale-out, and the replacement
of an instance, fail. Judged is the version that a new instance gets: the fixed one of the model, or with `latest` the
newest version in the scale set's own region or edge zone. Azure's list says for each version `Active`,
`ScheduledForDeprecation` with a time, or `Deprecated`; where the list leaves it out, the version itself is asked for. A
schedule without a readable time is *unknown*, and so is a version of which nothing is said. Images of galleries are
judged by VMSS-036 and VMSS-038: not applicable, as are managed images and VHDs. A service artifact reference chooses
the version: *unknown*, unless the model fixes one.
"""

from scanner.facts.arm_paths import ARTIFACT, IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import Deprecation, VersionStatus
from scanner.facts.posture import ImageSource
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import WARNED_BEFORE, age_evidence, moment_text, version_of_new_instances
from scanner.rules.remediation.images import replace_platform_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

STATE = "imageDeprecationStatus.imageState"
SCHEDULED = "imageDeprecationStatus.scheduledDeprecationTime"


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Ask what Azure says of the version that a new instance gets."""
    posture, known = scale_set.posture, scale_set.depth.platform_image
    evidence = posture.evidence(IMAGE)
    if posture.image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence, is_unread=True)
    if posture.image.source is not ImageSource.PLATFORM:
        return Answer(Outcome.NOT_APPLICABLE, f"The image is not a platform image ({posture.image.source}).", evidence)
    if known is None:
        reason = "The versions of the image in its region were not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    version = version_of_new_instances(scale_set)
    if version is None:
        reason = "Which version a new instance gets is not known."
        return Answer(Outcome.UNKNOWN, reason, (*evidence, *posture.evidence(ARTIFACT)))
    status = known.status_of(version)
    evidence = (*evidence, Evidence("images.version", version), *age_evidence(known.read_at, criteria))
    if status is None:
        reason = f"Azure did not say whether version {version} is deprecated."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    evidence = (*evidence, Evidence(STATE, status.deprecation), Evidence(SCHEDULED, moment_text(status.scheduled_at)))
    return _of_status(status, evidence, criteria)


def _of_status(status: VersionStatus, evidence: tuple[Evidence, ...], criteria: Criteria) -> Answer:
    if status.deprecation is Deprecation.DEPRECATED:
        return Answer(Outcome.FAILED, f"Version {status.version} is deprecated: scale-out fails.", evidence)
    if status.deprecation is Deprecation.ACTIVE:
        return Answer(Outcome.PASSED, f"Version {status.version} is active.", evidence)
    if status.scheduled_at is None:
        reason = f"Version {status.version} is scheduled for deprecation, and the time could not be read."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    day = status.scheduled_at.date()
    begins = status.scheduled_at - WARNED_BEFORE
    if begins <= criteria.moment:
        reason = f"Version {status.version} is scheduled for deprecation on {day}: scale-out fails from then on."
        return Answer(Outcome.FAILED, reason, evidence)
    reason = f"Version {status.version} is scheduled for deprecation on {day}, more than 90 days from now."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=begins)


RULE = Rule(
    id="VMSS-037",
    name="platform-image-deprecated",
    severity=Severity.HIGH,
    title="New instances get a version of the platform image that is not deprecated.",
    rationale="From a deprecated version no instance can be created: scale-out fails when it is needed.",
    remediation=replace_platform_image,
    arm_properties=(IMAGE, ARTIFACT),
    references=("https://learn.microsoft.com/azure/virtual-machines/deprecated-images",),
    check=check,
    documentation=__doc__ or "",
)
