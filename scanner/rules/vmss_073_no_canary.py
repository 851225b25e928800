"""Production is upgraded automatically, and nothing of the application is upgraded before it.

An earlier environment (the policy's `environment_order`) or a lower ring (`ring_order`) of the same application counts.
The others are as the scan before left them.
"""

from scanner.facts.card import Card
from scanner.facts.evidence import Evidence
from scanner.facts.group import Group, Member
from scanner.rules.cards import group_of, labels
from scanner.rules.criteria import Criteria
from scanner.rules.policy import Policy
from scanner.rules.remediation.fleet import add_canary
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(member: Member, criteria: Criteria) -> Answer:
    """Look for an earlier environment or a lower ring."""
    card, policy = member.card, criteria.policy
    group = group_of(member, criteria)
    if isinstance(group, Answer):
        return group
    tags = policy.tags
    evidence = labels(card, criteria, tags.application, tags.environment, tags.ring)
    if card.environment is None:
        return Answer(Outcome.UNKNOWN, f"The tag {tags.environment} was not read.", evidence)
    if card.environment not in policy.production_environments:
        return Answer(Outcome.NOT_APPLICABLE, "It is not in production.", evidence)
    if card.automatic_os_upgrade is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence)
    if not card.automatic_os_upgrade:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", evidence)
    return _looked_for(card, group, policy, evidence)


def _looked_for(card: Card, group: Group, policy: Policy, evidence: tuple[Evidence, ...]) -> Answer:
    production = policy.place_in_order(card.environment or "")
    places = {name: policy.place_in_order(name) for name in group.environments() if name not in ("", "?")}
    earlier = sorted(
        name for name, at in places.items() if at is not None and production is not None and at < production
    )
    rings = [ring for ring in policy.ring_order if ring in group.rings]
    if earlier:
        return Answer(Outcome.PASSED, f"The application is also in {earlier[0]}.", evidence)
    if len(rings) > 1:
        return Answer(Outcome.PASSED, f"The application has the rings {' and '.join(rings[:2])}.", evidence)
    if "?" in group.environments() or None in places.values() or group.rings.difference(policy.ring_order):
        reason = "The application has environments or rings whose order is not known."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return Answer(Outcome.FAILED, "The application has no earlier environment and no lower ring.", evidence)


RULE = Rule(
    id="VMSS-073",
    name="no-canary",
    severity=Severity.LOW,
    title="Something of the application is upgraded before production.",
    rationale="Without a canary, production is the first to run each new image.",
    remediation=add_canary,
    arm_properties=("properties.upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade", "tags"),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/well-architected/operational-excellence/safe-deployments",
    ),
    check=check,
    documentation=__doc__ or "",
)
