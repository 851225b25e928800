"""A classic Service Fabric node type lacks something that upgrades of its image need.

Every node type: `typeHandlerVersion` of its extension is 1.1 or above, and Windows does not install updates by itself
(`enableAutomaticUpdates` is not true), whether or not automatic OS image upgrade is on. Silver and Gold durability
besides: no load balancer probe, mode Automatic, and five instances or more. The reason names everything that is unmet.

An Application Health extension beside Silver or Gold is *unknown*. So is Bronze, which Azure upgrades for stateless node
types only: whether one is stateless is in the row of the cluster. What was not read is *unknown*. Where there is no
Service Fabric extension the rule is not applicable.
"""

from collections.abc import Iterator

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Extension, Switch
from scanner.facts.posture import Durability, OsType, Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.questions import LEAST_NODES, LOWEST_SERVICE_FABRIC_HANDLER, SERVICE_FABRIC_PUBLISHER
from scanner.rules.remediation.service_fabric import meet_requirements
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Go through the requirements that the scale set's own row can show."""
    if not posture.service_fabric:
        return _without_extension(posture)
    evidence = posture.evidence(*_PATHS)
    requirements = list(_requirements(posture))
    if unmet := [problem for is_met, problem in requirements if is_met is False]:
        return Answer(Outcome.FAILED, f"Service Fabric: {'; '.join(unmet)}.", evidence)
    if unread := [problem for is_met, problem in requirements if is_met is None]:
        reason = f"Service Fabric: it was not read whether {'; '.join(unread)}."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if posture.durability is None:
        reason = "The durability of this Service Fabric node type was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    if posture.durability is Durability.BRONZE:
        reason = "Service Fabric of Bronze durability is upgraded where the node type is stateless, which its row does not say."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if posture.application_health is not False:
        reason = f"Whether an Application Health extension may stand beside {posture.durability} durability is not documented."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=posture.application_health is None)
    return Answer(Outcome.PASSED, "The node type meets every requirement that its row can show.", evidence)


_PATHS = (
    arm.EXTENSIONS,
    arm.DURABILITY,
    arm.OS_TYPE,
    arm.WINDOWS_UPDATES,
    arm.PROBE,
    arm.MODE,
    arm.CAPACITY,
)


def _without_extension(posture: Posture) -> Answer:
    evidence = posture.evidence(arm.EXTENSIONS)
    if posture.extensions is None:
        return Answer(Outcome.UNKNOWN, "The extensions were not read.", evidence, is_unread=True)
    if any(item.publisher is None for item in posture.extensions):
        reason = "Whether an extension is of Service Fabric was not read: its publisher is missing."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    return Answer(Outcome.NOT_APPLICABLE, "This is not a classic Service Fabric node type.", evidence)


def _requirements(posture: Posture) -> Iterator[tuple[bool | None, str]]:
    """Yield whether each requirement is met (``None``: not read), and in words that it is not."""
    for item in posture.extensions or ():
        if item.publisher == SERVICE_FABRIC_PUBLISHER:
            yield _handler_is_met(item), "typeHandlerVersion is below 1.1"
    yield _updates_are_met(posture), "Windows installs updates by itself (enableAutomaticUpdates)"
    if posture.durability in {Durability.SILVER, Durability.GOLD}:
        level = posture.durability.value
        probe, mode, capacity = posture.health_probe, posture.upgrade_mode, posture.capacity
        yield None if probe is None else not probe, f"there is a load balancer probe, which {level} durability excludes"
        yield None if mode is None else mode is UpgradeMode.AUTOMATIC, "the mode is not Automatic"
        yield (
            None if capacity is None else capacity == 0 or capacity >= LEAST_NODES,
            f"there are fewer than {LEAST_NODES} instances",
        )


def _handler_is_met(item: Extension) -> bool | None:
    version = item.handler_version
    return None if version is None else version >= LOWEST_SERVICE_FABRIC_HANDLER


def _updates_are_met(posture: Posture) -> bool | None:
    if posture.os_type is OsType.LINUX:
        return True
    if posture.os_type is None or posture.windows_automatic_updates is None:
        return None
    return posture.windows_automatic_updates is not Switch.ON


RULE = Rule(
    id="VMSS-017",
    name="service-fabric-requirement-unmet",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="A Service Fabric node type meets what upgrades of its image need.",
    rationale="Azure refuses or fails the upgrade of a node type that lacks one of them, and the nodes keep an old image.",
    remediation=meet_requirements,
    arm_properties=(
        arm.EXTENSION_PUBLISHER,
        arm.EXTENSION_HANDLER,
        arm.DURABILITY,
        arm.OS_TYPE,
        arm.WINDOWS_UPDATES,
        arm.PROBE,
        arm.MODE,
        arm.CAPACITY,
        arm.EXTENSION_TYPE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/service-fabric/service-fabric-cluster-capacity",
        "https://learn.microsoft.com/azure/service-fabric/how-to-patch-cluster-nodes-windows",
    ),
    check=check,
    documentation=__doc__ or "",
)
