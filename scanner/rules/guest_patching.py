"""Whether something in the guest of a Flexible scale set patches it.

https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scanner.facts import arm_paths as arm
from scanner.facts.evidence import Evidence
from scanner.facts.extensions import Switch
from scanner.facts.guests import GuestRecords
from scanner.facts.posture import ImageSource, OsType, PatchMode, Posture
from scanner.facts.three_valued import all_of
from scanner.rules.criteria import Criteria
from scanner.rules.policy import ImageUse
from scanner.rules.questions import is_flexible

PATHS = (
    arm.OS_TYPE,
    arm.WINDOWS_PATCH_MODE,
    arm.LINUX_PATCH_MODE,
    arm.WINDOWS_UPDATES,
    arm.AGENT_WINDOWS,
    arm.AGENT_LINUX,
    arm.EXTENSION_OPERATIONS,
    arm.SCHEDULE_WINDOWS,
    arm.SCHEDULE_LINUX,
    arm.IMAGE,
    arm.VHD,
)
"""The ARM properties that the answer may rest on."""


@dataclass(frozen=True, slots=True)
class GuestPatching:
    """Whether the guest is patched, and why."""

    counts: bool | None
    """``None``: it cannot be said."""
    reason: str
    """A sentence."""
    evidence: tuple[Evidence, ...] = ()
    is_unread: bool = False
    """Whether it cannot be said because something was not read."""
    holds_until: datetime | None = None


RUN_COUNTS = timedelta(days=30)
"""How long an installation of patches shows that a schedule works: Azure keeps its record for so long."""


def guest_patching(posture: Posture, criteria: Criteria, records: GuestRecords | None = None) -> GuestPatching:
    """Go through the ways of patching a guest. Mode and operating system have to be known for any answer.

    ``records`` are the schedules that reach the instances, and what came of them; ``None``: not read.
    """
    mode = posture.guest.patch_mode
    if posture.os_type is None:
        return _unread(posture, "The operating system is not known.", arm.OS_TYPE)
    windows = posture.os_type is OsType.WINDOWS
    mode_path = arm.WINDOWS_PATCH_MODE if windows else arm.LINUX_PATCH_MODE
    if mode is None:
        return _unread(posture, "The patch mode was not read.", arm.OS_TYPE, mode_path)
    if mode is PatchMode.AUTOMATIC_BY_PLATFORM:
        return _by_platform(posture, criteria, mode_path, records)
    return _by_windows(posture, mode) if windows else _by_image(posture)


def patches_in_guest(posture: Posture, criteria: Criteria, records: GuestRecords | None = None) -> bool | None:
    """Whether a Flexible scale set is patched in its guests by the platform: what the headline calls ``in_guest``."""
    patching = guest_patching(posture, criteria, records)
    return all_of(is_flexible(posture), posture.platform_patching, patching.counts)


def _by_platform(posture: Posture, criteria: Criteria, mode_path: str, records: GuestRecords | None) -> GuestPatching:
    guest, image = posture.guest, posture.image
    windows = posture.os_type is OsType.WINDOWS
    agent_path = arm.AGENT_WINDOWS if windows else arm.AGENT_LINUX
    prefix = "patchMode is AutomaticByPlatform, but "
    if guest.agent is False:
        return _does_not(posture, f"{prefix}the VM agent is not installed.", mode_path, agent_path)
    if guest.extension_operations is False:
        return _does_not(posture, f"{prefix}extension operations are not allowed.", mode_path, arm.EXTENSION_OPERATIONS)
    image_path = arm.VHD if arm.VHD in posture.reported else arm.IMAGE
    if image is not None and image.source is not ImageSource.PLATFORM:
        reason = f"{prefix}the platform does not patch customised images ({image.source})."
        return _does_not(posture, reason, mode_path, image_path)
    if image is None:
        return _unread(posture, "The image was not read.", mode_path, image_path)
    if guest.agent is None or guest.extension_operations is None:
        return _unread(
            posture, "Whether the VM agent may work was not read.", mode_path, agent_path, arm.EXTENSION_OPERATIONS
        )
    return _of_platform_image(posture, criteria, image.name, mode_path, records)


def _of_platform_image(
    posture: Posture, criteria: Criteria, image: str, mode_path: str, records: GuestRecords | None
) -> GuestPatching:
    verified = criteria.verified_image(image, ImageUse.GUEST_PATCHING)
    if image not in criteria.published.guest_patch_images and verified is None:
        date = criteria.published.guest_patch_images_date
        reason = f"{image} is not on Microsoft's list of images for guest patching of {date}."
        return _unclear(posture, reason, mode_path, arm.IMAGE)
    schedule_path = arm.SCHEDULE_WINDOWS if posture.os_type is OsType.WINDOWS else arm.SCHEDULE_LINUX
    if posture.guest.customer_schedule:
        return _by_schedule(posture, criteria, records, mode_path, schedule_path)
    if posture.guest.customer_schedule is None:
        return _unread(posture, "Whether a schedule of the customer's decides was not read.", mode_path, schedule_path)
    if records is not None and records.schedules:
        reason = (
            "A schedule is assigned, and bypassPlatformSafetyChecksOnUserSchedule is not set: the schedule ends with an"
            " error, and whether the platform patches then is not known."
        )
        unclear = _unclear(posture, reason, mode_path, schedule_path)
        return replace(unclear, evidence=(*unclear.evidence, *_evidence_of(records)))
    if verified is None:
        return _counts(posture, "The platform patches the guests.", mode_path, arm.IMAGE)
    return GuestPatching(
        counts=True,
        reason=f"The platform patches the guests; {verified.owner} verified the image until {verified.until}.",
        evidence=(*posture.evidence(mode_path, arm.IMAGE), verified.evidence),
        holds_until=verified.ends_at,
    )


def _by_schedule(posture: Posture, criteria: Criteria, records: GuestRecords | None, *paths: str) -> GuestPatching:
    """Say whether a schedule of the customer's patches the guests: the platform leaves them alone then."""
    decides = "A schedule of the customer's decides (bypassPlatformSafetyChecksOnUserSchedule)"
    if records is None:
        reason = f"{decides}; without an assigned one nothing is patched, and assignments were not read."
        return _unclear(posture, reason, *paths)
    evidence = (*posture.evidence(*paths), *_evidence_of(records))
    if not records.schedules:
        return GuestPatching(counts=False, reason=f"{decides}, and none reaches the instances.", evidence=evidence)
    if records.patched_at is not None and criteria.moment - records.patched_at < RUN_COUNTS:
        return GuestPatching(
            counts=True,
            reason=f"{decides}, and patches were installed on {records.patched_at.date()}.",
            evidence=evidence,
            holds_until=records.patched_at + RUN_COUNTS,
        )
    reason = f"{decides}; one reaches the instances, and no installation of patches is recorded within 30 days."
    return GuestPatching(counts=None, reason=reason, evidence=evidence)


