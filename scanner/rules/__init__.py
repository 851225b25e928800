"""The catalogue of rules: what is imported here, in the order of their ids."""

from collections.abc import Mapping

from scanner.facts.depth import ScaleSet
from scanner.facts.group import Member
from scanner.facts.posture import Posture
from scanner.rules import (  # noqa: F401 - a new rule is one line here: ``RULES`` is made of what is imported
    vmss_001_automatic_os_upgrade_disabled,
    vmss_002_automatic_os_upgrade_cannot_run,
    vmss_003_automated_rollout_without_health,
    vmss_004_automatic_rollback_disabled,
    vmss_005_windows_update_conflicts,
    vmss_006_guest_patching_conflicts,
    vmss_007_two_health_signals,
    vmss_008_upgrade_held_by_approval,
    vmss_009_maintenance_window_ineffective,
    vmss_010_instances_behind_model,
    vmss_011_manual_mode_undocumented,
    vmss_012_all_at_once_in_production,
    vmss_013_stateful_upgraded_automatically,
    vmss_014_flexible_unpatched,
    vmss_015_guest_patching_without_health,
    vmss_016_instances_held_back,
    vmss_017_service_fabric_requirement_unmet,
    vmss_020_rolling_batch_too_large,
    vmss_021_batch_too_large_for_capacity,
    vmss_022_no_pause_between_batches,
    vmss_023_unhealthy_threshold_too_permissive,
    vmss_024_surge_conflicts,
    vmss_025_threshold_blocks_small_set,
    vmss_030_image_version_pinned,
    vmss_031_image_cannot_be_versioned,
    vmss_032_image_source_not_approved,
    vmss_033_instances_behind_image,
    vmss_034_mixed_image_versions,
    vmss_035_image_not_replicated,
    vmss_036_image_end_of_life,
    vmss_037_platform_image_deprecated,
    vmss_038_image_version_withdrawn,
    vmss_040_weak_health_signal,
    vmss_041_automatic_repairs_disabled,
    vmss_042_unhealthy_instances_block_upgrades,
    vmss_043_repairs_suspended,
    vmss_050_extension_upgrade_disabled,
    vmss_051_extension_order_undefined,
    vmss_052_extension_credential_expired,
    vmss_060_rolling_upgrade_failed,
    vmss_061_rolling_upgrade_stalled,
    vmss_062_os_upgrade_rolled_back,
    vmss_070_environments_disagree,
    vmss_071_regions_disagree,
    vmss_072_production_ahead_of_canary,
    vmss_073_no_canary,
    vmss_074_upgraded_together,
    vmss_080_owner_missing,
    vmss_081_exemption_expired,
    vmss_082_exemption_invalid,
    vmss_083_changed_outside_pipeline,
)
from scanner.rules.exemption import ExemptionCase
from scanner.rules.readiness import ReadinessCase
from scanner.rules.reserved import RESERVED
from scanner.rules.rule import Rule

__all__ = [
    "BLOCKING_RULES",
    "DEPTH_RULES",
    "EXEMPTION_RULES",
    "FLEET_RULES",
    "POSTURE_RULES",
    "READINESS_RULE",
    "RESERVED",
    "RULES",
    "Rule",
    "known_id",
    "rule_by_id",
]

RULES: tuple[Rule, ...] = tuple([module.RULE for name, module in sorted(globals().items()) if name.startswith("vmss_")])
"""All rules, sorted by id."""

EXEMPTION_RULES: tuple[Rule[ExemptionCase], ...] = (
    vmss_082_exemption_invalid.RULE,
    vmss_081_exemption_expired.RULE,
)
"""Rules that need the exemptions and the outcomes of the rules before them, in the order of judging."""

READINESS_RULE: Rule[ReadinessCase] = vmss_001_automatic_os_upgrade_disabled.RULE
"""The rule about the flag, which also says whether it could be switched on."""

DEPTH_RULES: tuple[Rule[ScaleSet], ...] = (
    vmss_009_maintenance_window_ineffective.RULE,
    vmss_010_instances_behind_model.RULE,
    vmss_011_manual_mode_undocumented.RULE,
    vmss_014_flexible_unpatched.RULE,
    vmss_016_instances_held_back.RULE,
    vmss_033_instances_behind_image.RULE,
    vmss_034_mixed_image_versions.RULE,
    vmss_035_image_not_replicated.RULE,
    vmss_036_image_end_of_life.RULE,
    vmss_037_platform_image_deprecated.RULE,
    vmss_038_image_version_withdrawn.RULE,
    vmss_040_weak_health_signal.RULE,
    vmss_042_unhealthy_instances_block_upgrades.RULE,
    vmss_043_repairs_suspended.RULE,
    vmss_060_rolling_upgrade_failed.RULE,
    vmss_061_rolling_upgrade_stalled.RULE,
    vmss_062_os_upgrade_rolled_back.RULE,
    vmss_083_changed_outside_pipeline.RULE,
)
"""Rules that need what was read beside the row: instances, images, rollouts."""

FLEET_RULES: tuple[Rule[Member], ...] = (
    vmss_070_environments_disagree.RULE,
    vmss_071_regions_disagree.RULE,
    vmss_072_production_ahead_of_canary.RULE,
    vmss_073_no_canary.RULE,
    vmss_074_upgraded_together.RULE,
)
"""Rules that compare a scale set with the others of its application or cluster."""

POSTURE_RULES: tuple[Rule[Posture], ...] = tuple(
    [
        rule
        for rule in RULES
        if rule is not READINESS_RULE and rule not in (*EXEMPTION_RULES, *DEPTH_RULES, *FLEET_RULES)
    ]
)
"""Rules that need the posture and the criteria only."""

BLOCKING_RULES: tuple[Rule[Posture], ...] = tuple([rule for rule in POSTURE_RULES if rule.blocks_os_upgrade])
"""Rules that decide whether an automatic OS image upgrade can happen."""

_BY_NAME: Mapping[str, Rule] = {key: rule for rule in RULES for key in (rule.id.lower(), rule.name)}
_IDS: Mapping[str, str] = {
    **{key: rule.id for key, rule in _BY_NAME.items()},
    **{key: rule_id for rule_id, name in RESERVED.items() for key in (rule_id.lower(), name)},
}


def known_id(id_or_name: str) -> str:
    """Find the id of a rule, also of a reserved one, by id or name, without case. Raises ``KeyError``: there is none."""
    return _IDS[id_or_name.lower()]


def rule_by_id(id_or_name: str) -> Rule:
    """Find a rule by its id or name, without case. Raises ``KeyError`` when there is none."""
    return _BY_NAME[id_or_name.lower()]
