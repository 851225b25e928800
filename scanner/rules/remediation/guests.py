"""Remediations of the rules about what patches the guests."""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import ImageSource, OsType, PatchMode, Posture, Switch
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Edit, Plan, Set

_REPROVISIONED = (
    "On existing instances the setting takes effect when their operating system is provisioned again (reimage or OS "
    "image upgrade)."
)


def stop_windows_updates(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-005. Azure refuses AutomaticByOS beside ``enableAutomaticUpdates: false``."""
    edits: list[Edit] = [Set(arm.WINDOWS_UPDATES, value=False)]
    if posture.windows_patch_mode is PatchMode.AUTOMATIC_BY_OS and arm.WINDOWS_PATCH_MODE in posture.reported:
        edits.append(Set(arm.WINDOWS_PATCH_MODE, "Manual"))
    return Plan(
        edits=tuple(edits),
        terraform="enable_automatic_updates = false (automatic_updates_enabled in newer versions of the provider)",
        note=f"Automatic OS image upgrade then brings the updates, with each new image. {_REPROVISIONED}",
    )


def stop_guest_patching(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-006: the patch mode of the operating system that has it. Azure takes Manual without Windows updates only."""
    edits: list[Edit] = []
    terraform: list[str] = []
    if posture.windows_patch_mode is PatchMode.AUTOMATIC_BY_PLATFORM:
        edits.append(Set(arm.WINDOWS_PATCH_MODE, "Manual"))
        terraform.append('patch_mode = "Manual"')
        if posture.windows_automatic_updates is not Switch.OFF:
            edits.append(Set(arm.WINDOWS_UPDATES, value=False))
            terraform.append("enable_automatic_updates = false")
    if posture.linux_patch_mode is PatchMode.AUTOMATIC_BY_PLATFORM:
        edits.append(Set(arm.LINUX_PATCH_MODE, "ImageDefault"))
        terraform.append('patch_mode = "ImageDefault"')
    return Plan(
        edits=tuple(edits),
        terraform="; ".join(terraform),
        note=(
            "Decide which of the two patches the instances: this keeps automatic OS image upgrade. To keep guest patching "
            "on Flexible orchestration instead, turn automatic OS image upgrade off. Turn hotpatching off first if it is on: "
            "Azure takes it with AutomaticByPlatform only."
        ),
    )


def patch_guests(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-014: let the platform patch the guests, where it can."""
    path = arm.WINDOWS_PATCH_MODE if posture.os_type is OsType.WINDOWS else arm.LINUX_PATCH_MODE
    if posture.image is not None and posture.image.source is not ImageSource.PLATFORM:
        return Plan(
            terraform="source_image_reference, or automatic_os_upgrade_policy { enable_automatic_os_upgrade = true }",
            bicep=f"{arm.IMAGE}, or {arm.OS_UPGRADE}: true",
            note=(
                "No command: Azure patches no guest that was made from an image of your own. Publish patched images to a "
                "gallery and replace the VMs, or turn on automatic OS image upgrade for a gallery image (a preview on "
                "Flexible orchestration), or create the scale set anew from an image of Microsoft's list."
            ),
        )
    return Plan(
        edits=(Set(path, "AutomaticByPlatform"),),
        terraform='patch_mode = "AutomaticByPlatform"',
        note=(
            "Azure asks for the Application Health extension beside it (VMSS-015), and then installs critical and security "
            "patches within 30 days, at any hour; patches may restart instances. Existing VMs get the setting only when "
            "each is updated (az vm update)."
        ),
    )
