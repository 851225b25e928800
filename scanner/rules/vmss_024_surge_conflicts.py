"""`maxSurge` and `overprovision` are both on.

Azure wants overprovisioning off with `maxSurge`: both create extra instances. The rule is judged wherever `maxSurge`
is true on Uniform orchestration. An absent `overprovision` is *unknown*: what Azure then does differs between API
versions.
"""

from scanner.facts.arm_paths import MAX_SURGE, ORCHESTRATION_MODE, OVERPROVISION
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of, negation
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.rolling import stop_overprovisioning
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Look at overprovisioning where upgrades surge."""
    evidence = posture.evidence(MAX_SURGE, OVERPROVISION, ORCHESTRATION_MODE)
    applies = all_of(posture.max_surge, negation(is_flexible(posture)))
    if applies is False:
        reason = "Upgrades do not surge, or the orchestration mode is Flexible."
        return Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    if applies is None:
        return Answer(Outcome.UNKNOWN, "Whether upgrades surge on Uniform orchestration was not read.", evidence)
    if posture.overprovision is None:
        return Answer(Outcome.UNKNOWN, "Overprovisioning was not reported.", evidence)
    if posture.overprovision:
        return Answer(Outcome.FAILED, "Upgrades surge while overprovisioning is on.", evidence)
    return Answer(Outcome.PASSED, "Upgrades surge and overprovisioning is off.", evidence)


RULE = Rule(
    id="VMSS-024",
    name="surge-conflicts",
    severity=Severity.MEDIUM,
    title="Overprovisioning is off where upgrades surge.",
    rationale="Extra instances of both kinds make upgrades fail or cost more than was meant.",
    remediation=stop_overprovisioning,
    arm_properties=(
        MAX_SURGE,
        OVERPROVISION,
        ORCHESTRATION_MODE,
    ),
    references=("https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-maxsurge",),
    check=check,
    documentation=__doc__ or "",
)
