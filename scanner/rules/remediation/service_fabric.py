"""Remediation of the rule about the requirements of Service Fabric node types."""

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Switch
from scanner.facts.posture import Durability, OsType, Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.questions import (
    LEAST_NODES,
    LOWEST_SERVICE_FABRIC_HANDLER,
    SERVICE_FABRIC_PUBLISHER,
)
from scanner.rules.remediation.edits import Edit, Plan, Remove, Scale, Set
from scanner.rules.remediation.guests import without_windows_updates


def meet_requirements(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-017: everything that is unmet, in one update."""
    edits: list[Edit] = []
    terraform: list[str] = []
    for item in posture.extensions or ():
        version = item.handler_version
        if item.publisher == SERVICE_FABRIC_PUBLISHER and version and version < LOWEST_SERVICE_FABRIC_HANDLER:
            edits.append(Set(f"{item.path}.typeHandlerVersion", ".".join(map(str, LOWEST_SERVICE_FABRIC_HANDLER))))
            terraform.append('extension { type_handler_version = "1.1" }')
    if posture.os_type is OsType.WINDOWS and posture.windows_automatic_updates is Switch.ON:
        edits += without_windows_updates(posture)
        terraform.append("enable_automatic_updates = false")
    if posture.durability in {Durability.SILVER, Durability.GOLD}:
        if posture.health_probe:
            edits.append(Remove(arm.PROBE.removesuffix(".id")))
            terraform.append("remove health_probe_id")
        if posture.upgrade_mode is not UpgradeMode.AUTOMATIC:
            edits.append(Set(arm.MODE, "Automatic"))
            terraform.append('upgrade_mode = "Automatic"')
        if posture.capacity is not None and 0 < posture.capacity < LEAST_NODES:
            edits.append(Scale(LEAST_NODES))
            terraform.append(f"instances = {LEAST_NODES}")
    return Plan(
        edits=tuple(edits),
        terraform="; ".join(terraform),
        note=(
            "Service Fabric takes the change to the nodes one update domain after the other. The durability in the "
            "extension has to be that of the node type in the cluster. After automatic updates of Windows were turned off, "
            "reimage the nodes."
        ),
    )
