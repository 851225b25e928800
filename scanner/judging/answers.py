"""The answer of every rule about one scale set, in the order in which rules build on each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.facts.card import Card
from scanner.facts.depth import Depth, ScaleSet
from scanner.facts.group import Member
from scanner.facts.posture import Posture
from scanner.judging.headline import readiness_of
from scanner.rules import DEPTH_RULES, EXEMPTION_RULES, FLEET_RULES, POSTURE_RULES, READINESS_RULE
from scanner.rules.cards import card_of
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import EXEMPTION_TAG, Exemption, ExemptionCase, InvalidExemption
from scanner.rules.own_catalogue import own_rules, rules_of
from scanner.rules.readiness import Readiness, ReadinessCase
from scanner.rules.rollouts import held_while_moving
from scanner.rules.verdict import Answer, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the rules answer, and what was worked out on the way."""

    by_rule: Mapping[str, Answer]
    readiness: Readiness | None = None
    """As in the judgement."""
    card: Card | None = None
    """As in the judgement."""


def answers_of(
    posture: Posture, criteria: Criteria, depth: Depth, exemptions: tuple[Exemption | InvalidExemption, ...]
) -> Answers:
    """Ask every rule of the catalogue and of the operator's own; none applies where a service owns the rollout."""
    if posture.managed_by is not None:
        none_applies = _not_ours(posture, posture.managed_by)
        return Answers(by_rule={rule.id: none_applies for rule in rules_of(criteria.own)})
    scale_set = ScaleSet(posture=posture, depth=depth)
    card = card_of(scale_set, criteria)
    member = Member(card=card) if depth.groups is None else depth.groups.member(card)
    readiness = readiness_of(posture, criteria)
    answers = {rule.id: rule.check(posture, criteria) for rule in POSTURE_RULES}
    for depth_rule in DEPTH_RULES:
        answers[depth_rule.id] = depth_rule.check(scale_set, criteria)
    answers.update(held_while_moving(scale_set, answers))
    for own_rule in own_rules(criteria.own):
        answers[own_rule.id] = own_rule.check(scale_set, criteria)
    for fleet_rule in FLEET_RULES:
        answers[fleet_rule.id] = fleet_rule.check(member, criteria)
    case_of_flag = ReadinessCase(posture=posture, readiness=readiness)
    answers[READINESS_RULE.id] = READINESS_RULE.check(case_of_flag, criteria)
    # Only an exemption makes a rule ask for the outcomes of others.
    outcomes = {rule_id: answer.outcome for rule_id, answer in answers.items()} if exemptions else {}
    case = ExemptionCase(
        posture=posture,
        exemptions=exemptions,
        tag_read=posture.has_tag(EXEMPTION_TAG) is not None,
        outcomes=outcomes,
    )
    for exemption_rule in EXEMPTION_RULES:
        answer = exemption_rule.check(case, criteria)
        answers[exemption_rule.id] = answer
        outcomes[exemption_rule.id] = answer.outcome
    return Answers(by_rule=answers, readiness=readiness, card=card)


def _not_ours(posture: Posture, owner: str) -> Answer:
    evidence = () if posture.managed_by_evidence is None else (posture.managed_by_evidence,)
    return Answer(Outcome.NOT_APPLICABLE, f"{owner} owns the rollout of this scale set.", evidence)
