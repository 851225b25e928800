"""Automatic OS image upgrade is on, but the image of the model can never move.

Azure upgrades only to a version that is newer than `latest` was. A pinned platform or gallery version, a managed
image or a VHD has no newer version, so the flag promises what cannot happen. On Flexible orchestration `maxSurge`
excludes the upgrade as well.

A platform image must be on the list that Microsoft publishes and extends; one that is not there may be new, so it is
*unknown*. So are images of shared and community galleries, and a service artifact reference, whose effect Azure does
not document.
"""

from scanner.facts.arm_paths import ARTIFACT, IMAGE, MAX_SURGE, ORCHESTRATION_MODE, OS_UPGRADE, VHD
from scanner.facts.posture import Image, ImageSource, Posture
from scanner.facts.three_valued import all_of
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.images import move_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at the image, then at what else keeps it from moving."""
    flag = posture.automatic_os_upgrade
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    outcome, reason = _answer(posture, criteria)
    if flag is None:
        outcome, reason = Outcome.UNKNOWN, "Automatic OS image upgrade was not read."
    paths = [OS_UPGRADE, VHD if VHD in posture.reported else IMAGE]
    if posture.service_artifact_reference:
        paths.append(ARTIFACT)
    if posture.max_surge is not False:
        paths += [ORCHESTRATION_MODE, MAX_SURGE]
    return Answer(outcome, reason, posture.evidence(*paths))


def _answer(posture: Posture, criteria: Criteria) -> tuple[Outcome, str]:  # noqa: PLR0911 - one answer after the other
    image = posture.image
    if image is not None and image.source is ImageSource.MANAGED_IMAGE:
        return Outcome.FAILED, "A managed image has no versions to upgrade to."
    if image is not None and image.source is ImageSource.VHD:
        return Outcome.FAILED, "A VHD has no versions to upgrade to."
    if image is not None and image.pinned:
        return Outcome.FAILED, f"The image is pinned to version {image.version}."
    surge = all_of(is_flexible(posture), posture.max_surge)
    if surge:
        return Outcome.FAILED, "Automatic OS image upgrade does not work with maxSurge on Flexible orchestration."
    if image is None or image.pinned is None:
        return Outcome.UNKNOWN, "The image was not read."
    if surge is None:
        return Outcome.UNKNOWN, "Whether maxSurge excludes the upgrade was not read."
    return _movable(image, posture.service_artifact_reference, criteria)


def _movable(image: Image, artifact: str | None, criteria: Criteria) -> tuple[Outcome, str]:
    if artifact is None:
        return Outcome.UNKNOWN, "The service artifact reference was not read."
    if artifact:
        return (
            Outcome.UNKNOWN,
            "A service artifact reference chooses the version; Azure does not say whether upgrades follow it.",
        )
    if image.source in {ImageSource.SHARED_GALLERY, ImageSource.COMMUNITY_GALLERY}:
        return Outcome.UNKNOWN, "Whether images of shared and community galleries are upgraded is not documented."
    if image.source is ImageSource.PLATFORM and image.name not in criteria.published.platform_images:
        date = criteria.published.platform_images_date
        return Outcome.UNKNOWN, f"{image.name} is not on Microsoft's list of supported platform images of {date}."
    return Outcome.PASSED, "The image tracks the newest version."


RULE = Rule(
    id="VMSS-002",
    name="automatic-os-upgrade-cannot-run",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="Automatic OS image upgrade is on for images that can be upgraded only.",
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
