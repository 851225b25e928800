"""In production, a change of the model reaches all instances at the same time.

Mode Automatic upgrades instances in no order and without looking at health; all may be down at once. The rule is
about model changes only: OS images roll in batches in any mode. The environment is read from a tag; which values mean
production is set in the policy. Without the tag, or in another environment, the rule is not applicable. Service
Fabric of Silver or Gold durability requires Automatic: not applicable. Of Bronze, or of a durability that was not
read, it is *unknown* in production.
"""

from scanner.facts.arm_paths import DURABILITY, MODE, TAGS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Durability, Posture, UpgradeMode
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.upgrades import roll_in_batches
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at the mode in production."""
    if posture.durability in {Durability.SILVER, Durability.GOLD}:
        reason = f"Service Fabric of {posture.durability} durability requires mode Automatic."
        return Answer(Outcome.NOT_APPLICABLE, reason, posture.evidence(MODE, DURABILITY))
    name = criteria.policy.tags.environment
    environment = posture.tags.get(name)
    evidence = (*posture.evidence(MODE), Evidence(f"{TAGS}.{name}", environment))
    if environment is None:
        if posture.has_tag(name) is None:
            return Answer(Outcome.UNKNOWN, "The environment tag was not read.", evidence)
        return Answer(Outcome.NOT_APPLICABLE, "No tag names the environment.", evidence)
    if environment.lower() not in criteria.policy.production_environments:
        return Answer(Outcome.NOT_APPLICABLE, f"The environment is {environment}, not production.", evidence)
    if posture.service_fabric:
        reason = "Which mode Service Fabric requires depends on the durability, and for Bronze Azure's pages disagree."
        return Answer(Outcome.UNKNOWN, reason, (*evidence, *posture.evidence(DURABILITY)))
    if posture.upgrade_mode is None:
        return Answer(Outcome.UNKNOWN, "The upgrade mode was not read.", evidence)
    if posture.upgrade_mode is UpgradeMode.AUTOMATIC:
        return Answer(Outcome.FAILED, "Changes of the model reach all instances in production at once.", evidence)
    return Answer(Outcome.PASSED, f"The mode is {posture.upgrade_mode}.", evidence)


RULE = Rule(
    id="VMSS-012",
    name="all-at-once-in-production",
    severity=Severity.MEDIUM,
    title="A scale set in production does not upgrade all its instances at once.",
    rationale="One bad change of the model takes the whole application down.",
    remediation=roll_in_batches,
    arm_properties=(
        MODE,
        TAGS,
        DURABILITY,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
    ),
    check=check,
    documentation=__doc__ or "",
)
