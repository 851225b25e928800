"""Judging one scale set: every rule's verdict, the headline they add up to, and the exemptions that cover them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from scanner.facts.card import Card
from scanner.facts.compared import compared_facts
from scanner.facts.depth import NOT_READ, Depth, ScaleSet
from scanner.facts.evidence import JsonValue
from scanner.facts.group import Member
from scanner.facts.posture import Posture
from scanner.judging.exemption_tag import parse_tag
from scanner.judging.headline import Headline, headline_of, readiness_of
from scanner.rules import DEPTH_RULES, EXEMPTION_RULES, FLEET_RULES, POSTURE_RULES, READINESS_RULE, Rule
from scanner.rules.cards import card_of
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import EXEMPTION_TAG, Entry, Exemption, ExemptionCase, InvalidExemption
from scanner.rules.guest_patching import guest_patching
from scanner.rules.own_catalogue import own_rules, rules_of
from scanner.rules.policy import TagNames
from scanner.rules.readiness import Readiness, ReadinessCase
from scanner.rules.rollouts import held_while_moving
from scanner.rules.verdict import Answer, Outcome, Verdict

__all__ = ["Headline", "Judgement", "Labels", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the scale set's tags say of it, by the names of the policy; ``None``: no such tag."""

    environment: str | None = None
    application: str | None = None
    ring: str | None = None
    owner: str | None = None
    workload: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is true of one scale set, by the rules, the policy and the exemptions of the day."""

    posture: Posture
    verdicts: tuple[Verdict, ...]
    """One for each rule of the catalogue, in the order of their ids, then one for each of the operator's own."""
    upgrades_itself: Headline
    blocked_by: tuple[str, ...] = ()
    """Ids of all the rules that block an automatic OS image upgrade which is on."""
    missing: tuple[str, ...] = ()
    """What was not known, for an unknown headline: ARM paths, or rule ids each with the reason."""
    is_unread: bool = False
    """Whether the headline is unknown because something was not read: then nothing is known to have changed."""
    readiness: Readiness | None = None
    """Whether the flag could be switched on; ``None``: it is on, was not read, or a service owns the rollout."""
    exempted: Mapping[str, Exemption]
    """The valid exemption that has not ended, by the id of each rule it covers, whatever that rule's outcome."""
    exemptions: tuple[Exemption | InvalidExemption, ...] = ()
    """All exemptions of this scale set as read: also ended and invalid ones."""
    entries: tuple[int, ...] = ()
    """Numbers of the entries of the exemption file that select this scale set."""

    labels: Labels
    criteria: Criteria = field(repr=False)
    """What it was judged by."""
    card: Card | None = None
    """By what it is compared with others; ``None``: a service owns the rollout."""
    depth: Depth = NOT_READ
    """What was read beside the row."""
    holds_until: datetime | None = None
    """From this moment on the same facts may be judged otherwise (UTC); ``None``: the moment does not matter."""

    @property
    def managed_by(self) -> str | None:
        """The service that owns the rollout."""
        return self.posture.managed_by

    @property
    def ready_to_enable(self) -> bool | None:
        """Whether the flag could be switched on; ``None``: not known, or the question does not arise."""
        return None if self.readiness is None else self.readiness.ready

    @property
    def blocked_if_enabled(self) -> tuple[str, ...]:
        """Ids of the rules that would block an automatic OS image upgrade if it were switched on."""
        return () if self.readiness is None else self.readiness.blocked_by

    @property
    def facts(self) -> dict[str, JsonValue]:
        """What is compared with the last known state, the headline included; ``None``: not read."""
        return compared_facts(self.posture, None if self.is_unread else self.upgrades_itself.value)

    @property
    def open_verdicts(self) -> list[Verdict]:
        """List the verdicts that failed and are not exempt."""
        return [
            verdict
            for verdict in self.verdicts
            if verdict.outcome is Outcome.FAILED and verdict.rule_id not in self.exempted
        ]

    @property
    def open_rules(self) -> list[str]:
        """List the rules that failed and are not exempt."""
        return [verdict.rule_id for verdict in self.open_verdicts]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome by rule id."""
        return {verdict.rule_id: verdict.outcome for verdict in self.verdicts}


def judge(posture: Posture, criteria: Criteria, depth: Depth = NOT_READ) -> Judgement:
    """Judge one scale set by its posture and what was read beside it. Never raises for what Azure reported: what is not known is an outcome."""
    entries = criteria.exemptions.about(posture)
    exemptions = _exemptions_of(posture, entries, criteria)
    exempted = _exempted(exemptions, criteria)
    labels = _labels(posture, criteria.policy.tags)
    if posture.managed_by is not None:
        return Judgement(
            posture=posture,
            verdicts=_not_ours(posture, posture.managed_by, criteria),
            upgrades_itself=Headline.MANAGED,
            exempted=exempted,
            exemptions=exemptions,
            entries=tuple([entry.number for entry in entries]),
            labels=labels,
            criteria=criteria,
            depth=depth,
            holds_until=_holds_until((), exempted, exemptions),
        )
    answers = {rule.id: rule.check(posture, criteria) for rule in POSTURE_RULES}
    scale_set = ScaleSet(posture=posture, depth=depth)
    answers.update({rule.id: rule.check(scale_set, criteria) for rule in DEPTH_RULES})
    answers.update(held_while_moving(scale_set, answers))
    answers.update({rule.id: rule.check(scale_set, criteria) for rule in own_rules(criteria.own)})
    card = card_of(scale_set, criteria)
    member = Member(card=card) if depth.groups is None else depth.groups.member(card)
    answers.update({rule.id: rule.check(member, criteria) for rule in FLEET_RULES})
    readiness = readiness_of(posture, criteria)
    case_of_flag = ReadinessCase(posture=posture, readiness=readiness)
    answers[READINESS_RULE.id] = READINESS_RULE.check(case_of_flag, criteria)
    outcomes = {rule_id: answer.outcome for rule_id, answer in answers.items()}
    case = ExemptionCase(
        posture=posture,
        exemptions=exemptions,
        tag_read=posture.has_tag(EXEMPTION_TAG) is not None,
        outcomes=outcomes,
    )
    for rule in EXEMPTION_RULES:
        answers[rule.id] = rule.check(case, criteria)
        outcomes[rule.id] = answers[rule.id].outcome
    headline = headline_of(posture, answers, guest_patching(posture, criteria, depth.guests))
    return Judgement(
        posture=posture,
        verdicts=tuple([_verdict(rule, answers[rule.id], criteria) for rule in rules_of(criteria.own)]),
        upgrades_itself=headline.word,
        blocked_by=headline.blocked_by,
        missing=headline.missing,
        is_unread=headline.is_unread,
        readiness=readiness,
        exempted=exempted,
        exemptions=exemptions,
        entries=tuple([entry.number for entry in entries]),
        labels=labels,
        criteria=criteria,
        depth=depth,
        card=card,
        holds_until=_holds_until(answers.values(), exempted, exemptions),
    )


def _verdict(rule: Rule, answer: Answer, criteria: Criteria) -> Verdict:
    severity = criteria.policy.severity_of(rule.id, rule.severity)
    name = rule.name if rule.is_own else ""
    return Verdict(rule.id, severity, answer.outcome, answer.reason, answer.evidence, answer.holds_until, name)


def _labels(posture: Posture, tags: TagNames) -> Labels:
    return Labels(
        environment=posture.tags.get(tags.environment),
        application=posture.tags.get(tags.application),
        ring=posture.tags.get(tags.ring),
        owner=posture.tags.get(tags.owner),
        workload=posture.tags.get(tags.workload),
    )


def _exemptions_of(
    posture: Posture, entries: Iterable[Entry], criteria: Criteria
) -> tuple[Exemption | InvalidExemption, ...]:
    tag = posture.tags.get(EXEMPTION_TAG)
    written = [] if tag is None else [parse_tag(tag, criteria.own)]
    return tuple([_within_limit(item, criteria) for item in [*written, *[entry.exemption for entry in entries]]])


def _within_limit(item: Exemption | InvalidExemption, criteria: Criteria) -> Exemption | InvalidExemption:
    """Refuse an exemption that holds longer than the policy allows."""
    longest = criteria.policy.exemptions.longest_days
    if not longest or isinstance(item, InvalidExemption) or (item.until - criteria.day).days <= longest:
        return item
    problem = f"until is {item.until}; the policy allows at most {longest} days from today."
    valid_from = datetime.combine(item.until - timedelta(days=longest), time(), UTC)
    return InvalidExemption(source=item.source, problems=(problem,), valid_from=valid_from)


def _exempted(exemptions: Iterable[Exemption | InvalidExemption], criteria: Criteria) -> dict[str, Exemption]:
    covering: dict[str, Exemption] = {}
    for exemption in exemptions:
        if isinstance(exemption, Exemption) and exemption.holds_on(criteria.day):
            for rule_id in exemption.rules:
                if rule_id not in covering or covering[rule_id].until < exemption.until:
                    covering[rule_id] = exemption
    return dict(sorted(covering.items()))


def _not_ours(posture: Posture, owner: str, criteria: Criteria) -> tuple[Verdict, ...]:
    reason = f"{owner} owns the rollout of this scale set."
    evidence = () if posture.managed_by_evidence is None else (posture.managed_by_evidence,)
    answer = Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    return tuple([_verdict(rule, answer, criteria) for rule in rules_of(criteria.own)])


def _holds_until(
    answers: Iterable[Answer],
    exempted: Mapping[str, Exemption],
    exemptions: Iterable[Exemption | InvalidExemption],
) -> datetime | None:
    """Find the first moment at which an answer or an exemption that covers a rule may end, or one becomes valid."""
    moments = [
        item.valid_from for item in exemptions if isinstance(item, InvalidExemption) and item.valid_from is not None
    ]
    moments += [answer.holds_until for answer in answers if answer.holds_until is not None]
    moments += [exemption.ends_at for exemption in exempted.values()]
    return min(moments, default=None)
