"""The image comes from a publisher or gallery that is not on the approved list.

The policy lists approved publishers and galleries; while both lists are empty the rule is not applicable. A gallery
may be listed by its resource id or its name; shared and community galleries count as sources. A managed image or VHD
is outside every list.
"""

from scanner.facts.arm_paths import IMAGE, VHD
from scanner.facts.posture import Image, ImageSource, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.policy import ApprovedImages
from scanner.rules.remediation.images import approve_source
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the source of the image with the approved ones."""
    approved = criteria.policy.approved_images
    image = posture.image
    evidence = posture.evidence(VHD if VHD in posture.reported else IMAGE)
    if not approved.publishers and not approved.galleries:
        return Answer(Outcome.NOT_APPLICABLE, "The policy lists no approved image sources.", evidence)
    if image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence)
    if _is_approved(image, approved):
        return Answer(Outcome.PASSED, "The source of the image is approved.", evidence)
    return Answer(Outcome.FAILED, f"The source of the image ({image.source}) is not approved.", evidence)


def _is_approved(image: Image, approved: ApprovedImages) -> bool:
    if image.source in {ImageSource.MANAGED_IMAGE, ImageSource.VHD}:
        return False
    if image.source is ImageSource.PLATFORM:
        return image.owner in approved.publishers
    return image.owner in approved.galleries or image.owner.rpartition("/")[2] in approved.galleries


RULE = Rule(
    id="VMSS-032",
    name="image-source-not-approved",
    severity=Severity.HIGH,
    title="Images come from an approved publisher or gallery.",
    rationale="An image from an unknown source runs with all the rights that the instances have.",
    remediation=approve_source,
    arm_properties=(
        IMAGE,
        VHD,
    ),
    references=("https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery",),
    check=check,
    documentation=__doc__ or "",
)
