"""Scale sets of one application are set up differently in two environments.

A scale set is compared with those of its application in the nearest environment before its own, by the policy's
`environment_order`: production with staging, staging with test. It differs in a setting when none of them has its
value: the upgrade mode, automatic OS image upgrade, the image (without its version), the kind of health signal, and the
limits of a rolling upgrade. So a difference is told once, at the later of the two environments. The others are as the
scan before left them.
"""

from collections.abc import Iterator

from scanner.facts.card import Card
from scanner.facts.evidence import Evidence
from scanner.facts.group import NOT_READ, Group, Member, text_of, value_of
from scanner.rules.cards import contrast, group_of, labels, listed, where
from scanner.rules.criteria import Criteria
from scanner.rules.policy import Policy
from scanner.rules.remediation.fleet import align_environments
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(member: Member, criteria: Criteria) -> Answer:
    """Compare with the nearest environment before."""
    card, policy = member.card, criteria.policy
    group = group_of(member, criteria)
    if isinstance(group, Answer):
        return group
    evidence = labels(card, criteria, policy.tags.application, policy.tags.environment)
    if card.environment == "":
        return Answer(Outcome.NOT_APPLICABLE, f"No tag {policy.tags.environment} names the environment.", evidence)
    place = None if card.environment is None else policy.place_in_order(card.environment)
    if card.environment is None or place is None:
        return Answer(Outcome.UNKNOWN, "Its environment is not on the policy's list environment_order.", evidence)
    before = _before(group, place, policy)
    if not before:
        return Answer(Outcome.NOT_APPLICABLE, "The application has no environment before this one.", evidence)
    return _compared(card, group, before, evidence)


def _before(group: Group, place: int, policy: Policy) -> list[str]:
    """Choose the nearest environment before a place; several, where the policy knows several names of it."""
    places = {name: policy.place_in_order(name) for name in sorted(group.environments()) if name not in ("", "?")}
    earlier = [at for at in places.values() if at is not None and at < place]
    return [name for name, at in places.items() if earlier and at == max(earlier)]


def _compared(card: Card, group: Group, before: list[str], evidence: tuple[Evidence, ...]) -> Answer:
    differences = list(_differences(card, group, before))
    known = [item for item in differences if item is not None]
    evidence = (*evidence, *[item for _, *found in known for item in found])
    if known:
        return Answer(Outcome.FAILED, f"It differs from {before[0]}: {listed(text for text, *_ in known)}.", evidence)
    if differences:
        reason = f"Not every setting of the scale sets in {before[0]}, or of this one, was read."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return Answer(Outcome.PASSED, f"It is set up as in {before[0]}.", evidence)


def _differences(card: Card, group: Group, before: list[str]) -> Iterator[tuple[str, Evidence, Evidence] | None]:
    """Yield each setting in which it differs, or ``None`` for one of which that is not known."""
    for name, own in card.settings.items():
        there = {value: example for each in before for value, example in group.values_in(each, name).items()}
        if own is not None and text_of(own) in there:
            continue
        if own is None or NOT_READ in there or not there:
            yield None
            continue
        text = min(there)
        other = where(before[0], name, value_of(text), there[text])
        yield contrast(name, own, value_of(text), there[text]), Evidence(name, own), other


RULE = Rule(
    id="VMSS-070",
    name="environments-disagree",
    severity=Severity.MEDIUM,
    title="An application is set up in production as it was tried before.",
    rationale="An upgrade that went well in staging says nothing about a production that upgrades in another way.",
    remediation=align_environments,
    arm_properties=("properties.upgradePolicy", "properties.virtualMachineProfile", "tags"),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy",
        "https://learn.microsoft.com/azure/well-architected/operational-excellence/safe-deployments",
    ),
    check=check,
    documentation=__doc__ or "",
)
