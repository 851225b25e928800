"""The version of the gallery image that is in use, or its image definition, is past its end-of-life date.

The date is a note of the image's owner: Azure goes on creating instances from it, and nothing stops working. That is
why it goes unnoticed. Judged are the definition, the version that new instances get, and the versions that instances
run, where they were read. Without any date: not applicable, as are platform images (VMSS-037), managed images and VHDs.
Where it was not read which versions instances run, and one of the gallery's versions is past its date: *unknown*.
"""

from datetime import datetime

from scanner.facts.arm_paths import IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import GalleryImage, GalleryVersion
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import (
    GALLERIES,
    age_evidence,
    found_version,
    known_versions,
    moment_text,
    used_versions,
)
from scanner.rules.remediation.images import leave_old_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

_DATE = "properties.publishingProfile.endOfLifeDate"
_DEFINITION_DATE = "properties.endOfLifeDate"


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Compare the dates of the definition and of the versions in use with the moment."""
    posture, gallery = scale_set.posture, scale_set.depth.gallery_image
    evidence = posture.evidence(IMAGE)
    if posture.image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence, is_unread=True)
    if posture.image.source not in GALLERIES:
        return Answer(Outcome.NOT_APPLICABLE, f"The image is in no gallery ({posture.image.source}).", evidence)
    if gallery is None:
        return Answer(Outcome.UNKNOWN, "The gallery's versions were not read.", evidence, is_unread=True)
    evidence = (*evidence, *age_evidence(gallery.read_at, criteria))
    in_use = [(name, found_version(gallery, name)) for name in sorted(known_versions(scale_set))]
    failed = _ended(gallery, [each for _, each in in_use if each is not None], criteria.moment, evidence)
    if failed is not None:
        return failed
    missing = [name for name, each in in_use if each is None]
    if missing:
        reason = f"The end of life of version {missing[0]} was not read."
        return Answer(Outcome.UNKNOWN, reason, (*evidence, Evidence("images.version", missing[0])), is_unread=True)
    return _before_the_end(scale_set, gallery, criteria.moment, evidence)


def _ended(
    gallery: GalleryImage, in_use: list[GalleryVersion], moment: datetime, evidence: tuple[Evidence, ...]
) -> Answer | None:
    if _is_past(gallery.end_of_life_at, moment):
        told = Evidence(_DEFINITION_DATE, moment_text(gallery.end_of_life_at))
        return Answer(Outcome.FAILED, "The image definition is past its end of life.", (*evidence, told))
    for version in in_use:
        if _is_past(version.end_of_life_at, moment):
            told = Evidence(_DATE, moment_text(version.end_of_life_at))
            reason = f"Version {version.version} is past its end of life."
            return Answer(Outcome.FAILED, reason, (*evidence, Evidence("images.version", version.version), told))
    return None


def _before_the_end(
    scale_set: ScaleSet, gallery: GalleryImage, moment: datetime, evidence: tuple[Evidence, ...]
) -> Answer:
    used = used_versions(scale_set)
    if used is None and any(_is_past(each.end_of_life_at, moment) for each in gallery.versions):
        reason = "A version is past its end of life, and which versions instances run was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if not gallery.has_definition:
        return Answer(Outcome.UNKNOWN, "The image definition was not read.", evidence, is_unread=True)
    relevant = gallery.versions if used is None else [found_version(gallery, name) for name in sorted(used)]
    dates = [each.end_of_life_at for each in relevant if each is not None]
    ends = [date for date in (gallery.end_of_life_at, *dates) if date is not None]
    if not ends:
        return Answer(Outcome.NOT_APPLICABLE, "Neither the image definition nor a version in use has an end.", evidence)
    told = Evidence(_DATE, moment_text(min(ends)))
    reason = f"What is in use has not reached its end of life, {min(ends).date()}."
    return Answer(Outcome.PASSED, reason, (*evidence, told), holds_until=min(ends))


def _is_past(end: datetime | None, moment: datetime) -> bool:
    return end is not None and end <= moment


RULE = Rule(
    id="VMSS-036",
    name="image-end-of-life",
    severity=Severity.HIGH,
    title="The gallery image in use has not reached its end of life.",
    rationale="Its owner no longer fixes it: new instances start with known holes, and Azure says nothing.",
    remediation=leave_old_image,
    arm_properties=(IMAGE,),
    references=("https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries",),
    check=check,
    documentation=__doc__ or "",
)
