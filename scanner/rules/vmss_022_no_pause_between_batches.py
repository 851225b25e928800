"""One batch follows the other without a pause.

`pauseTimeBetweenBatches` is shorter than the policy asks for (one minute unless it says otherwise). Azure's default
is no pause, so an absent value fails. Durations are compared as time: PT60S is PT1M.

Batches are used in Rolling mode and by automatic OS image upgrade: elsewhere, and with a capacity of 0, the rule is
not applicable. Under automatic OS image upgrade without Rolling mode, and with `useRollingUpgradePolicy` not true,
Azure may use its own default policy: what would fail is *unknown*. Too short a pause with the capacity not read:
*unknown*.
"""

from scanner.facts.arm_paths import CAPACITY, MODE, OS_UPGRADE, PAUSE, USE_ROLLING
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import batches_apply, batches_failed
from scanner.rules.remediation.rolling import pause_between_batches
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the pause with the shortest that is expected."""
    outcome, reason = _answer(posture, criteria.policy.rolling.min_pause_seconds)
    return Answer(outcome, reason, posture.evidence(OS_UPGRADE, MODE, USE_ROLLING, PAUSE, CAPACITY))


def _answer(posture: Posture, shortest: int) -> tuple[Outcome, str]:
    applies = batches_apply(posture)
    if applies is not None:
        return applies
    pause = posture.pause_between_batches_seconds
    if pause is None:
        return Outcome.UNKNOWN, "The pause between batches was not read."
    if pause >= shortest:
        return Outcome.PASSED, f"There are {pause} seconds between two batches."
    if posture.capacity is None:
        return Outcome.UNKNOWN, f"There are {pause} seconds between two batches; the capacity was not read."
    return batches_failed(posture, f"There are {pause} seconds between two batches, less than {shortest}.")


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
