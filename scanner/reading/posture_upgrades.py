"""The upgrade policy: the mode, automatic OS image upgrade, and the rolling policy, in old spellings and new ones."""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import UpgradeMode
from scanner.reading.azure_values import Block, optional
from scanner.reading.reader import Reader

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

    def __init__(self, policy: Block | None, reader: Reader) -> None:
        os_upgrade = optional(policy, "automaticOSUpgradePolicy", "automaticOsUpgradePolicy")
        rolling = optional(policy, "rollingUpgradePolicy")
        self.mode = reader.choice(arm.MODE, policy, "mode", choices=_UPGRADE_MODES, default=UpgradeMode.MANUAL)
        self.automatic_os_upgrade = _os_upgrade(policy, os_upgrade, reader)
        self.rollback_disabled = _rollback_disabled(policy, os_upgrade, reader)
        self.use_rolling = reader.flag(arm.USE_ROLLING, os_upgrade, "useRollingUpgradePolicy")
        self.deferral = reader.flag(arm.DEFERRAL, os_upgrade, "osRollingUpgradeDeferral")
        self.max_batch = reader.number(
            arm.MAX_BATCH, rolling, "maxBatchInstancePercent", "batchInstancePercent", default=20
        )
        self.max_unhealthy = reader.number(arm.MAX_UNHEALTHY, rolling, "maxUnhealthyInstancePercent", default=20)
        self.max_unhealthy_upgraded = reader.number(
            arm.MAX_UNHEALTHY_UPGRADED, rolling, "maxUnhealthyUpgradedInstancePercent", default=20
        )
        self.pause = reader.seconds(arm.PAUSE, rolling, "pauseTimeBetweenBatches", default=0)
        self.max_surge = reader.flag(arm.MAX_SURGE, rolling, "maxSurge")


def _os_upgrade(policy: Block | None, os_upgrade: Block | None, reader: Reader) -> bool | None:
    """Read the flag; where it is absent, the one that old API versions had in its place."""
    if os_upgrade is None:
        return None
    names = ("enableAutomaticOSUpgrade", "enableAutomaticOsUpgrade")
    if any(os_upgrade.get(name) is not None for name in names):
        return reader.flag(arm.OS_UPGRADE, os_upgrade, *names)
    return reader.flag(arm.LEGACY_OS_UPGRADE, policy, "automaticOSUpgrade", "automaticOsUpgrade")


def _rollback_disabled(policy: Block | None, os_upgrade: Block | None, reader: Reader) -> bool | None:
    """Read the flag; where it is absent, the one of the policy that old API versions had in its place."""
    if os_upgrade is None or "disableAutomaticRollback" in os_upgrade:
        return reader.flag(arm.ROLLBACK_DISABLED, os_upgrade, "disableAutomaticRollback")
    legacy = optional(policy, "autoOSUpgradePolicy", "autoOsUpgradePolicy")
    return reader.flag(arm.ROLLBACK_DISABLED, legacy, "disableAutoRollback")
