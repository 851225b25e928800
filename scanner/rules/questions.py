"""Questions about a posture that several rules ask. Each answer may be ``None``: not known."""

import math
from fractions import Fraction

from scanner.facts.extensions import Extension
from scanner.facts.posture import Number, OrchestrationMode, Posture, UpgradeMode
from scanner.facts.three_valued import all_of, any_of, same

SERVICE_FABRIC_PUBLISHER = "microsoft.azure.servicefabric"
LOWEST_SERVICE_FABRIC_HANDLER = (1, 1)
"""The lowest ``typeHandlerVersion`` of the Service Fabric extension under which Azure upgrades the image."""
LEAST_NODES = 5
"""The least instances of a node type of Silver or Gold durability."""

type HealthSources = tuple[bool | None, bool | None, bool | None]


def is_flexible(posture: Posture) -> bool | None:
    """Whether the orchestration mode is Flexible."""
    return same(posture.orchestration_mode, OrchestrationMode.FLEXIBLE)


def rolls(posture: Posture) -> bool | None:
    """Whether upgrades reach the instances in batches: Rolling mode, or automatic OS image upgrade in any mode.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades.
    """
    flag, mode = posture.automatic_os_upgrade, posture.upgrade_mode
    if flag or mode is UpgradeMode.ROLLING:
        return True
    return None if flag is None or mode is None else False


def uses_probe(posture: Posture) -> bool | None:
    """Whether a load balancer probe is a source of health: on Flexible it is none."""
    return all_of(posture.health_probe, same(posture.orchestration_mode, OrchestrationMode.UNIFORM))


def health_extension_reports(posture: Posture) -> bool | None:
    """Whether an Application Health extension is there that can report."""
    if posture.extensions is None:
        return None
    # An extension whose publisher or type was not read may be one.
    unread = [None for item in posture.extensions if item.is_application_health is None]
    return any_of(*[item.reports for item in posture.health_extensions], *unread)


def health_problems(posture: Posture) -> str:
    """Say why Application Health extensions cannot report, as a sentence behind another; empty: none has a problem."""
    problems = dict.fromkeys(item.problem for item in posture.health_extensions if item.problem)
    return f" The Application Health extension is not a source: {'; '.join(problems)}." if problems else ""


def health_signals(posture: Posture) -> HealthSources:
    """Probe, Application Health extension and external health policy that are there, able to report or not."""
    return uses_probe(posture), posture.application_health, posture.external_health_policy


def health_sources(posture: Posture) -> HealthSources:
    """Probe, Application Health extension and external health policy that report health."""
    return uses_probe(posture), health_extension_reports(posture), posture.external_health_policy


def share_of(percent: Number, capacity: Number) -> int:
    """Count the whole instances in this percentage of the capacity."""
    if isinstance(percent, int) and isinstance(capacity, int):
        return percent * capacity // 100
    return math.floor(Fraction(percent) * Fraction(capacity) / 100)


def batch_size(percent: Number, capacity: Number) -> int:
    """Count the instances of one batch: at least one. Rounding down is inferred; Azure does not document it."""
    return max(1, share_of(percent, capacity))


_CUSTOM_TYPES = frozenset({"customscript", "customscriptextension", "customscriptforlinux", "dsc", "dscforlinux"})


def is_custom_extension(extension: Extension) -> bool | None:
    """Whether it runs what the customer wrote: by its type, or as its publisher is not Microsoft."""
    publisher, kind = extension.publisher, extension.type
    foreign = None if publisher is None else not (publisher == "microsoft" or publisher.startswith("microsoft."))
    return any_of(foreign, None if kind is None else kind in _CUSTOM_TYPES)
