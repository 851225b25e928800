"""One batch follows the other without a pause.

`pauseTimeBetweenBatches` is shorter than the policy asks for (one minute unless it says otherwise). Azure's default
is no pause, so an absent value fails. Durations are compared as time: PT60S is PT1M.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
the scale set's own policy or Azure's default (20 %, 20 %, 20 %, no pause) may rule: where the rule answers differently
under the two, it is *unknown*. Too short a pause with the capacity not read:
*unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MODE, OS_UPGRADE, PAUSE, USE_ROLLING
from scanner.facts.posture import Number, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.rolling import pause_between_batches
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the pause with the shortest that is expected."""
    shortest = criteria.policy.rolling.min_pause_seconds

    def judge(policy: RollingPolicy, capacity: Number | None) -> tuple[Outcome, str]:
        pause = policy.pause
        if pause is None:
            return Outcome.UNKNOWN, "The pause between batches was not read."
        if pause >= shortest:
            return Outcome.PASSED, f"There are {pause} seconds between two batches."
        if capacity is None:
            return Outcome.UNKNOWN, f"There are {pause} seconds between two batches; the capacity was not read."
        return Outcome.FAILED, f"There are {pause} seconds between two batches, less than {shortest}."

    return answer_under_policies(posture, judge, OS_UPGRADE, MODE, USE_ROLLING, PAUSE, CAPACITY)


RULE = Rule(
    id="VMSS-022",
    name="no-pause-between-batches",
    severity=Severity.LOW,
    title="There is a pause between the batches of a rolling upgrade.",
    rationale="Errors that show only under load need a moment to be seen before the next batch goes.",
    remediation=pause_between_batches,
    arm_properties=(
        PAUSE,
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
