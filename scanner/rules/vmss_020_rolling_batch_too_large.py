"""A rolling upgrade takes too many instances down at the same time.

`maxBatchInstancePercent` is more than the policy allows (20 unless it says otherwise, which is also what Azure uses
when the property is absent). The rule passes while a batch is one instance, whatever the percentage.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
the scale set's own policy or Azure's default (20 %, 20 %, 20 %, no pause) may rule: where the rule answers differently
under the two, it is *unknown*. Over the limit with the capacity not read:
*unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_BATCH, MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.posture import Number, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import batch_size
from scanner.rules.remediation.rolling import shrink_batch
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the batch with the limit."""
    limit = criteria.policy.rolling.max_batch_percent

    def judge(policy: RollingPolicy, capacity: Number | None) -> tuple[Outcome, str]:
        percent = policy.max_batch
        if percent is None:
            return Outcome.UNKNOWN, "The batch size was not read."
        if percent <= limit:
            return Outcome.PASSED, f"A batch is at most {percent} % of the instances."
        if capacity is None:
            return Outcome.UNKNOWN, f"A batch is {percent} % of the instances; the capacity was not read."
        if batch_size(percent, capacity) == 1:
            return Outcome.PASSED, "A batch is one instance."
        return Outcome.FAILED, f"A batch is {percent} % of the instances, more than {limit} %."

    return answer_under_policies(posture, judge, OS_UPGRADE, MODE, USE_ROLLING, MAX_BATCH, CAPACITY)


RULE = Rule(
    id="VMSS-020",
    name="rolling-batch-too-large",
    severity=Severity.MEDIUM,
    title="A batch of a rolling upgrade is small.",
    rationale="The larger the batch, the more of the application a bad image breaks before health stops the upgrade.",
    remediation=shrink_batch,
    arm_properties=(
        MAX_BATCH,
        CAPACITY,
        OS_UPGRADE,
        MODE,
        USE_ROLLING,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
    ),
    check=check,
    documentation=__doc__ or "",
)
