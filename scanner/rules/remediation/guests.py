"""Remediations of the rules about what patches the guests."""

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Switch
from scanner.facts.posture import ImageSource, OsType, PatchMode, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.policy import ImageUse
from scanner.rules.remediation.applied import is_by_platform
from scanner.rules.remediation.edits import Edit, Plan, Set

_REPROVISIONED = (
    "On existing instances the setting takes effect when their operating system is provisioned again (reimage or OS "
    "image upgrade)."
)


def stop_windows_updates(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-005."""
    return Plan(
        edits=without_windows_updates(posture),
        terraform="enable_automatic_updates = false (automatic_updates_enabled in newer versions of the provider)",
        note=f"Automatic OS image upgrade then brings the updates, with each new image. {_REPROVISIONED}",
    )


def without_windows_updates(posture: Posture) -> tuple[Edit, ...]:
    """Turn the updates of Windows off, and the patch mode AutomaticByOS, which Azure refuses beside that."""
    if posture.guest.patch_mode is PatchMode.AUTOMATIC_BY_OS:
        return Set(arm.WINDOWS_UPDATES, value=False), Set(arm.WINDOWS_PATCH_MODE, "Manual")
    return (Set(arm.WINDOWS_UPDATES, value=False),)


def stop_guest_patching(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-006: the patch mode of the operating system that has it. Azure takes Manual without Windows updates only."""
    edits: list[Edit] = []
    terraform: list[str] = []
    if is_by_platform(posture, arm.WINDOWS_PATCH_MODE):
        edits.append(Set(arm.WINDOWS_PATCH_MODE, "Manual"))
        terraform.append('patch_mode = "Manual"')
        if posture.windows_automatic_updates is not Switch.OFF:
            edits.append(Set(arm.WINDOWS_UPDATES, value=False))
            terraform.append("enable_automatic_updates = false")
    if is_by_platform(posture, arm.LINUX_PATCH_MODE):
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


def patch_guests(posture: Posture, criteria: Criteria) -> Plan:
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
    if not _is_listed(posture, criteria):
        return Plan(
            terraform="source_image_reference, or automatic_os_upgrade_policy { enable_automatic_os_upgrade = true }",
            bicep=f"{arm.IMAGE}, or {arm.OS_UPGRADE}: true",
            note=(
                "No command: Microsoft's list does not say that Azure patches guests of this image. Choose an image of the "
                "list, patch the guests by a schedule of your own and exempt this rule until a date, or, if you have seen "
                "that Azure patches it, name it in the policy ([[verified_images]]) and set patchMode to AutomaticByPlatform."
            ),
        )
    edits: list[Edit] = []
    terraform: list[str] = []
    if posture.guest.patch_mode is not PatchMode.AUTOMATIC_BY_PLATFORM:
        edits.append(Set(path, "AutomaticByPlatform"))
        terraform.append('patch_mode = "AutomaticByPlatform"')
    if posture.guest.agent is not True:
        agent = arm.AGENT_WINDOWS if posture.os_type is OsType.WINDOWS else arm.AGENT_LINUX
        edits.append(Set(agent, value=True))
        terraform.append("provision_vm_agent = true")
    if posture.guest.extension_operations is not True:
        edits.append(Set(arm.EXTENSION_OPERATIONS, value=True))
        terraform.append("extension_operations_enabled = true")
    schedule = ""
    if posture.guest.customer_schedule:
        edits.append(
            Set(arm.SCHEDULE_WINDOWS if posture.os_type is OsType.WINDOWS else arm.SCHEDULE_LINUX, value=False)
        )
        terraform.append("bypass_platform_safety_checks_on_user_schedule_enabled = false")
        schedule = (
            " This gives patching back to the platform. To patch by a schedule of your own instead, keep the bypass and assign"
            " a maintenance configuration of scope InGuestPatch to every instance, best by a dynamic scope, which reaches new"
            " ones too."
        )
    return Plan(
        edits=tuple(edits),
        terraform="; ".join(terraform),
        note=(
            "Azure asks for the Application Health extension beside it (VMSS-015), and then installs critical and security "
            "patches within 30 days, at any hour; patches may restart instances. Existing VMs get the setting only when "
            f"each is updated (az vm update).{schedule}"
        ),
    )


def _is_listed(posture: Posture, criteria: Criteria) -> bool:
    image = posture.image
    if image is None:
        return False
    verified = criteria.verified_image(image.name, ImageUse.GUEST_PATCHING)
    return verified is not None or image.name in criteria.published.guest_patch_images
