"""The guests: their operating system and what patches them."""

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Switch
from scanner.facts.posture import Guest, OsType, PatchMode
from scanner.facts.three_valued import any_of
from scanner.reading.azure_values import Block, optional, required
from scanner.reading.reader import Reader

_OS_TYPES = {item.value: item for item in OsType}
_CONFIGURATIONS = {OsType.WINDOWS: "windowsConfiguration", OsType.LINUX: "linuxConfiguration"}
_WINDOWS_MODES = {
    "manual": PatchMode.MANUAL,
    "automaticbyos": PatchMode.AUTOMATIC_BY_OS,
    "automaticbyplatform": PatchMode.AUTOMATIC_BY_PLATFORM,
}
_LINUX_MODES = {"imagedefault": PatchMode.IMAGE_DEFAULT, "automaticbyplatform": PatchMode.AUTOMATIC_BY_PLATFORM}


class ReadGuest:
    """What the profile says about the guests.

    For the question whether the platform patches them (``platform_patching``), an absent OS profile or configuration
    says no. For everything else a missing OS profile was not read: the image decides then, and it is not in the model.
    """

    __slots__ = ("guest", "os_type", "platform_patching", "windows_automatic_updates")

    def __init__(self, profile: Block | None, storage: Block | None, reader: Reader) -> None:
        os_profile = required(profile, "osProfile")
        windows = required(os_profile, "windowsConfiguration")
        linux = required(os_profile, "linuxConfiguration")
        disk = optional(storage, "osDisk")
        self.os_type = _os_type(disk, has_windows=windows is not None, has_linux=linux is not None, reader=reader)
        self.windows_automatic_updates = reader.switch(arm.WINDOWS_UPDATES, windows, "enableAutomaticUpdates")
        assumed = optional(profile, "osProfile")
        modes = {
            OsType.WINDOWS: _patch_mode(assumed, OsType.WINDOWS, reader),
            OsType.LINUX: _patch_mode(assumed, OsType.LINUX, reader),
        }
        self.platform_patching = any_of(*[_by_platform(mode) for mode in modes.values()])
        self.guest = Guest()
        if os_profile is not None and self.os_type is not None:
            self.guest = _guest(os_profile, self.os_type, modes[self.os_type], reader)


def _by_platform(mode: PatchMode | None) -> bool | None:
    return None if mode is None else mode is PatchMode.AUTOMATIC_BY_PLATFORM


def _configuration(os_profile: Block | None, os_type: OsType) -> Block | None:
    return optional(os_profile, _CONFIGURATIONS[os_type])


def _patch_mode(os_profile: Block | None, os_type: OsType, reader: Reader) -> PatchMode | None:
    is_windows = os_type is OsType.WINDOWS
    return reader.choice(
        arm.WINDOWS_PATCH_MODE if is_windows else arm.LINUX_PATCH_MODE,
        optional(_configuration(os_profile, os_type), "patchSettings"),
        "patchMode",
        choices=_WINDOWS_MODES if is_windows else _LINUX_MODES,
        default=PatchMode.ABSENT,
    )


def _guest(os_profile: Block, os_type: OsType, mode: PatchMode | None, reader: Reader) -> Guest:
    """Read the configuration of the guests' own system; one that is absent from an OS profile sets nothing."""
    configuration = _configuration(os_profile, os_type)
    is_windows = os_type is OsType.WINDOWS
    by_platform = optional(optional(configuration, "patchSettings"), "automaticByPlatformSettings")
    updates = reader.switch(arm.WINDOWS_UPDATES, configuration, "enableAutomaticUpdates") if is_windows else None
    return Guest(
        patch_mode=mode,
        automatic_updates=updates if is_windows else Switch.ABSENT,
        agent=reader.flag(
            arm.AGENT_WINDOWS if is_windows else arm.AGENT_LINUX, configuration, "provisionVMAgent", default=True
        ),
        extension_operations=reader.flag(
            arm.EXTENSION_OPERATIONS, os_profile, "allowExtensionOperations", default=True
        ),
        customer_schedule=reader.flag(
            arm.SCHEDULE_WINDOWS if is_windows else arm.SCHEDULE_LINUX,
            by_platform,
            "bypassPlatformSafetyChecksOnUserSchedule",
        ),
    )


def _os_type(disk: Block | None, *, has_windows: bool, has_linux: bool, reader: Reader) -> OsType | None:
    """Combine the signs of the operating system; signs that disagree say nothing."""
    known = reader.choice(arm.OS_TYPE, disk, "osType", choices=_OS_TYPES)
    signs = set() if known is None else {known}
    if has_windows:
        signs.add(OsType.WINDOWS)
    if has_linux:
        signs.add(OsType.LINUX)
    return signs.pop() if len(signs) == 1 else None
