"""Remediations of the rules about automatic OS image upgrade and the upgrade mode."""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import OrchestrationMode, Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Edit, Plan, Set

_FIRST_UPGRADE = (
    "Azure replaces the OS disks of all instances, batch by batch, as soon as it starts the first upgrade: usually "
    "within about 3 hours."
)


def enable_os_upgrade(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-001. A stateful workload is not to be upgraded automatically, so there is no command for one."""
    if is_stateful(posture, criteria):
        return Plan(
            note=(
                "No command: the workload tag says that the instances hold state, so automatic OS image upgrade would "
                "fail VMSS-013. Upgrade the instances by hand on a schedule and exempt this rule until a date, or correct "
                "the workload tag if they hold no state."
            ),
        )
    notes = ["From then on Azure upgrades the instances whenever a new version of the image is published."]
    if posture.upgrade_mode is UpgradeMode.MANUAL:
        notes.append(
            "The upgrade mode is Manual: afterwards, bring the instances to the latest model (az vmss "
            "update-instances), which may restart them. Instances that are not on it are left out of the upgrade."
        )
    if posture.orchestration_mode is not OrchestrationMode.UNIFORM:
        notes.append("On Flexible orchestration automatic OS image upgrade is a preview.")
    return Plan(
        terraform="automatic_os_upgrade_policy { enable_automatic_os_upgrade = true }",
        edits=(Set(arm.OS_UPGRADE, value=True),),
        restarts=_FIRST_UPGRADE,
        note=" ".join(notes),
    )


def is_stateful(posture: Posture, criteria: Criteria) -> bool:
    """Whether the workload tag says that instances hold state."""
    workload = posture.tags.get(criteria.policy.tags.workload)
    return workload is not None and workload.strip().lower() in criteria.policy.stateful_workloads


def enable_rollback(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-004."""
    return Plan(
        edits=(Set(arm.ROLLBACK_DISABLED, value=False),),
        terraform="automatic_os_upgrade_policy { disable_automatic_rollback = false }",
        note="From then on, an instance that does not become healthy after an upgrade goes back to its earlier OS disk.",
    )


def release_upgrade(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-008: what holds the upgrade, be it the deferral, a lifecycle hook, or both."""
    edits: list[Edit] = []
    if posture.os_rolling_upgrade_deferral is not False:
        edits.append(Set(arm.DEFERRAL, value=False))
    edits += [
        Set(f"{arm.HOOKS}[{index}].defaultAction", "Approve")
        for index, hook in enumerate(posture.lifecycle_hooks or ())
        if hook.default_action != "approve"
    ]
    return Plan(
        edits=tuple(edits),
        terraform="azapi_update_resource with the same properties: the azurerm provider has none for them",
        restarts="All instances may be upgraded, batch by batch, as soon as Azure starts an upgrade that was held.",
        note="If a person or a pipeline is meant to approve each upgrade, exempt this rule until a date instead.",
    )


def document_cadence(_posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-011: only a person knows how often the instances are really patched."""
    tag = criteria.policy.tags.patch_cadence
    return Plan(
        bicep=f"tags: the tag {tag}",
        terraform=f"tags: the tag {tag}",
        note=(
            f"No command: only the owner knows how often the instances are patched. Set the tag {tag} to the cadence that "
            "is really kept (az tag update with --operation merge keeps the other tags), or turn on automatic OS image "
            "upgrade. A tag restarts no instance."
        ),
    )


def roll_in_batches(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-012."""
    return Plan(
        edits=(Set(arm.MODE, "Rolling"),),
        terraform='upgrade_mode = "Rolling", with a rolling_upgrade_policy block',
        note=(
            "Azure refuses Rolling mode without a source of application health (VMSS-003). Later changes of the model "
            "then restart the instances batch by batch."
        ),
    )


def stop_automatic_upgrades(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-013: whatever upgrades the instances without a person."""
    edits: list[Edit] = []
    # What was not read is set as well: it may be what upgrades them.
    if posture.upgrade_mode in {UpgradeMode.AUTOMATIC, None}:
        edits.append(Set(arm.MODE, "Manual"))
    if posture.automatic_os_upgrade is not False:
        edits.append(Set(arm.OS_UPGRADE, value=False))
    return Plan(
        edits=tuple(edits),
        terraform='upgrade_mode = "Manual"; automatic_os_upgrade_policy { enable_automatic_os_upgrade = false }',
        note=(
            "From then on, a person upgrades the instances: plan it, or they keep an old image. If the instances hold no "
            "state, correct the workload tag instead."
        ),
    )
