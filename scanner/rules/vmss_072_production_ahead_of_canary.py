"""Production runs a newer image than the canary.

The canary is the lowest ring of the application that the policy's `ring_order` knows. Versions are compared as numbers,
and only of the same image. A platform image under automatic OS image upgrade is compared within one region, as Azure
itself orders the regions. The canary's instances are as the scan before left them.
"""

from scanner.facts.card import Card
from scanner.facts.evidence import Evidence
from scanner.facts.group import Group, Member
from scanner.facts.versions import is_older
from scanner.rules.cards import group_of, labels
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.fleet import wait_for_canary
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(member: Member, criteria: Criteria) -> Answer:
    """Compare what production runs with what the canary runs."""
    card, policy = member.card, criteria.policy
    group = group_of(member, criteria)
    if isinstance(group, Answer):
        return group
    tags = policy.tags
    evidence = labels(card, criteria, tags.application, tags.environment, tags.ring)
    if card.environment is None or card.ring is None:
        return Answer(Outcome.UNKNOWN, "The tags of its environment and ring were not read.", evidence)
    if card.environment not in policy.production_environments:
        return Answer(Outcome.NOT_APPLICABLE, "It is not in production.", evidence)
    canary = next((ring for ring in policy.ring_order if ring in group.rings), None)
    if canary is None or canary == card.ring:
        return Answer(Outcome.NOT_APPLICABLE, "The application has no ring before this scale set's.", evidence)
    if card.ring and card.ring not in policy.ring_order:
        return Answer(Outcome.UNKNOWN, "Its ring is not on the policy's list ring_order.", evidence)
    return _compared(card, group, canary, evidence)


def _compared(card: Card, group: Group, canary: str, evidence: tuple[Evidence, ...]) -> Answer:
    if card.running == "":
        return Answer(Outcome.NOT_APPLICABLE, "It has no instances.", evidence)
    if card.image is None or card.is_platform is None:
        return Answer(Outcome.UNKNOWN, "Its image was not read.", evidence)
    by_region = card.is_platform and card.automatic_os_upgrade is not False
    there = [
        version
        for (ring, image, region), version in sorted(group.running.items(), key=lambda item: item[0])
        if ring == canary and image == card.image and (region == card.region or not by_region)
    ]
    if not there:
        return Answer(Outcome.NOT_APPLICABLE, f"No instance of the ring {canary} has the same image here.", evidence)
    evidence = (*evidence, Evidence("instances.newest_version", card.running))
    evidence = (*evidence, *[Evidence(f"ring {canary}.newest_version", version) for version in there])
    if card.running is None:
        return Answer(Outcome.UNKNOWN, "Which version its instances run was not read.", evidence)
    ahead = [None if version is None else is_older(version, card.running) for version in there]
    if all(ahead):
        return Answer(
            Outcome.FAILED, f"It runs {card.running}; the ring {canary} runs {', '.join(map(str, there))}.", evidence
        )
    if False in ahead:
        return Answer(Outcome.PASSED, f"The ring {canary} runs {card.running} or a newer version.", evidence)
    return Answer(Outcome.UNKNOWN, f"Which version the ring {canary} runs was not read.", evidence)


RULE = Rule(
    id="VMSS-072",
    name="production-ahead-of-canary",
    severity=Severity.HIGH,
    title="A new image reaches the canary before production.",
    rationale="What the canary has not run yet, production tries out.",
    remediation=wait_for_canary,
    arm_properties=("properties.virtualMachineProfile.storageProfile.imageReference", "location", "tags"),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/well-architected/operational-excellence/safe-deployments",
    ),
    check=check,
    documentation=__doc__ or "",
)
