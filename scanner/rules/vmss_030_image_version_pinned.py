"""The model fixes one version of the image.

A platform or gallery version that is not `latest` is pinned, also in shared and community galleries; the
expression of a template is no version. A gallery image
definition and `latest` track the newest version. A service artifact reference pins `latest` as well: beside a version
that was not read the image is pinned either way, and beside an image that was not read it is *unknown*. A managed image or VHD
has no versions: not applicable (see VMSS-031).
"""

from scanner.facts.arm_paths import ARTIFACT, IMAGE, VHD
from scanner.facts.posture import ImageSource, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.images import track_newest_version
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at the version in the model."""
    outcome, reason = _answer(posture)
    return Answer(outcome, reason, posture.evidence(VHD if VHD in posture.reported else IMAGE, ARTIFACT))


def _answer(posture: Posture) -> tuple[Outcome, str]:
    image, artifact = posture.image, posture.service_artifact_reference
    if image is None:
        return Outcome.UNKNOWN, "The image was not read."
    if image.source in {ImageSource.MANAGED_IMAGE, ImageSource.VHD}:
        return Outcome.NOT_APPLICABLE, "An image of this kind has no versions."
    if image.pinned:
        return Outcome.FAILED, f"The image is pinned to version {image.version}."
    if artifact:
        return Outcome.FAILED, "A service artifact reference pins the image."
    if image.pinned is None:
        return Outcome.UNKNOWN, "The version of the image was not read."
    if artifact is None:
        return Outcome.UNKNOWN, "The service artifact reference was not read."
    return Outcome.PASSED, "The image tracks the newest version."


RULE = Rule(
    id="VMSS-030",
    name="image-version-pinned",
    severity=Severity.MEDIUM,
    title="The model tracks the newest version of its image.",
    rationale="New instances start with an old image, and no upgrade finds a newer one.",
    remediation=track_newest_version,
    arm_properties=(
        IMAGE,
        VHD,
        ARTIFACT,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery",
    ),
    check=check,
    documentation=__doc__ or "",
)
