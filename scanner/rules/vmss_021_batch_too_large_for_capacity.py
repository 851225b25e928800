"""One batch is a large part of a small scale set.

A batch is the percentage of the capacity rounded down (the rounding is inferred), and at least one instance. The rule
fails when that is more than the share that the policy allows (34 % unless it says otherwise): with one or two
instances always. It is an upper bound:
zones and update domains make batches smaller. With `maxSurge` the rule passes, as new instances come first; without
quota Azure still works in place.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
the scale set's own policy or Azure's default (20 %, 20 %, 20 %, no pause) may rule; `maxSurge` is kept: where the rule answers differently
under the two, it is *unknown*. A capacity that was not read is *unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_BATCH, MAX_SURGE, MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.posture import Number, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import batch_size
from scanner.rules.remediation.rolling import spare_capacity
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare one batch with the capacity."""
    limit = criteria.policy.rolling.max_capacity_share_percent

    def judge(policy: RollingPolicy, capacity: Number | None) -> tuple[Outcome, str]:
        if capacity is None:
            return Outcome.UNKNOWN, "The capacity was not read."
        if posture.max_surge:
            return Outcome.PASSED, "New instances come before old ones go (maxSurge)."
        percent = policy.max_batch
        # A batch is at least one instance: that is too much of a very small scale set, whatever the percentage.
        batch = 1 if percent is None else batch_size(percent, capacity)
        if batch * 100 <= limit * capacity:
            if percent is None:
                return Outcome.UNKNOWN, "The batch size was not read."
            return Outcome.PASSED, f"A batch is at most {batch} of {capacity} instances."
        if posture.max_surge is None:
            return Outcome.UNKNOWN, "Whether new instances come first (maxSurge) was not read."
        return Outcome.FAILED, f"A batch is {batch} of {capacity} instances, more than {limit} %."

    return answer_under_policies(posture, judge, OS_UPGRADE, MODE, USE_ROLLING, MAX_BATCH, CAPACITY, MAX_SURGE)


RULE = Rule(
    id="VMSS-021",
    name="batch-too-large-for-capacity",
    severity=Severity.HIGH,
    title="One batch is a small part of the capacity.",
    rationale="While a batch is upgraded the rest carries the whole load.",
    remediation=spare_capacity,
    arm_properties=(
        MAX_BATCH,
        CAPACITY,
        MAX_SURGE,
        OS_UPGRADE,
        MODE,
        USE_ROLLING,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-maxsurge",
    ),
    check=check,
    documentation=__doc__ or "",
)
