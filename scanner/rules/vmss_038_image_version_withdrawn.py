"""The version of the gallery image that is in use is withdrawn: soft-deleted, at its end, or reported.

From such a version no instance can be created, or soon none: scale-out fails. Judged are the version that new instances
get and the versions that instances run, in a gallery, a shared or a community gallery:

- it is soft-deleted (`imageState`);
- its `consumptionEndTime` is past, or within 90 days;
- its safety profile reports a policy violation, such as an unsafe image.

A version in use that the list does not hold was deleted, or cannot be seen: *unknown*. Where it was not read which
versions instances run, and a version of the image is withdrawn that they may run: *unknown*. Platform images (see
VMSS-037), managed images and VHDs: not applicable.
"""

from datetime import datetime

from scanner.facts.arm_paths import IMAGE
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.images import GalleryVersion
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import (
    GALLERIES,
    WARNED_BEFORE,
    age_evidence,
    found_version,
    known_versions,
    moment_text,
    used_versions,
)
from scanner.rules.remediation.images import leave_withdrawn_image
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Look for signs of withdrawal on the versions in use."""
    posture, gallery = scale_set.posture, scale_set.depth.gallery_image
    evidence = posture.evidence(IMAGE)
    if posture.image is None:
        return Answer(Outcome.UNKNOWN, "The image was not read.", evidence, is_unread=True)
    if posture.image.source not in GALLERIES:
        return Answer(Outcome.NOT_APPLICABLE, f"The image is in no gallery ({posture.image.source}).", evidence)
    if gallery is None:
        return Answer(Outcome.UNKNOWN, "The gallery's versions were not read.", evidence, is_unread=True)
    evidence = (*evidence, *age_evidence(gallery.read_at, criteria))
    names = sorted(known_versions(scale_set))
    in_use = [(name, found_version(gallery, name)) for name in names]
    for _, version in in_use:
        why = None if version is None else _withdrawn(version, criteria.moment)
        if version is not None and why:
            return Answer(Outcome.FAILED, f"Version {version.version} {why}.", (*evidence, *_evidence_of(version)))
    return _not_failed(scale_set, in_use, criteria.moment, evidence)


def _not_failed(
    scale_set: ScaleSet,
    in_use: list[tuple[str, GalleryVersion | None]],
    moment: datetime,
    evidence: tuple[Evidence, ...],
) -> Answer:
    gallery = scale_set.depth.gallery_image
    versions = () if gallery is None else gallery.versions
    missing = [name for name, version in in_use if version is None]
    if missing:
        reason = f"Version {missing[0]} is not in the gallery's list: it was deleted, or cannot be seen."
        return Answer(Outcome.UNKNOWN, reason, (*evidence, Evidence("images.version", missing[0])))
    found = [version for _, version in in_use if version is not None]
    if used_versions(scale_set) is None:
        suspects = [each for each in versions if _withdrawn(each, moment)]
        if suspects:
            reason = f"Version {suspects[-1].version} is withdrawn, and which versions instances run was not read."
            return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
        found = list(versions)
    if any(None in (each.soft_deleted, each.violations) for each in found):
        return Answer(Outcome.UNKNOWN, "The state of the version in use was not read.", evidence, is_unread=True)
    ends = [each.consumption_ends_at - WARNED_BEFORE for each in found if each.consumption_ends_at is not None]
    reason = "No version in use is withdrawn."
    return Answer(Outcome.PASSED, reason, evidence, holds_until=min(ends, default=None))


def _withdrawn(version: GalleryVersion, moment: datetime) -> str:
    """Say how a version is withdrawn; empty: it is not, as far as is known."""
    end = version.consumption_ends_at
    if version.soft_deleted:
        return "is soft-deleted: no instance can be created from it"
    if version.violations:
        return f"is reported for a policy violation ({', '.join(version.violations)})"
    if end is None or end - WARNED_BEFORE > moment:
        return ""
    return f"{'ended' if end <= moment else 'ends'} on {end.date()}: no instance can be created from it then"


def _evidence_of(version: GalleryVersion) -> tuple[Evidence, ...]:
    return (
        Evidence("images.version", version.version),
        Evidence("properties.imageState", "SoftDeleted" if version.soft_deleted else "Active"),
        Evidence("properties.consumptionEndTime", moment_text(version.consumption_ends_at)),
        Evidence("properties.safetyProfile.policyViolations", list(version.violations or ())),
    )


RULE = Rule(
    id="VMSS-038",
    name="image-version-withdrawn",
    severity=Severity.HIGH,
    title="The version of the gallery image in use is not withdrawn.",
    rationale="From a withdrawn version no instance can be created: scale-out fails when it is needed.",
    remediation=leave_withdrawn_image,
    arm_properties=(IMAGE,),
    references=(
        "https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries",
        "https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery",
    ),
    check=check,
    documentation=__doc__ or "",
)
