"""The guests: their operating system and what patches them."""

from scanner.facts.arm_paths import LINUX_PATCH_MODE, OS_TYPE, WINDOWS_PATCH_MODE, WINDOWS_UPDATES
from scanner.facts.posture import OsType, PatchMode
from scanner.facts.three_valued import any_of
from scanner.reading.azure_values import Block, optional, required
from scanner.reading.reader import Reader

_OS_TYPES = {item.value: item for item in OsType}
_WINDOWS_MODES = {
    "manual": PatchMode.MANUAL,
    "automaticbyos": PatchMode.AUTOMATIC_BY_OS,
    "automaticbyplatform": PatchMode.AUTOMATIC_BY_PLATFORM,
}
_LINUX_MODES = {"imagedefault": PatchMode.IMAGE_DEFAULT, "automaticbyplatform": PatchMode.AUTOMATIC_BY_PLATFORM}


class ReadGuest:
    """What the profile says about the guests.

    For the question whether the platform patches them, an absent configuration says no. For everything else a missing
    OS profile, or a missing Windows configuration, was not read: the image decides then, and it is not in the model.
    """

    __slots__ = (
        "linux_patch_mode",
        "os_type",
        "platform_patching",
        "windows_automatic_updates",
        "windows_patch_mode",
    )

    def __init__(self, profile: Block | None, storage: Block | None, reader: Reader) -> None:
        os_profile = required(profile, "osProfile")
        windows = required(os_profile, "windowsConfiguration")
        linux = required(os_profile, "linuxConfiguration")
        disk = optional(storage, "osDisk")
        self.os_type = _os_type(disk, has_windows=windows is not None, has_linux=linux is not None, reader=reader)
        self.windows_automatic_updates = reader.switch(WINDOWS_UPDATES, windows, "enableAutomaticUpdates")
        assumed = optional(profile, "osProfile")
        windows_mode = reader.choice(
            WINDOWS_PATCH_MODE,
            optional(optional(assumed, "windowsConfiguration"), "patchSettings"),
            "patchMode",
            choices=_WINDOWS_MODES,
            default=PatchMode.AUTOMATIC_BY_OS,
        )
        linux_mode = reader.choice(
            LINUX_PATCH_MODE,
            optional(optional(assumed, "linuxConfiguration"), "patchSettings"),
            "patchMode",
            choices=_LINUX_MODES,
            default=PatchMode.IMAGE_DEFAULT,
        )
        self.windows_patch_mode = None if windows is None else windows_mode
        self.linux_patch_mode = None if os_profile is None else linux_mode
        self.platform_patching = any_of(_by_platform(windows_mode), _by_platform(linux_mode))


def _by_platform(mode: PatchMode | None) -> bool | None:
    return None if mode is None else mode is PatchMode.AUTOMATIC_BY_PLATFORM


def _os_type(disk: Block | None, *, has_windows: bool, has_linux: bool, reader: Reader) -> OsType | None:
    """Combine the signs of the operating system; signs that disagree say nothing."""
    known = reader.choice(OS_TYPE, disk, "osType", choices=_OS_TYPES)
    signs = set() if known is None else {known}
    if has_windows:
        signs.add(OsType.WINDOWS)
    if has_linux:
        signs.add(OsType.LINUX)
    return signs.pop() if len(signs) == 1 else None