def _evidence_of(records: GuestRecords) -> tuple[Evidence, ...]:
    patched, assessed = records.patched_at, records.assessed_on
    return (
        Evidence("maintenanceConfigurationId", list(records.schedules)),
        Evidence("patchInstallationResults.lastModifiedDateTime", None if patched is None else patched.isoformat()),
        Evidence("patchAssessmentResults.lastModifiedDateTime", None if assessed is None else assessed.isoformat()),
    )


def _by_windows(posture: Posture, mode: PatchMode) -> GuestPatching:
    updates = posture.guest.automatic_updates
    paths = (arm.WINDOWS_PATCH_MODE, arm.WINDOWS_UPDATES)
    if updates is None:
        return _unread(posture, "The automatic updates of Windows were not read.", *paths)
    if mode is PatchMode.MANUAL:
        if updates is Switch.OFF:
            return _does_not(posture, "patchMode is Manual and automatic updates are off.", *paths)
        return _unclear(posture, "patchMode is Manual, beside which Azure wants automatic updates off.", *paths)
    if updates is not Switch.OFF:
        return _counts(posture, "Windows installs updates by itself.", *paths)
    if mode is PatchMode.ABSENT:
        return _does_not(posture, "Automatic updates of Windows are off.", *paths)
    return _unclear(posture, "patchMode is AutomaticByOS, beside which Azure refuses updates that are off.", *paths)


def _by_image(posture: Posture) -> GuestPatching:
    paths = (arm.LINUX_PATCH_MODE, arm.IMAGE)
    if posture.canonical_image is None:
        return _unread(posture, "Whether the image patches itself was not read.", *paths)
    if posture.canonical_image:
        return _unclear(
            posture, "The image decides (ImageDefault), and images of Canonical may patch themselves.", *paths
        )
    return _does_not(posture, "The image decides (ImageDefault), and nothing that Azure reports patches it.", *paths)


def _counts(posture: Posture, reason: str, *paths: str) -> GuestPatching:
    return GuestPatching(counts=True, reason=reason, evidence=posture.evidence(*paths))


def _does_not(posture: Posture, reason: str, *paths: str) -> GuestPatching:
    return GuestPatching(counts=False, reason=reason, evidence=posture.evidence(*paths))


def _unclear(posture: Posture, reason: str, *paths: str) -> GuestPatching:
    return GuestPatching(counts=None, reason=reason, evidence=posture.evidence(*paths))


def _unread(posture: Posture, reason: str, *paths: str) -> GuestPatching:
    return GuestPatching(counts=None, reason=reason, evidence=posture.evidence(*paths), is_unread=True)
