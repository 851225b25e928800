"""Remediations of the rule about maintenance windows."""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan, Set


def make_window_effective(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-009: switch the upgrade on where it is off, else change the window."""
    if posture.automatic_os_upgrade is False:
        return Plan(
            edits=(Set(arm.OS_UPGRADE, value=True),),
            terraform="automatic_os_upgrade_policy { enable_automatic_os_upgrade = true }",
            restarts="From then on Azure replaces the OS disks of the instances, batch by batch, in the window.",
            note=(
                "Azure upgrades the image in the window from then on. If that is not wanted, take the assignment away instead"
                " (az maintenance assignment delete)."
            ),
        )
    return Plan(
        bicep="maintenanceWindow of the Microsoft.Maintenance/maintenanceConfigurations resource: duration '05:00', recurEvery 'Day'",
        terraform='azurerm_maintenance_configuration: window { duration = "05:00"; recur_every = "Day" }',
        note=(
            "No command: it is the maintenance configuration that changes, and others may use it too. Give its window at least"
            " five hours, a recurrence of a day or a week, and no end in the past (az maintenance configuration update)."
        ),
    )
