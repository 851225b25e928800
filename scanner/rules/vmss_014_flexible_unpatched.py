"""On Flexible orchestration, neither the image nor the guest is kept up to date.

Automatic OS image upgrade is not on, the platform does not patch the guests (`patchMode` AutomaticByPlatform), and on
Windows the guests do not update themselves either: automatic updates are off, or nothing turns them on while
`patchMode` is Manual. On Linux the image's own default does not count.

A guest configuration that was not read (no OS profile, or on Windows no Windows configuration) is *unknown*.
"""

from scanner.facts.arm_paths import (
    LINUX_PATCH_MODE,
    ORCHESTRATION_MODE,
    OS_TYPE,
    OS_UPGRADE,
    WINDOWS_PATCH_MODE,
    WINDOWS_UPDATES,
)
from scanner.facts.posture import OsType, PatchMode, Posture, Switch
from scanner.facts.three_valued import any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.guests import patch_guests
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look for anything that patches the guests of a Flexible scale set."""
    evidence = posture.evidence(ORCHESTRATION_MODE, OS_UPGRADE, OS_TYPE, *_GUEST)
    flexible = is_flexible(posture)
    if flexible is False:
        return Answer(Outcome.NOT_APPLICABLE, "The orchestration mode is not Flexible.", evidence)
    if flexible is None:
        return Answer(Outcome.UNKNOWN, "The orchestration mode was not read.", evidence)
    if posture.automatic_os_upgrade:
        return Answer(Outcome.PASSED, "Automatic OS image upgrade replaces the image.", evidence)
    patched = any_of(posture.automatic_os_upgrade, posture.platform_patching, _is_patched(posture))
    if patched is None:
        return Answer(Outcome.UNKNOWN, "How the guests are patched was not read.", evidence)
    if patched:
        return Answer(Outcome.PASSED, "The guests are patched automatically.", evidence)
    return Answer(Outcome.FAILED, "Nothing patches the image or the guests.", evidence)


_GUEST = (WINDOWS_UPDATES, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)


def _is_patched(posture: Posture) -> bool | None:
    windows, linux = _windows_is_patched(posture), same(posture.linux_patch_mode, PatchMode.AUTOMATIC_BY_PLATFORM)
    if posture.os_type is OsType.WINDOWS:
        return windows
    if posture.os_type is OsType.LINUX:
        return linux
    # Disk and configuration contradict each other, or neither says: patched either way, or it cannot be said.
    return True if windows and linux else None


def _windows_is_patched(posture: Posture) -> bool | None:
    mode, updates = posture.windows_patch_mode, posture.windows_automatic_updates
    if mode is PatchMode.AUTOMATIC_BY_PLATFORM or updates is Switch.ON:
        return True
    if updates is Switch.OFF:
        return None if mode is None else False
    if updates is Switch.ABSENT:
        return None if mode is None else mode is not PatchMode.MANUAL
    return None


RULE = Rule(
    id="VMSS-014",
    name="flexible-unpatched",
    severity=Severity.HIGH,
    title="On Flexible orchestration, the image or the guest is patched automatically.",
    rationale="Nothing installs security fixes on these instances.",
    remediation=patch_guests,
    arm_properties=(
        ORCHESTRATION_MODE,
        OS_UPGRADE,
        OS_TYPE,
        WINDOWS_UPDATES,
        WINDOWS_PATCH_MODE,
        LINUX_PATCH_MODE,
    ),
    references=("https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching",),
    check=check,
    documentation=__doc__ or "",
)
