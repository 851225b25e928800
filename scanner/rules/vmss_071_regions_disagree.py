"""Scale sets of one application and environment are set up differently in two regions.

The settings are those of VMSS-070. A scale set differs when no other region of its application and environment has its
value of a setting. Between two regions that differ from each other it is told at the one whose name comes later; with
more regions, at the one that stands alone. The others are as the scan before left them.
"""

from collections.abc import Iterator, Mapping

from scanner.facts.card import Card
from scanner.facts.evidence import Evidence
from scanner.facts.group import NOT_READ, Group, Member, text_of, value_of
from scanner.rules.cards import contrast, group_of, labels, listed, where
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.fleet import align_regions
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(member: Member, criteria: Criteria) -> Answer:
    """Compare with the other regions of the environment."""
    card, tags = member.card, criteria.policy.tags
    group = group_of(member, criteria)
    if isinstance(group, Answer):
        return group
    evidence = (*labels(card, criteria, tags.application, tags.environment), Evidence("location", card.region))
    if card.environment is None:
        return Answer(Outcome.UNKNOWN, f"The tag {tags.environment} was not read.", evidence)
    others = _others(group, card)
    if not others:
        return Answer(Outcome.NOT_APPLICABLE, "The application is in no other region of this environment.", evidence)
    differences = list(_differences(card, others))
    known = [item for item in differences if item is not None]
    if known:
        evidence = (*evidence, *[found for _, *each in known for found in each])
        reason = f"It differs from the application's other regions: {listed(text for text, *_ in known)}."
        return Answer(Outcome.FAILED, reason, evidence)
    if differences:
        return Answer(Outcome.UNKNOWN, "Not every setting of this region, or of the others, was read.", evidence)
    return Answer(Outcome.PASSED, "It is set up as in the application's other regions.", evidence)


def _others(group: Group, card: Card) -> Mapping[str, Mapping[str, dict[str, str]]]:
    """List the values of each other region of the environment, by region and setting."""
    return {
        region: place.values
        for (environment, region), place in sorted(group.places.items())
        if environment == card.environment and region != card.region
    }


def _differences(
    card: Card, others: Mapping[str, Mapping[str, dict[str, str]]]
) -> Iterator[tuple[str, Evidence, Evidence] | None]:
    """Yield each setting in which it stands alone, or ``None`` for one of which that is not known."""
    for name, own in card.settings.items():
        there = {region: values.get(name, {}) for region, values in others.items()}
        if own is not None and any(text_of(own) in found for found in there.values()):
            continue
        if own is None or any(NOT_READ in found or not found for found in there.values()):
            yield None
            continue
        region = min(there)
        common = [text for text in sorted(there[region]) if all(text in found for found in there.values())]
        if not common or (len(there) == 1 and card.region < region):
            continue
        value, example = value_of(common[0]), there[region][common[0]]
        other = where(region, name, value, example)
        yield f"{contrast(name, own, value, example)} in {region}", Evidence(name, own), other


RULE = Rule(
    id="VMSS-071",
    name="regions-disagree",
    severity=Severity.LOW,
    title="An application is set up alike in all regions of an environment.",
    rationale="A region that upgrades in another way than the rest fails in another way, and when it is least expected.",
    remediation=align_regions,
    arm_properties=("properties.upgradePolicy", "properties.virtualMachineProfile", "location", "tags"),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/azure/well-architected/operational-excellence/safe-deployments",
    ),
    check=check,
    documentation=__doc__ or "",
)
