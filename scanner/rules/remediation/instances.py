"""Remediations of the rules about instances: what was wrong is not in the model, so no command changes the model.

Which instances may restart now is for their owner to say; the note names the command for it.
"""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan

_ROLLING = f"{arm.MODE}: 'Rolling' with a rollingUpgradePolicy, so that Azure brings instances to the model in batches"
_TERRAFORM = 'upgrade_mode = "Rolling" with a rolling_upgrade_policy block'


def bring_to_model(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-010."""
    why = "In Manual mode nothing brings instances to the model by itself. " if _is_manual(posture) else ""
    return Plan(
        bicep=_ROLLING,
        terraform=_TERRAFORM,
        note=(
            f"No command: when instances may restart is for their owner to say. {why}az vmss update-instances "
            "--instance-ids <ids, or *> brings instances to the latest model; all that are named restart at once, so name "
            "few, and wait until they are healthy. Where a rolling upgrade was cancelled, put its cause right first "
            "(az vmss rolling-upgrade get-latest)."
        ),
    )


def release_instances(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-016."""
    return Plan(
        bicep="virtualMachineScaleSets/virtualMachines: properties.protectionPolicy.protectFromScaleSetActions: false",
        terraform="azapi_update_resource of the instance with protectionPolicy.protectFromScaleSetActions = false",
        note=(
            "No command: why an instance is protected is known to its owner only. When the reason is over: az vmss update "
            "--instance-id <id> --protect-from-scale-set-actions false, or stop to report SkipUpgrade in the application's "
            "health answer. The instance then takes part in the next upgrade, and restarts."
        ),
    )


def update_image(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-033 and VMSS-034."""
    if posture.automatic_os_upgrade:
        what = (
            "Automatic OS image upgrade is on, so find out what stops it: az vmss rolling-upgrade get-latest and az vmss "
            "get-os-upgrade-history show the last attempts with their errors; the findings of VMSS-042 and of the blocking "
            "rules name others"
        )
    else:
        what = (
            "Automatic OS image upgrade is off: az vmss rolling-upgrade start brings instances to the newest image in "
            "batches, once; VMSS-001 is about switching it on"
        )
    return Plan(
        bicep=f"{arm.OS_UPGRADE}: true",
        terraform="automatic_os_upgrade_policy { enable_automatic_os_upgrade = true }",
        note=f"No command: when instances may be replaced is for their owner to say. {what}. Each instance gets a new OS disk.",
    )


def repair_unhealthy(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-042."""
    return Plan(
        bicep=f"{arm.REPAIRS}: true",
        terraform="automatic_instance_repair { enabled = true }",
        note=(
            "No command: why instances are unhealthy is not known here. The evidence names some: az vmss get-instance-view "
            "--instance-id <id> shows their health and extensions. Repair, reimage or delete them; upgrades start again when "
            "no more than the threshold allows are unhealthy. A higher threshold hides it."
        ),
    )


def resume_repairs(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-043."""
    return Plan(
        bicep=f"{arm.REPAIRS}: true",
        terraform="automatic_instance_repair { enabled = true }",
        note=(
            "No command: repairs that failed repeatedly fail again until their cause is put right. Look at the unhealthy "
            "instances first, then: az vmss set-orchestration-service-state --service-name AutomaticRepairs --action Resume. "
            "Instances that are unhealthy then are replaced."
        ),
    )


def _is_manual(posture: Posture) -> bool:
    return posture.upgrade_mode is UpgradeMode.MANUAL
