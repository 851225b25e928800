"""A rolling upgrade takes too many instances down at the same time.

`maxBatchInstancePercent` is more than the policy allows (20 unless it says otherwise, which is also what Azure uses
when the property is absent). The rule passes while a batch is one instance, whatever the percentage.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
Azure may use its own default policy: what would fail is *unknown*. Over the limit with the capacity not read:
*unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_BATCH, MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import batch_size, batches_apply, batches_failed
from scanner.rules.remediation.rolling import shrink_batch
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the batch with the limit."""
    outcome, reason = _answer(posture, criteria.policy.rolling.max_batch_percent)
    return Answer(outcome, reason, posture.evidence(OS_UPGRADE, MODE, USE_ROLLING, MAX_BATCH, CAPACITY))


def _answer(posture: Posture, limit: int) -> tuple[Outcome, str]:
    applies = batches_apply(posture)
    if applies is not None:
        return applies
    percent, capacity = posture.max_batch_instance_percent, posture.capacity
    if percent is None:
        return Outcome.UNKNOWN, "The batch size was not read."
    if percent <= limit:
        return Outcome.PASSED, f"A batch is at most {percent} % of the instances."
    if capacity is None:
        return Outcome.UNKNOWN, f"A batch is {percent} % of the instances; the capacity was not read."
    if batch_size(percent, capacity) == 1:
        return Outcome.PASSED, "A batch is one instance."
    return batches_failed(posture, f"A batch is {percent} % of the instances, more than {limit} %.")


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
