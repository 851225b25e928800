"""A single unhealthy instance stops every upgrade.

`maxUnhealthyInstancePercent` of the capacity, rounded down, is less than one instance: 20 % of four instances allow none.
Azure then refuses to start an upgrade while one instance is unhealthy.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
the scale set's own policy or Azure's default (20 %, 20 %, 20 %, no pause) may rule: where the rule answers differently
under the two, it is *unknown*. A capacity that was not read is *unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_UNHEALTHY, MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.posture import Number, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import share_of
from scanner.rules.remediation.rolling import allow_one_unhealthy
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Count the unhealthy instances that the threshold allows."""
    return answer_under_policies(posture, _judge, OS_UPGRADE, MODE, USE_ROLLING, MAX_UNHEALTHY, CAPACITY)


def _judge(policy: RollingPolicy, capacity: Number | None) -> tuple[Outcome, str]:
    percent = policy.max_unhealthy
    if capacity is None:
        return Outcome.UNKNOWN, "The capacity was not read."
    if percent is None:
        return Outcome.UNKNOWN, "The unhealthy threshold was not read."
    allowed = share_of(percent, capacity)
    if allowed == 0:
        return Outcome.FAILED, f"{percent} % of {capacity} instances is less than one instance."
    return Outcome.PASSED, f"{allowed} of {capacity} instances may be unhealthy."


RULE = Rule(
    id="VMSS-025",
    name="threshold-blocks-small-set",
    severity=Severity.LOW,
    title="The unhealthy threshold allows one instance at least.",
    rationale="Upgrades of small scale sets stop without a bad image, and the reason is hard to see.",
    remediation=allow_one_unhealthy,
    arm_properties=(
        MAX_UNHEALTHY,
        CAPACITY,
        OS_UPGRADE,
        MODE,
        USE_ROLLING,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
