"""The guests: their operating system and what patches them."""

from scanner.facts.arm_paths import LINUX_PATCH_MODE, OS_TYPE, WINDOWS_PATCH_MODE, WINDOWS_UPDATES
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import OsType, PatchMode, Switch
from scanner.facts.three_valued import any_of
from scanner.reading.azure_values import Block, as_reported, choice, flag, optional, required

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

    def __init__(self, profile: Block | None, storage: Block | None, reported: dict[str, JsonValue]) -> None:
        os_profile = required(profile, "osProfile")
        windows = required(os_profile, "windowsConfiguration")
        linux = required(os_profile, "linuxConfiguration")
        disk = optional(storage, "osDisk")
        self.os_type = _os_type(disk, has_windows=windows is not None, has_linux=linux is not None, reported=reported)
        self.windows_automatic_updates = _updates(windows, reported)
        assumed = optional(profile, "osProfile")
        windows_mode = _patch_mode(
            optional(assumed, "windowsConfiguration"), _WINDOWS_MODES, WINDOWS_PATCH_MODE, reported
        )
        linux_mode = _patch_mode(optional(assumed, "linuxConfiguration"), _LINUX_MODES, LINUX_PATCH_MODE, reported)
        self.windows_patch_mode = None if windows is None else windows_mode
        self.linux_patch_mode = None if os_profile is None else linux_mode
        self.platform_patching = any_of(_by_platform(windows_mode), _by_platform(linux_mode))


def _by_platform(mode: PatchMode | None) -> bool | None:
    return None if mode is None else mode is PatchMode.AUTOMATIC_BY_PLATFORM


def _patch_mode(
    configuration: Block | None, modes: dict[str, PatchMode], path: str, reported: dict[str, JsonValue]
) -> PatchMode | None:
    settings = optional(configuration, "patchSettings")
    if settings is None:
        return None
    value = settings.get("patchMode")
    if value is None:
        return PatchMode.AUTOMATIC_BY_OS if modes is _WINDOWS_MODES else PatchMode.IMAGE_DEFAULT
    reported[path] = as_reported(value)
    return choice(value, modes)


def _os_type(
    disk: Block | None, *, has_windows: bool, has_linux: bool, reported: dict[str, JsonValue]
) -> OsType | None:
    """Combine the signs of the operating system; signs that disagree say nothing."""
    signs: set[OsType] = set()
    value = None if disk is None else disk.get("osType")
    if value is not None:
        reported[OS_TYPE] = as_reported(value)
        known = choice(value, _OS_TYPES)
        signs |= {known} if known is not None else set()
    if has_windows:
        signs.add(OsType.WINDOWS)
    if has_linux:
        signs.add(OsType.LINUX)
    return signs.pop() if len(signs) == 1 else None


def _updates(windows: Block | None, reported: dict[str, JsonValue]) -> Switch | None:
    if windows is None:
        return None
    value = windows.get("enableAutomaticUpdates")
    if value is None:
        return Switch.ABSENT
    reported[WINDOWS_UPDATES] = as_reported(value)
    read = flag(value)
    return None if read is None else (Switch.ON if read else Switch.OFF)
