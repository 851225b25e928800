"""Judging one scale set: every rule's verdict, the headline they add up to, and the exemptions that cover them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from scanner.facts.arm_paths import LINUX_PATCH_MODE, ORCHESTRATION_MODE, OS_UPGRADE, WINDOWS_PATCH_MODE
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of
from scanner.judging.exemptions import EXEMPTION_TAG, Exemption, ExemptionBook, InvalidExemption, parse_tag
from scanner.judging.policy import Policy
from scanner.rules import EXEMPTION_RULES, POSTURE_RULES, RULES
from scanner.rules.context import PublishedLists, RuleContext
from scanner.rules.questions import is_flexible
from scanner.rules.rule import Rule
from scanner.rules.verdict import Outcome, Severity, Verdict

__all__ = ["Context", "Headline", "Judgement", "PublishedLists", "judge"]

BLOCKING_RULES = ("VMSS-002", "VMSS-003", "VMSS-005", "VMSS-006", "VMSS-007", "VMSS-008")
"""The rules that decide whether an automatic OS image upgrade can happen."""


class Headline(StrEnum):
    """Whether the scale set upgrades its operating system by itself, all things considered."""

    MANAGED = "managed"
    YES = "yes"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    IN_GUEST = "in_guest"
    NO = "no"


class Context:
    """What every scale set of a scan is judged by. ``now`` is aware of its time zone."""

    __slots__ = ("exemptions", "now", "policy", "published", "rule_context")

    def __init__(self, *, policy: Policy, exemptions: ExemptionBook, now: datetime, published: PublishedLists) -> None:
        self.policy = policy
        self.exemptions = exemptions
        self.now = now
        self.published = published
        self.rule_context = RuleContext(expectations=policy, published=published, today=now.astimezone(UTC).date())

    def severity(self, rule: Rule) -> Severity:
        """Say how much a finding of this rule matters under the policy."""
        return self.policy.severity_of(rule.id)


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

    @property
    def managed_by(self) -> str | None:
        """The service that owns the rollout."""
        return self.posture.managed_by

    @property
    def open_rules(self) -> list[str]:
        """List the rules that failed and are not exempt."""
        return [
            verdict.rule_id
            for verdict in self.verdicts
            if verdict.outcome is Outcome.FAILED and verdict.rule_id not in self.exempted
        ]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome by rule id."""
        return {verdict.rule_id: verdict.outcome for verdict in self.verdicts}


def judge(posture: Posture, context: Context) -> Judgement:
    """Judge one scale set. Never raises for what Azure reported: what is not known is an outcome."""
    exemptions = _exemptions_of(posture, context)
    exempted = _exempted(exemptions, context)
    if posture.managed_by is not None:
        return Judgement(
            posture=posture,
            verdicts=_not_ours(posture, posture.managed_by),
            upgrades_itself=Headline.MANAGED,
            exempted=exempted,
            exemptions=exemptions,
        )
    rule_context = context.rule_context
    found = {rule.id: rule.check(posture, rule_context) for rule in POSTURE_RULES}
    outcomes = {rule_id: verdict.outcome for rule_id, verdict in found.items()}
    about_exemptions = replace(
        rule_context,
        exemptions=exemptions,
        exemption_tag_read=posture.has_tag(EXEMPTION_TAG) is not None,
        outcomes=outcomes,
    )
    for rule in EXEMPTION_RULES:
        found[rule.id] = rule.check(posture, about_exemptions)
        outcomes[rule.id] = found[rule.id].outcome
    headline, blocked_by, missing = _headline(posture, found)
    return Judgement(
        posture=posture,
        verdicts=tuple([found[rule.id] for rule in RULES]),
        upgrades_itself=headline,
        blocked_by=blocked_by,
        missing=missing,
        exempted=exempted,
        exemptions=exemptions,
    )


def _exemptions_of(posture: Posture, context: Context) -> tuple[Exemption | InvalidExemption, ...]:
    tag = posture.tags.get(EXEMPTION_TAG)
    filed = context.exemptions.about(posture)
    return filed if tag is None else (parse_tag(tag), *filed)


def _exempted(exemptions: Iterable[Exemption | InvalidExemption], context: Context) -> dict[str, Exemption]:
    covering: dict[str, Exemption] = {}
    for exemption in exemptions:
        if isinstance(exemption, Exemption) and exemption.holds_on(context.rule_context.today):
            for rule_id in exemption.rules:
                if rule_id not in covering or covering[rule_id].until < exemption.until:
                    covering[rule_id] = exemption
    return dict(sorted(covering.items()))


def _not_ours(posture: Posture, owner: str) -> tuple[Verdict, ...]:
    reason = f"{owner} owns the rollout of this scale set."
    evidence = () if posture.managed_by_evidence is None else (posture.managed_by_evidence,)
    return tuple([Verdict(rule.id, Outcome.NOT_APPLICABLE, reason, evidence) for rule in RULES])


def _headline(posture: Posture, verdicts: Mapping[str, Verdict]) -> tuple[Headline, tuple[str, ...], tuple[str, ...]]:
    if posture.automatic_os_upgrade is None:
        return Headline.UNKNOWN, (), (OS_UPGRADE,)
    if posture.automatic_os_upgrade:
        deciding = [verdicts[rule_id] for rule_id in BLOCKING_RULES]
        failed = tuple([verdict.rule_id for verdict in deciding if verdict.outcome is Outcome.FAILED])
        if failed:
            return Headline.BLOCKED, failed, ()
        unknown = tuple([f"{item.rule_id}: {item.reason}" for item in deciding if item.outcome is Outcome.UNKNOWN])
        return (Headline.UNKNOWN, (), unknown) if unknown else (Headline.YES, (), ())
    in_guest = all_of(is_flexible(posture), posture.platform_patching)
    if in_guest is None:
        missing = [] if posture.orchestration_mode is not None else [ORCHESTRATION_MODE]
        missing += [] if posture.platform_patching is not None else [WINDOWS_PATCH_MODE, LINUX_PATCH_MODE]
        return Headline.UNKNOWN, (), tuple(missing)
    return (Headline.IN_GUEST if in_guest else Headline.NO), (), ()
