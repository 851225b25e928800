"""The model uses a managed image or a VHD instead of a gallery.

Neither has versions, so no upgrade can find a newer one, and automatic OS image upgrade cannot work. Platform and
gallery images pass.
"""

from scanner.facts.arm_paths import IMAGE, VHD
from scanner.facts.posture import ImageSource, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.images import use_gallery
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at where the image comes from."""
    image = posture.image
    evidence = posture.evidence(VHD if VHD in posture.reported else IMAGE)
    if image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence)
    if image.source is ImageSource.MANAGED_IMAGE:
        return Answer(Outcome.FAILED, "The model uses a managed image.", evidence)
    if image.source is ImageSource.VHD:
        return Answer(Outcome.FAILED, "The model uses a VHD.", evidence)
    return Answer(Outcome.PASSED, "The image can have versions.", evidence)


RULE = Rule(
    id="VMSS-031",
    name="image-cannot-be-versioned",
    severity=Severity.MEDIUM,
    title="A custom image comes from a gallery.",
    rationale="Every new image means a change of the model by hand, and nothing shows which instances are behind.",
    remediation=use_gallery,
    arm_properties=(
        IMAGE,
        VHD,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
