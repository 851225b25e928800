"""Automatic OS image upgrade is on, but the image of the model can never move.

Azure upgrades only to a version that is newer than `latest` was. A pinned platform or gallery version, a managed
image or a VHD has no newer version, so the flag promises what cannot happen. On Flexible orchestration `maxSurge`
excludes the upgrade as well.

A platform image must be on the list that Microsoft publishes and extends; one that is not there may be new, so it is
*unknown*, unless the policy names it (`[[verified_images]]`): an operator has seen that Azure upgrades it. Images of shared and community galleries are *unknown*, and so is a service artifact
reference: Azure does not document their effect.
"""

from scanner.facts.arm_paths import ARTIFACT, IMAGE, MAX_SURGE, ORCHESTRATION_MODE, OS_UPGRADE, VHD
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Image, ImageSource, Posture
from scanner.facts.three_valued import all_of
from scanner.rules.criteria import Criteria
from scanner.rules.policy import ImageUse
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.images import move_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at the image, then at what else keeps it from moving."""
    flag = posture.automatic_os_upgrade
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    paths = [OS_UPGRADE, VHD if VHD in posture.reported else IMAGE]
    if posture.service_artifact_reference:
        paths.append(ARTIFACT)
    if posture.max_surge is not False:
        paths += [ORCHESTRATION_MODE, MAX_SURGE]
    evidence = posture.evidence(*paths)
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    return _answer(posture, criteria, evidence)


def _answer(posture: Posture, criteria: Criteria, evidence: tuple[Evidence, ...]) -> Answer:
    image, artifact = posture.image, posture.service_artifact_reference
    surge = all_of(is_flexible(posture), posture.max_surge)
    if image is not None and image.source in _WITHOUT_VERSIONS:
        return Answer(Outcome.FAILED, f"{_WITHOUT_VERSIONS[image.source]} has no versions to upgrade to.", evidence)
    if image is not None and image.pinned:
        return Answer(Outcome.FAILED, f"The image is pinned to version {image.version}.", evidence)
    if surge:
        reason = "Automatic OS image upgrade does not work with maxSurge on Flexible orchestration."
        return Answer(Outcome.FAILED, reason, evidence)
    if image is None or image.pinned is None:
        reason = "The image was not read." if image is None else "The version of the image was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if surge is None:
        return Answer(Outcome.UNKNOWN, "Whether maxSurge excludes the upgrade was not read.", evidence, is_unread=True)
    if artifact is None:
        return Answer(Outcome.UNKNOWN, "The service artifact reference was not read.", evidence, is_unread=True)
    if artifact:
        reason = "A service artifact reference chooses the version; Azure does not say whether upgrades follow it."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return _tracked(image, criteria, evidence)


_WITHOUT_VERSIONS = {ImageSource.MANAGED_IMAGE: "A managed image", ImageSource.VHD: "A VHD"}


def _tracked(image: Image, criteria: Criteria, evidence: tuple[Evidence, ...]) -> Answer:
    """Answer for an image that tracks the newest version."""
    if image.source in {ImageSource.SHARED_GALLERY, ImageSource.COMMUNITY_GALLERY}:
        reason = "Whether images of shared and community galleries are upgraded is not documented."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if image.source is not ImageSource.PLATFORM or image.name in criteria.published.platform_images:
        return Answer(Outcome.PASSED, "The image tracks the newest version.", evidence)
    verified = criteria.verified_image(image.name, ImageUse.OS_UPGRADE)
    if verified is None:
        date = criteria.published.platform_images_date
        reason = f"{image.name} is not on Microsoft's list of supported platform images of {date}."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    reason = f"The image tracks the newest version; {verified.owner} verified it until {verified.until}."
    return Answer(Outcome.PASSED, reason, (*evidence, verified.evidence), holds_until=verified.ends_at)


RULE = Rule(
    id="VMSS-002",
    name="automatic-os-upgrade-cannot-run",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="Automatic OS image upgrade is on only where the image can be upgraded.",
    rationale="The flag reads as safe in every report while the instances stay on one image for good.",
    remediation=move_image,
    arm_properties=(
        OS_UPGRADE,
        IMAGE,
        VHD,
        ARTIFACT,
        MAX_SURGE,
        ORCHESTRATION_MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery",
    ),
    check=check,
    documentation=__doc__ or "",
)
