"""The upgrade policy: the mode, automatic OS image upgrade, and the rolling policy, in old spellings and new ones."""

from scanner.facts import arm_paths as arm
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Number, UpgradeMode
from scanner.reading.azure_values import Block, as_reported, choice, flag, number, optional, seconds

_UPGRADE_MODES = {item.value: item for item in UpgradeMode}


class ReadPolicy:
    """The upgrade policy. A policy that was read has Azure's defaults where it says nothing."""

    __slots__ = (
        "automatic_os_upgrade",
        "deferral",
        "max_batch",
        "max_surge",
        "max_unhealthy",
        "max_unhealthy_upgraded",
        "mode",
        "pause",
        "rollback_disabled",
        "use_rolling",
    )

    def __init__(self, policy: Block | None, reported: dict[str, JsonValue]) -> None:
        os_upgrade = optional(policy, "automaticOSUpgradePolicy", "automaticOsUpgradePolicy")
        rolling = optional(policy, "rollingUpgradePolicy")
        self.mode = _mode(policy, reported)
        self.automatic_os_upgrade = _os_upgrade(policy, os_upgrade, reported)
        self.rollback_disabled = _rollback_disabled(policy, os_upgrade, reported)
        self.use_rolling = switched(os_upgrade, "useRollingUpgradePolicy", arm.USE_ROLLING, reported)
        self.deferral = switched(os_upgrade, "osRollingUpgradeDeferral", arm.DEFERRAL, reported)
        self.max_batch = _percent(rolling, ("maxBatchInstancePercent", "batchInstancePercent"), arm.MAX_BATCH, reported)
        self.max_unhealthy = _percent(rolling, ("maxUnhealthyInstancePercent",), arm.MAX_UNHEALTHY, reported)
        self.max_unhealthy_upgraded = _percent(
            rolling, ("maxUnhealthyUpgradedInstancePercent",), arm.MAX_UNHEALTHY_UPGRADED, reported
        )
        self.pause = _pause(rolling, reported)
        self.max_surge = switched(rolling, "maxSurge", arm.MAX_SURGE, reported)


def _mode(policy: Block | None, reported: dict[str, JsonValue]) -> UpgradeMode | None:
    if policy is None:
        return None
    value = policy.get("mode")
    if value is None:
        return UpgradeMode.MANUAL
    reported[arm.MODE] = as_reported(value)
    return choice(value, _UPGRADE_MODES)


def _os_upgrade(policy: Block | None, os_upgrade: Block | None, reported: dict[str, JsonValue]) -> bool | None:
    """Read the flag; where it is absent, the one that old API versions had in its place."""
    if policy is None or os_upgrade is None:
        return None
    places = (
        (os_upgrade, "enableAutomaticOSUpgrade", arm.OS_UPGRADE),
        (os_upgrade, "enableAutomaticOsUpgrade", arm.OS_UPGRADE),
        (policy, "automaticOSUpgrade", arm.LEGACY_OS_UPGRADE),
        (policy, "automaticOsUpgrade", arm.LEGACY_OS_UPGRADE),
    )
    for block, name, path in places:
        value = block.get(name)
        if value is not None:
            reported[path] = as_reported(value)
            return flag(value)
    return False


def _rollback_disabled(policy: Block | None, os_upgrade: Block | None, reported: dict[str, JsonValue]) -> bool | None:
    """Read the flag; where it is absent, the one of the policy that old API versions had in its place."""
    if os_upgrade is None or "disableAutomaticRollback" in os_upgrade:
        return switched(os_upgrade, "disableAutomaticRollback", arm.ROLLBACK_DISABLED, reported)
    legacy = optional(policy, "autoOSUpgradePolicy", "autoOsUpgradePolicy")
    return switched(legacy, "disableAutoRollback", arm.ROLLBACK_DISABLED, reported)


def _percent(rolling: Block | None, names: tuple[str, ...], path: str, reported: dict[str, JsonValue]) -> Number | None:
    """Read a percentage of the rolling policy: 20 unless it is set."""
    if rolling is None:
        return None
    for name in names:
        value = rolling.get(name)
        if value is not None:
            reported[path] = as_reported(value)
            return number(value)
    return 20


def _pause(rolling: Block | None, reported: dict[str, JsonValue]) -> Number | None:
    if rolling is None:
        return None
    value = rolling.get("pauseTimeBetweenBatches")
    if value is None:
        return 0
    reported[arm.PAUSE] = as_reported(value)
    return seconds(value)


def flag_at(block: Block | None, name: str, path: str, reported: dict[str, JsonValue]) -> bool | None:
    """Read a bool that has no default."""
    if block is None or (value := block.get(name)) is None:
        return None
    reported[path] = as_reported(value)
    return flag(value)


def switched(block: Block | None, name: str, path: str, reported: dict[str, JsonValue]) -> bool | None:
    """Read a bool that is false unless it is set."""
    if block is None:
        return None
    return False if block.get(name) is None else flag_at(block, name, path, reported)
