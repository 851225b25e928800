"""Remediations of the rules about the rolling upgrade policy: values of the operator's policy, and arithmetic."""

import math

from scanner.facts import arm_paths as arm
from scanner.facts.posture import Number, Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.questions import batch_size, share_of
from scanner.rules.remediation.edits import Edit, Plan, Scale, Set

LOWEST_PERCENT = 5
"""Azure takes 5 to 100 for maxBatchInstancePercent and maxUnhealthyInstancePercent."""
_ROLLOUT = "The next upgrade takes longer."
_OWN_POLICY = (
    " Azure may use its default policy (20 %, no pause) instead of this one: set useRollingUpgradePolicy to true, too, so that "
    "this one counts."
)
_CAPACITY = (
    "More instances cost more, and need quota. If autoscale sets the capacity, raise its minimum instead: it would take "
    "the new instances away again."
)


def _default_may_rule(posture: Posture) -> str:
    own = posture.upgrade_mode is UpgradeMode.ROLLING or posture.use_rolling_upgrade_policy
    return "" if own else _OWN_POLICY


def shrink_batch(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-020: the largest batch of the policy."""
    percent = criteria.policy.rolling.max_batch_percent
    return Plan(
        edits=(Set(arm.MAX_BATCH, percent),),
        terraform=f"rolling_upgrade_policy {{ max_batch_instance_percent = {percent} }}",
        note=f"The policy allows batches of {percent} %. {_ROLLOUT}{_default_may_rule(posture)}",
    )


def spare_capacity(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-021: the largest percentage whose batch is within the share; more instances where one is already too much."""
    limit = criteria.policy.rolling.max_capacity_share_percent
    capacity = math.ceil(posture.capacity or 1)
    wanted = capacity if limit * capacity >= 100 else math.ceil(100 / limit)
    allowed = limit * wanted // 100
    percent = _largest_percent(allowed, wanted)
    edits: list[Edit] = [Scale(wanted)] if wanted != capacity else []
    terraform = [f"instances = {wanted}"] if edits else []
    current = posture.max_batch_instance_percent
    if percent < LOWEST_PERCENT:
        return Plan(
            bicep=arm.MAX_BATCH,
            terraform="rolling_upgrade_policy { max_batch_instance_percent }",
            note=(
                f"No command: the policy allows {limit} % of the capacity, and Azure takes no batch below "
                f"{LOWEST_PERCENT} %. Raise max_capacity_share_percent in policy.toml, or use maxSurge."
            ),
        )
    if current is None or batch_size(current, wanted) > allowed:
        edits.append(Set(arm.MAX_BATCH, percent))
        terraform.append(f"rolling_upgrade_policy {{ max_batch_instance_percent = {percent} }}")
    note = f"A batch is then {allowed} of {wanted} instances; the policy allows {limit} % of the capacity."
    return Plan(
        edits=tuple(edits),
        terraform="; ".join(terraform),
        note=f"{note} {_CAPACITY if wanted != capacity else _ROLLOUT}{_default_may_rule(posture)}",
    )


def _largest_percent(allowed: int, capacity: int) -> int:
    """Find the largest whole percentage whose batch is no more than this many instances."""
    return min(100, math.ceil((allowed + 1) * 100 / capacity) - 1)


def pause_between_batches(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-022: the shortest pause of the policy."""
    seconds = criteria.policy.rolling.min_pause_seconds
    pause = f"PT{seconds // 60}M" if seconds % 60 == 0 else f"PT{seconds}S"
    return Plan(
        edits=(Set(arm.PAUSE, pause),),
        terraform=f'rolling_upgrade_policy {{ pause_time_between_batches = "{pause}" }}',
        note=f"The policy asks for {seconds} seconds between two batches. {_ROLLOUT}{_default_may_rule(posture)}",
    )


def stop_earlier(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-023: the limit of the policy, or the percentage that allows one instance where the limit allows none."""
    limit, capacity = criteria.policy.rolling.max_unhealthy_percent, posture.capacity or 1
    lowest = max(limit, _percent_of_one(capacity))
    unhealthy, upgraded = posture.max_unhealthy_instance_percent, posture.max_unhealthy_upgraded_instance_percent
    edits: list[Edit] = []
    terraform: list[str] = []
    if _is_permissive(unhealthy, limit, capacity):
        if _is_permissive(lowest, limit, capacity):
            return Plan(
                bicep=arm.MAX_UNHEALTHY,
                terraform="rolling_upgrade_policy { max_unhealthy_instance_percent }",
                note=(
                    f"No command: the policy allows {limit} % unhealthy instances, and Azure takes no threshold below "
                    f"{LOWEST_PERCENT} %. Raise max_unhealthy_percent in policy.toml."
                ),
            )
        edits.append(Set(arm.MAX_UNHEALTHY, lowest))
        terraform.append(f"max_unhealthy_instance_percent = {lowest}")
    if _is_permissive(upgraded, limit, capacity):
        edits.append(Set(arm.MAX_UNHEALTHY_UPGRADED, limit))
        terraform.append(f"max_unhealthy_upgraded_instance_percent = {limit}")
    return Plan(
        edits=tuple(edits),
        terraform=f"rolling_upgrade_policy {{ {'; '.join(terraform)} }}",
        note=(
            f"The policy allows {limit} % unhealthy instances. Check first how many instances are unhealthy today: more than "
            f"the threshold stop the next upgrade.{_default_may_rule(posture)}"
        ),
    )


def _is_permissive(percent: Number | None, limit: int, capacity: Number) -> bool:
    return percent is None or (percent > limit and share_of(percent, capacity) > 1)


def allow_one_unhealthy(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-025: the smallest percentage that is one instance."""
    percent = _percent_of_one(posture.capacity or 1)
    return Plan(
        edits=(Set(arm.MAX_UNHEALTHY, percent),),
        terraform=f"rolling_upgrade_policy {{ max_unhealthy_instance_percent = {percent} }}",
        note=(
            f"One of {posture.capacity} instances may then be unhealthy while an upgrade goes on. Check that the others can "
            f"carry the load, or add instances instead.{_default_may_rule(posture)}"
        ),
    )


def _percent_of_one(capacity: Number) -> int:
    return max(LOWEST_PERCENT, math.ceil(100 / capacity))


def stop_overprovisioning(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-024."""
    return Plan(
        edits=(Set(arm.OVERPROVISION, value=False),),
        terraform="overprovision = false",
        note="Scaling out may take a little longer without extra instances.",
    )
