"""Questions about a posture that several rules ask. Each answer may be ``None``: not known."""

import math
from fractions import Fraction

from scanner.facts.posture import Extension, Number, OrchestrationMode, Posture, UpgradeMode
from scanner.facts.three_valued import all_of, any_of, same
from scanner.rules.verdict import Outcome

type HealthSources = tuple[bool | None, bool | None, bool | None]


def is_flexible(posture: Posture) -> bool | None:
    """Whether the orchestration mode is Flexible."""
    return same(posture.orchestration_mode, OrchestrationMode.FLEXIBLE)


def rolls(posture: Posture) -> bool | None:
    """Whether upgrades reach the instances in batches: Rolling mode, or automatic OS image upgrade in any mode.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades.
    """
    return any_of(posture.automatic_os_upgrade, same(posture.upgrade_mode, UpgradeMode.ROLLING))


def own_policy_rules(posture: Posture) -> bool:
    """Whether the scale set's own rolling policy is known to rule: Rolling mode, or the flag that asks for it.

    Under automatic OS image upgrade alone Azure may use its default policy instead; its pages disagree.
    """
    return posture.upgrade_mode is UpgradeMode.ROLLING or posture.use_rolling_upgrade_policy is True


def health_sources(posture: Posture) -> HealthSources:
    """Probe, Application Health extension and external health policy. On Flexible the probe is no source."""
    uniform = same(posture.orchestration_mode, OrchestrationMode.UNIFORM)
    return all_of(posture.health_probe, uniform), posture.application_health, posture.external_health_policy


def share_of(percent: Number, capacity: Number) -> int:
    """Count the whole instances in this percentage of the capacity."""
    if isinstance(percent, int) and isinstance(capacity, int):
        return percent * capacity // 100
    return math.floor(Fraction(percent) * Fraction(capacity) / 100)


def batch_size(percent: Number, capacity: Number) -> int:
    """Count the instances of one batch: at least one. Rounding down is inferred; Azure does not document it."""
    return max(1, share_of(percent, capacity))


def batches_apply(posture: Posture) -> tuple[Outcome, str] | None:
    """Answer for a rule about batches where it has nothing to judge, or cannot know; ``None``: it has something."""
    capacity = posture.capacity
    if capacity == 0:
        return Outcome.NOT_APPLICABLE, "There are no instances."
    used = rolls(posture)
    if used is None:
        return Outcome.UNKNOWN, "Whether upgrades go in batches was not read."
    return None if used else (Outcome.NOT_APPLICABLE, "Neither automatic OS image upgrade nor Rolling mode is on.")


def batches_failed(posture: Posture, reason: str) -> tuple[Outcome, str]:
    """Answer for a rule about batches that does not hold: failed, or unknown where Azure's own policy may rule."""
    if own_policy_rules(posture):
        return Outcome.FAILED, reason
    return Outcome.UNKNOWN, f"{reason} Azure may use its own default policy instead."


_CUSTOM_TYPES = frozenset({"customscript", "customscriptextension", "dsc", "dscforlinux"})


def is_custom_extension(extension: Extension) -> bool | None:
    """Whether it runs what the customer wrote: by its type, or as its publisher is not Microsoft."""
    publisher, kind = extension.publisher, extension.type
    foreign = None if publisher is None else not (publisher == "microsoft" or publisher.startswith("microsoft."))
    return any_of(foreign, None if kind is None else kind in _CUSTOM_TYPES)
