"""Judging one scale set: every rule's verdict, the headline they add up to, and the exemptions that cover them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from scanner.facts.card import Card
from scanner.facts.compared import compared_facts
from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.judging.answers import answers_of
from scanner.judging.exemption_tag import parse_tag
from scanner.judging.headline import Headline, headline_of
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import EXEMPTION_TAG, Entry, Exemption, InvalidExemption
from scanner.rules.own_catalogue import rules_of
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy import TagNames
from scanner.rules.readiness import Readiness
from scanner.rules.verdict import Answer, Outcome, Severity, Verdict

__all__ = ["Headline", "Judgement", "Labels", "failed_rules", "judge"]


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
    answers = answers_of(posture, criteria, depth, exemptions)
    headline = headline_of(posture, answers.by_rule, criteria, depth.guests)
    return Judgement(
        posture=posture,
        verdicts=_verdicts(answers.by_rule, criteria),
        upgrades_itself=headline.word,
        blocked_by=headline.blocked_by,
        missing=headline.missing,
        is_unread=headline.is_unread,
        readiness=answers.readiness,
        exempted=exempted,
        exemptions=exemptions,
        entries=tuple([entry.number for entry in entries]),
        labels=_labels(posture, criteria.policy.tags),
        criteria=criteria,
        depth=depth,
        card=answers.card,
        holds_until=_holds_until(answers.by_rule.values(), exempted, exemptions),
    )


def failed_rules(posture: Posture, criteria: Criteria, depth: Depth = NOT_READ) -> list[str]:
    """List the rules that would fail, exempt or not, in the order of the verdicts: without a judgement of all the rest."""
    exemptions = _exemptions_of(posture, criteria.exemptions.about(posture), criteria)
    answers = answers_of(posture, criteria, depth, exemptions).by_rule
    return [rule.id for rule in rules_of(criteria.own) if answers[rule.id].outcome is Outcome.FAILED]


def _verdicts(answers: Mapping[str, Answer], criteria: Criteria) -> tuple[Verdict, ...]:
    verdicts = []
    for rule_id, severity, own_name in _graded(criteria.own, tuple(criteria.policy.severities.items())):
        outcome, reason, evidence, holds_until, _ = answers[rule_id]
        verdicts.append(Verdict(rule_id, severity, outcome, reason, evidence, holds_until, own_name))
    return tuple(verdicts)


@lru_cache(maxsize=8)  # criteria are few, and the same ones judge a whole fleet
def _graded(
    own: tuple[OwnRule, ...], severities: tuple[tuple[str, Severity], ...]
) -> tuple[tuple[str, Severity, str], ...]:
    """List the rules that judge, each with its severity under the policy and the name of an own one."""
    changed = dict(severities)
    return tuple(
        [(rule.id, changed.get(rule.id, rule.severity), rule.name if rule.is_own else "") for rule in rules_of(own)]
    )


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
