"""More instances are unhealthy than `maxUnhealthyInstancePercent` allows: Azure refuses to start an upgrade.

Counted as Azure counts before it begins: unhealthy and unknown health, failed provisioning, and stopped machines (the
last two are inferred); initializing does not count. Instances of which no health is reported may be either: where they
decide, the rule is *unknown*. Batches are used in Rolling mode and by automatic OS image upgrade, elsewhere the rule is
not applicable, as with no instances. Under automatic OS image upgrade without Rolling mode, and with
`useRollingUpgradePolicy` not true, Azure's default (20 %) may rule: *unknown* where the two differ. Flexible: *unknown*,
as the health of each virtual machine is not read.
"""

from scanner.facts.arm_paths import CAPACITY, MAX_UNHEALTHY, MODE, ORCHESTRATION_MODE, OS_UPGRADE, USE_ROLLING
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.instances import Listing
from scanner.facts.posture import Number
from scanner.rules.criteria import Criteria
from scanner.rules.instance_questions import COUNT, age_of_reading, counted, has_none, named, none_there
from scanner.rules.questions import is_flexible
from scanner.rules.remediation.instances import repair_unhealthy
from scanner.rules.rolling_policies import RollingPolicy, answer_under_policies
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

UNHEALTHY = "instances.unhealthy"
SILENT = "instances.withoutHealth"


def check(scale_set: ScaleSet, _criteria: Criteria) -> Answer:
    """Compare the unhealthy instances with the threshold."""
    posture, instances = scale_set.posture, scale_set.depth.instances
    if has_none(scale_set):
        return none_there(posture.evidence(CAPACITY))
    listing = None if instances is None else instances.listing
    flexible = is_flexible(posture)

    def judge(policy: RollingPolicy, _capacity: Number | None) -> tuple[Outcome, str]:
        if flexible or listing is None or not listing.is_whole or not listing.total:
            return Outcome.UNKNOWN, "The health of the instances was not read."
        if policy.max_unhealthy is None:
            return Outcome.UNKNOWN, "The threshold was not read."
        return _judged(listing, policy.max_unhealthy)

    answer = answer_under_policies(posture, judge, OS_UPGRADE, MODE, USE_ROLLING, MAX_UNHEALTHY, CAPACITY)
    if instances is None or listing is None or answer.outcome is Outcome.NOT_APPLICABLE:
        return answer
    facts = (Evidence(COUNT, listing.total), Evidence(UNHEALTHY, listing.unhealthy), Evidence(SILENT, listing.silent))
    evidence = (*answer.evidence, *facts, *named(listing.unhealthy_examples), *age_of_reading(instances))
    return Answer(answer.outcome, answer.reason, evidence)


def _judged(listing: Listing, percent: Number) -> tuple[Outcome, str]:
    certain, possible = listing.unhealthy, listing.unhealthy + listing.silent
    if certain * 100 > percent * listing.total:
        return Outcome.FAILED, f"{counted(certain)} of {listing.total} unhealthy: more than {percent} %."
    if possible * 100 <= percent * listing.total:
        return Outcome.PASSED, f"At most {percent} % of the instances are unhealthy."
    return Outcome.UNKNOWN, f"The health of {counted(listing.silent)} is not reported, and decides."


RULE = Rule(
    id="VMSS-042",
    name="unhealthy-instances-block-upgrades",
    severity=Severity.HIGH,
    title="Few enough instances are unhealthy for an upgrade to start.",
    rationale="Azure refuses to start an upgrade: updates stop without a failed rollout that anyone would see.",
    remediation=repair_unhealthy,
    arm_properties=(MAX_UNHEALTHY, MODE, OS_UPGRADE, USE_ROLLING, ORCHESTRATION_MODE, CAPACITY),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension",
    ),
    check=check,
    documentation=__doc__ or "",
)
