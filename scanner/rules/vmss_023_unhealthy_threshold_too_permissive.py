"""A rolling upgrade goes on while too many instances are unhealthy.

`maxUnhealthyInstancePercent` or `maxUnhealthyUpgradedInstancePercent` is more than the policy allows (20 unless it
says otherwise, which is also what Azure uses when a property is absent). A threshold passes while it allows one
instance at most: at 20 % one unhealthy instance of four stops every upgrade.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
the scale set's own policy or Azure's default (20 %, 20 %, 20 %, no pause) may rule: where the rule answers differently
under the two, it is *unknown*. Over the limit with the capacity not read:
*unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_UNHEALTHY, MAX_UNHEALTHY_UPGRADED, MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.posture import Number, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import share_of
from scanner.rules.remediation.rolling import stop_earlier
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare both thresholds with the limit."""
    limit = criteria.policy.rolling.max_unhealthy_percent

    def judge(policy: RollingPolicy, capacity: Number | None) -> tuple[Outcome, str]:
        thresholds = {"instances": policy.max_unhealthy, "upgraded instances": policy.max_unhealthy_upgraded}
        permissive = {what: _is_permissive(percent, capacity, limit) for what, percent in thresholds.items()}
        if too_many := [f"{thresholds[what]} % of the {what}" for what, answer in permissive.items() if answer]:
            return Outcome.FAILED, f"The upgrade goes on with {' and '.join(too_many)} unhealthy, more than {limit} %."
        if None in permissive.values():
            return Outcome.UNKNOWN, "Not all of the thresholds and the capacity were read."
        return Outcome.PASSED, f"The upgrade stops at {limit} % unhealthy instances or earlier, or allows one at most."

    return answer_under_policies(
        posture, judge, OS_UPGRADE, MODE, USE_ROLLING, MAX_UNHEALTHY, MAX_UNHEALTHY_UPGRADED, CAPACITY
    )


def _is_permissive(percent: Number | None, capacity: Number | None, limit: int) -> bool | None:
    if percent is None:
        return None
    if percent <= limit:
        return False
    return None if capacity is None else share_of(percent, capacity) > 1


RULE = Rule(
    id="VMSS-023",
    name="unhealthy-threshold-too-permissive",
    severity=Severity.MEDIUM,
    title="A rolling upgrade stops when a few instances are unhealthy.",
    rationale="A bad image reaches most of the instances before the upgrade stops.",
    remediation=stop_earlier,
    arm_properties=(
        MAX_UNHEALTHY,
        MAX_UNHEALTHY_UPGRADED,
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
