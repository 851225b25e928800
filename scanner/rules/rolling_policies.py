"""Which rolling policy rules, and what a rule about batches answers where it may be one of two.

Under automatic OS image upgrade without Rolling mode, and without ``useRollingUpgradePolicy``, the scale set's own
policy may rule or Azure's default; its pages disagree. A rule is judged under each policy that may rule.
https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades.
"""

from collections.abc import Callable
from typing import NamedTuple

from scanner.facts.posture import Number, Posture, UpgradeMode
from scanner.rules.questions import rolls
from scanner.rules.verdict import Answer, Outcome


class RollingPolicy(NamedTuple):
    """A rolling policy, in percent of the instances and in seconds; ``None``: not read."""

    max_batch: Number | None
    max_unhealthy: Number | None
    max_unhealthy_upgraded: Number | None
    pause: Number | None


AZURE_DEFAULT = RollingPolicy(max_batch=20, max_unhealthy=20, max_unhealthy_upgraded=20, pause=0)
"""What Azure uses where it does not take the scale set's own policy."""

type Judge = Callable[[RollingPolicy, Number | None], tuple[Outcome, str]]
"""Judges a policy at a capacity, which may not have been read; answers the outcome and a sentence."""


def answer_under_policies(posture: Posture, judge: Judge, *paths: str) -> Answer:
    """Judge under every policy that may rule: the common outcome counts, and different ones are unknown."""
    evidence = posture.evidence(*paths)
    capacity = posture.capacity
    if capacity == 0:
        return Answer(Outcome.NOT_APPLICABLE, "There are no instances.", evidence)
    used = rolls(posture)
    if used is None:
        return Answer(Outcome.UNKNOWN, "Whether upgrades go in batches was not read.", evidence)
    if not used:
        return Answer(Outcome.NOT_APPLICABLE, "Neither automatic OS image upgrade nor Rolling mode is on.", evidence)
    own = RollingPolicy(
        max_batch=posture.max_batch_instance_percent,
        max_unhealthy=posture.max_unhealthy_instance_percent,
        max_unhealthy_upgraded=posture.max_unhealthy_upgraded_instance_percent,
        pause=posture.pause_between_batches_seconds,
    )
    outcome, reason = judge(own, capacity)
    if posture.upgrade_mode is UpgradeMode.ROLLING or posture.use_rolling_upgrade_policy:
        return Answer(outcome, reason, evidence)
    other, other_reason = judge(AZURE_DEFAULT, capacity)
    if outcome is other:
        return Answer(outcome, reason, evidence)
    both = f"Its own rolling policy or Azure's default may rule. Its own: {reason} Azure's default: {other_reason}"
    return Answer(Outcome.UNKNOWN, both, evidence)
