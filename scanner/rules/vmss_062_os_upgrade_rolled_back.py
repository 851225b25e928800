"""The newest OS image upgrade failed, or Azure took it back.

Judged is the newest attempt in Azure's history, which keeps five attempts of two months: an empty history is not applicable.
`rollbackInfo` says how many instances went back to the image before. While an attempt is under way, the one before it says
whether there is something to worry about: after a failed one the answer is *unknown*, and an open finding stays open. A
frequent reason is an extension that cannot fetch what it needs, as the signature of its address has ended (VMSS-052): the
first batch is then left failed, and is not rolled back.
"""

from scanner.facts.arm_paths import OS_UPGRADE, ROLLBACK_DISABLED
from scanner.facts.depth import ScaleSet
from scanner.facts.rollout import FAILED, WINDOW_CLOSED, OsUpgradeAttempt, RolloutStatus, newest_first
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.rollouts import look_at_upgrade
from scanner.rules.rollouts import HISTORY, evidence_of, not_read
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, _criteria: Criteria) -> Answer:
    """Look at how the newest OS image upgrade ended."""
    attempts = scale_set.depth.attempts
    if attempts is None:
        return not_read(scale_set, "The history of OS image upgrades")
    if not attempts:
        return Answer(Outcome.NOT_APPLICABLE, "There is no OS image upgrade in Azure's history.")
    ordered = newest_first(attempts)
    if not ordered:
        return Answer(Outcome.UNKNOWN, "No OS image upgrade in the history says when it began.")
    newest, before = ordered[0], ordered[1:2]
    evidence = evidence_of(HISTORY, newest)
    if newest.status is None:
        return Answer(Outcome.UNKNOWN, "The status of the newest OS image upgrade is not one that is known.", evidence)
    if newest.status is RolloutStatus.ROLLING_FORWARD:
        if before and _is_bad(before[0]):
            return Answer(Outcome.UNKNOWN, "A further attempt is under way after one that failed.", evidence)
        return Answer(Outcome.PASSED, "An OS image upgrade is under way, and the one before it did not fail.", evidence)
    if not _is_bad(newest):
        return Answer(Outcome.PASSED, "The newest OS image upgrade did not fail.", evidence)
    return Answer(Outcome.FAILED, _said(newest), evidence)


def _is_bad(attempt: OsUpgradeAttempt) -> bool:
    if attempt.is_rolled_back:
        return True
    is_closed = attempt.error is not None and attempt.error.code.lower() == WINDOW_CLOSED.lower()
    return attempt.status in FAILED and not is_closed


def _said(attempt: OsUpgradeAttempt) -> str:
    to = f" to {attempt.target}" if attempt.target else ""
    how = "was rolled back" if attempt.is_rolled_back else "failed"
    error = attempt.error or attempt.rollback_error
    why = f" {str(error).rstrip('.')}." if error is not None else ""
    return f"The newest OS image upgrade{to} {how} ({attempt.progress}).{why}"


RULE = Rule(
    id="VMSS-062",
    name="os-upgrade-rolled-back",
    severity=Severity.HIGH,
    title="The newest OS image upgrade reached the instances and stayed.",
    rationale="Instances go on without the patches of the new image, and Azure tries the same image again only by itself.",
    remediation=look_at_upgrade,
    arm_properties=(OS_UPGRADE, ROLLBACK_DISABLED),
    references=(
        "https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-os-upgrade-history",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
