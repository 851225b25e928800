"""Judging one scale set: every rule's verdict, the headline they add up to, and the exemptions that cover them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scanner.facts.arm_paths import LINUX_PATCH_MODE, ORCHESTRATION_MODE, OS_UPGRADE, WINDOWS_PATCH_MODE
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of
from scanner.judging.exemption_tag import parse_tag
from scanner.rules import EXEMPTION_RULES, POSTURE_RULES, RULES, Rule
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import EXEMPTION_TAG, Exemption, ExemptionCase, InvalidExemption
from scanner.rules.policy import TagNames
from scanner.rules.questions import is_flexible
from scanner.rules.verdict import Answer, Outcome, Verdict


class Headline(StrEnum):
    """Whether the scale set upgrades its operating system by itself, all things considered."""

    MANAGED = "managed"
    YES = "yes"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    IN_GUEST = "in_guest"
    NO = "no"


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
    """One for each rule of the catalogue, in the order of their ids."""
    upgrades_itself: Headline
    blocked_by: tuple[str, ...] = ()
    """Ids of all the rules that block an automatic OS image upgrade which is on."""
    missing: tuple[str, ...] = ()
    """What was not known, for an unknown headline: ARM paths, or rule ids each with the reason."""
    exempted: Mapping[str, Exemption]
    """The valid exemption that has not ended, by the id of each rule it covers, whatever that rule's outcome."""
    exemptions: tuple[Exemption | InvalidExemption, ...] = ()
    """All exemptions of this scale set as read: also ended and invalid ones."""

    labels: Labels
    criteria: Criteria = field(repr=False)
    """What it was judged by."""
    holds_until: datetime | None = None
    """From this moment on the same facts may be judged otherwise (UTC); ``None``: the moment does not matter."""

    @property
    def managed_by(self) -> str | None:
        """The service that owns the rollout."""
        return self.posture.managed_by

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


def judge(posture: Posture, criteria: Criteria) -> Judgement:
    """Judge one scale set. Never raises for what Azure reported: what is not known is an outcome."""
    exemptions = _exemptions_of(posture, criteria)
    exempted = _exempted(exemptions, criteria)
    labels = _labels(posture, criteria.policy.tags)
    if posture.managed_by is not None:
        return Judgement(
            posture=posture,
            verdicts=_not_ours(posture, posture.managed_by, criteria),
            upgrades_itself=Headline.MANAGED,
            exempted=exempted,
            exemptions=exemptions,
            labels=labels,
            criteria=criteria,
            holds_until=_holds_until((), exempted),
        )
    answers = {rule.id: rule.check(posture, criteria) for rule in POSTURE_RULES}
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
    headline, blocked_by, missing = _headline(posture, answers)
    return Judgement(
        posture=posture,
        verdicts=tuple([_verdict(rule, answers[rule.id], criteria) for rule in RULES]),
        upgrades_itself=headline,
        blocked_by=blocked_by,
        missing=missing,
        exempted=exempted,
        exemptions=exemptions,
        labels=labels,
        criteria=criteria,
        holds_until=_holds_until(answers.values(), exempted),
    )


def _verdict(rule: Rule, answer: Answer, criteria: Criteria) -> Verdict:
    severity = criteria.policy.severity_of(rule.id, rule.severity)
    return Verdict(rule.id, severity, answer.outcome, answer.reason, answer.evidence, answer.holds_until)


def _labels(posture: Posture, tags: TagNames) -> Labels:
    return Labels(
        environment=posture.tags.get(tags.environment),
        application=posture.tags.get(tags.application),
        ring=posture.tags.get(tags.ring),
        owner=posture.tags.get(tags.owner),
        workload=posture.tags.get(tags.workload),
    )


def _exemptions_of(posture: Posture, criteria: Criteria) -> tuple[Exemption | InvalidExemption, ...]:
    tag = posture.tags.get(EXEMPTION_TAG)
    filed = criteria.exemptions.about(posture)
    return filed if tag is None else (parse_tag(tag), *filed)


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
    return tuple([_verdict(rule, answer, criteria) for rule in RULES])


def _holds_until(answers: Iterable[Answer], exempted: Mapping[str, Exemption]) -> datetime | None:
    """Find the first moment at which an answer, or an exemption that covers a rule, may end."""
    moments = [answer.holds_until for answer in answers if answer.holds_until is not None]
    moments += [exemption.ends_at for exemption in exempted.values()]
    return min(moments, default=None)


def _headline(posture: Posture, answers: Mapping[str, Answer]) -> tuple[Headline, tuple[str, ...], tuple[str, ...]]:
    if posture.automatic_os_upgrade is None:
        return Headline.UNKNOWN, (), (OS_UPGRADE,)
    if posture.automatic_os_upgrade:
        deciding = [(rule.id, answers[rule.id]) for rule in POSTURE_RULES if rule.blocks_os_upgrade]
        failed = tuple([rule_id for rule_id, answer in deciding if answer.outcome is Outcome.FAILED])
        if failed:
            return Headline.BLOCKED, failed, ()
        unknown = tuple([f"{rule_id}: {item.reason}" for rule_id, item in deciding if item.outcome is Outcome.UNKNOWN])
        return (Headline.UNKNOWN, (), unknown) if unknown else (Headline.YES, (), ())
    in_guest = all_of(is_flexible(posture), posture.platform_patching)
    if in_guest is None:
        missing = [] if posture.orchestration_mode is not None else [ORCHESTRATION_MODE]
        missing += [] if posture.platform_patching is not None else [WINDOWS_PATCH_MODE, LINUX_PATCH_MODE]
        return Headline.UNKNOWN, (), tuple(missing)
    return (Headline.IN_GUEST if in_guest else Headline.NO), (), ()
