"""The newest version in the gallery cannot reach the scale set: its region is not a target, or it is excluded.

Of the versions that are ready (`provisioningState` Succeeded, not soft-deleted), the newest one by its numbers should be
one that the scale set's region may have: a target region of the version, and neither the version nor that region
excluded from latest. Where only older versions may be had there, the scale set stays behind without an error. A version
that is still replicating is not late. Target regions are what was asked for; whether the copy arrived, no list says.

Shared and community galleries tell no target regions: there an excluded newest version fails, and everything else is
*unknown*. Versions in an edge zone were not read: *unknown*. Platform images, managed images and VHDs: not applicable.
"""

from scanner.facts.arm_paths import IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import GalleryImage, GalleryVersion
from scanner.facts.posture import ImageSource
from scanner.facts.versions import is_older, newest_of
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import GALLERIES, age_evidence
from scanner.rules.remediation.images import replicate_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Compare the newest version with the newest one that the region may have."""
    posture, gallery = scale_set.posture, scale_set.depth.gallery_image
    evidence = posture.evidence(IMAGE)
    if posture.image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence, is_unread=True)
    if posture.image.source not in GALLERIES:
        return Answer(Outcome.NOT_APPLICABLE, f"The image is in no gallery ({posture.image.source}).", evidence)
    if gallery is None or posture.location is None:
        return Answer(Outcome.UNKNOWN, "The gallery's versions were not read.", evidence, is_unread=True)
    if scale_set.depth.newest is None and all(
        each.is_offered_in(posture.location) is not None for each in gallery.versions
    ):
        reason = "Which versions the scale set's edge zone may have was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    return _compared(gallery, posture.location, (*evidence, *age_evidence(gallery.read_at, criteria)))


def _compared(gallery: GalleryImage, location: str, evidence: tuple[Evidence, ...]) -> Answer:
    offered = newest_of([each.version for each in gallery.versions if each.is_offered_in(location)])
    newer = [each for each in gallery.versions if offered is None or is_older(offered, each.version)]
    ready = [each for each in newer if each.is_ready and each.soft_deleted is False]
    unclear = [each for each in newer if each.is_offered_in(location) is None]
    evidence = (*evidence, Evidence("images.newest", offered), Evidence("location", location))
    kept_away = [each for each in ready if each.is_offered_in(location) is False]
    if unclear:
        reason = f"Whether version {unclear[-1].version} may be had in {location} was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if kept_away:
        newest = newest_of([each.version for each in kept_away])
        found = next((each for each in kept_away if each.version == newest), kept_away[-1])
        told = (Evidence("images.version", found.version), *_why_evidence(found, location))
        return Answer(Outcome.FAILED, _why(found, location), (*evidence, *told))
    if offered is None:
        return Answer(Outcome.NOT_APPLICABLE, "The gallery has no version that is ready.", evidence)
    if gallery.source is not ImageSource.GALLERY:
        reason = "A shared or community gallery does not tell the target regions of its versions."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return Answer(Outcome.PASSED, f"The newest version, {offered}, may be had in {location}.", evidence)


def _why(version: GalleryVersion, location: str) -> str:
    if version.excluded:
        return f"Version {version.version} is newer, and excluded from latest."
    if not version.targets(location):
        return f"Version {version.version} is newer, and {location} is not among its target regions."
    return f"Version {version.version} is newer, and excluded from latest in {location}."


def _why_evidence(version: GalleryVersion, location: str) -> tuple[Evidence, ...]:
    return (
        Evidence("properties.publishingProfile.excludeFromLatest", version.excluded),
        Evidence("properties.publishingProfile.targetRegions", sorted(version.regions or ())),
        Evidence("properties.publishingProfile.targetRegions[].excludeFromLatest", version.excluded_in(location)),
    )


RULE = Rule(
    id="VMSS-035",
    name="image-not-replicated",
    severity=Severity.MEDIUM,
    title="The newest version of the gallery image can reach the scale set's region.",
    rationale="Nothing fails and nothing is reported: the instances in this region keep an older image.",
    remediation=replicate_image,
    arm_properties=(IMAGE, "location"),
    references=("https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries",),
    check=check,
    documentation=__doc__ or "",
)
