"""What ``scan`` and ``check`` show of a judged scale set: one form for the screen, the gate and the documented JSON."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial

from scanner.cli.answers import advice_of, readiness_of, remediation_of
from scanner.cli.judged_rule import JudgedRule
from scanner.facts.compared import compared_facts
from scanner.facts.evidence import JsonValue
from scanner.formats.results import Place
from scanner.judging.judge import Judgement
from scanner.rules import rule_by_id
from scanner.rules.exemption import Exemption
from scanner.rules.policy import Policy
from scanner.rules.verdict import Outcome, Severity, Verdict
from scanner.state.kept_images import told_newest, write_newest
from scanner.state.kept_instances import KeptInstances, read_kept, told_of
from scanner.state.state import ExemptionNote, ScaleSetState

SCHEMA_VERSION = 1
"""Of the JSON that ``scan`` and ``check`` print; ``docs/scan.schema.json`` describes it."""
LABELS = ("environment", "application", "ring", "owner", "workload")
GOVERNANCE = frozenset({"VMSS-080", "VMSS-081", "VMSS-082"})
"""Rules about tags and exemptions: they can be decided without the scale set's model."""
DECIDED = frozenset({Outcome.PASSED, Outcome.FAILED})
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedScaleSet:
    """One scale set. A text that is not known is empty, a label that is not known is ``None``."""

    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    capacity: int | float | None
    labels: Mapping[str, str | None]
    facts: Mapping[str, JsonValue]
    upgrades_itself: str
    blocked_by: tuple[str, ...]
    managed_by: str | None
    missing: tuple[str, ...]
    readiness: tuple[bool | None, tuple[str, ...]] | None
    """Ready to enable, and what blocks it if enabled; ``None``: the question does not arise."""
    verdicts: tuple[JudgedRule, ...]
    is_decided: bool
    """Whether any rule could decide: passed or failed."""
    is_model_read: bool
    """Whether any rule about the model could, or a service owns the rollout; else only tags and exemptions were judged."""
    is_read: bool = True
    """Read now; else as it was last known."""
    place: Place | None = None
    """Where a plan and its sources declare it; ``None``: Azure reported it."""
    language: str = ""
    """What the plan is written in."""
    action: str = ""
    """What the plan does to it."""
    counted: AbstractSet[str] | None = None
    """Rules whose findings a change opens or worsens; ``None``: it was not compared with what runs."""
    changes: tuple[str, ...] = ()
    """What a change does to it, as sentences."""
    is_headline_kept: bool = False
    """Whether a change leaves the headline as it is."""
    instances: Mapping[str, JsonValue] | None = None
    """What its instances run, as the JSON has it; ``None``: not read."""

    newest_image: Mapping[str, JsonValue] | None = None
    """The newest version of its image in its region, as the JSON has it; ``None``: not read."""

    @property
    def key(self) -> str:
        """The id in lower case: the order of ``scan``."""
        return self.scale_set_id.lower()

    @property
    def open(self) -> tuple[JudgedRule, ...]:
        """The open findings, worst first."""
        return tuple(sorted((item for item in self.verdicts if item.is_open), key=_severity_and_id))

    @property
    def exempt(self) -> tuple[JudgedRule, ...]:
        """The failed verdicts that an exemption covers."""
        return tuple(item for item in self.verdicts if item.outcome is Outcome.FAILED and item.exemption is not None)

    def verdict_of(self, rule_id: str) -> JudgedRule | None:
        """Find the answer of one rule."""
        return next((item for item in self.verdicts if item.rule_id == rule_id), None)

    def document(self) -> dict[str, JsonValue]:
        """Write it for JSON, as ``docs/scan.schema.json`` says."""
        written: dict[str, JsonValue] = {
            "scale_set_id": self.scale_set_id or None,
            "name": self.name,
            "subscription_id": self.subscription_id or None,
            "resource_group": self.resource_group or None,
            "capacity": self.capacity,
            "labels": dict(self.labels),
            "facts": dict(self.facts),
            "upgrades_itself": self.upgrades_itself,
            "blocked_by": list(self.blocked_by),
            "managed_by": self.managed_by,
            "missing": list(self.missing),
            "is_read": self.is_read,
            "verdicts": [verdict.document() for verdict in self.verdicts],
        }
        if self.instances is not None:
            written["instances"] = dict(self.instances)
        if self.newest_image is not None:
            written["newest_image"] = dict(self.newest_image)
        if self.place is not None:
            written["plan"] = {
                "address": self.place.address,
                "file": self.place.file or None,
                "line": self.place.line,
                "source": self.language,
                "action": self.action,
            }
        if self.counted is not None:
            written["change"] = {"opened": sorted(self.counted), "sentences": list(self.changes)}
        if self.readiness is not None:
            written["ready_to_enable"] = self.readiness[0]
            written["blocked_if_enabled"] = list(self.readiness[1])
        return written


def of_judgement(judgement: Judgement) -> JudgedScaleSet:
    """Take over a judgement of now."""
    posture = judgement.posture
    decided = {verdict.rule_id for verdict in judgement.verdicts if verdict.outcome in DECIDED}
    return JudgedScaleSet(
        scale_set_id=posture.scale_set_id,
        name=posture.name,
        subscription_id=posture.subscription_id,
        resource_group=posture.resource_group,
        capacity=posture.capacity,
        labels={name: getattr(judgement.labels, name) for name in LABELS},
        facts=compared_facts(posture),
        upgrades_itself=judgement.upgrades_itself.value,
        blocked_by=judgement.blocked_by,
        managed_by=judgement.managed_by,
        missing=judgement.missing,
        readiness=readiness_of(judgement),
        verdicts=tuple([_judged(verdict, judgement) for verdict in judgement.verdicts]),
        is_decided=bool(decided),
        is_model_read=judgement.managed_by is not None or not decided <= GOVERNANCE,
        instances=_instances(judgement),
        newest_image=told_newest({"platform_image": write_newest(judgement.depth.newest)}),
    )


def _instances(judgement: Judgement) -> dict[str, JsonValue] | None:
    depth = judgement.depth
    if depth.instances is None:
        return None
    return told_of(KeptInstances(instances=depth.instances, since=depth.since, patching=depth.patching))


def _judged(verdict: Verdict, judgement: Judgement) -> JudgedRule:
    exemption = judgement.exempted.get(verdict.rule_id)
    return JudgedRule(
        rule_id=verdict.rule_id,
        outcome=verdict.outcome,
        severity=verdict.severity,
        reason=verdict.reason,
        evidence=[{"path": item.path, "value": item.value} for item in verdict.evidence],
        exemption=None if exemption is None else _exemption(exemption, exemption.until.isoformat()),
        remediate=partial(remediation_of, verdict, judgement),
        advise=partial(advice_of, verdict, judgement),
        own_name=verdict.own_name,
    )


def told_only(item: JudgedScaleSet) -> JudgedScaleSet:
    """Keep of the verdicts what a screen shows, failed and unknown ones, so that a large fleet takes little memory."""
    kept = tuple(verdict for verdict in item.verdicts if verdict.outcome in {Outcome.FAILED, Outcome.UNKNOWN})
    return replace(item, verdicts=kept)


def of_state(state: ScaleSetState, policy: Policy) -> JudgedScaleSet:
    """Take over what is remembered of a scale set that was not read now: outcomes, and the findings in full."""
    identity = state.identity
    labels = {name: getattr(identity, name, "") or None for name in LABELS}
    decided = {rule_id for rule_id, outcome in state.outcomes.items() if outcome in DECIDED}
    return JudgedScaleSet(
        scale_set_id=identity.scale_set_id,
        name=identity.name,
        subscription_id=identity.subscription_id,
        resource_group=identity.resource_group,
        capacity=None,
        labels=labels,
        facts=state.facts,
        upgrades_itself=state.upgrades_itself,
        blocked_by=state.blocked_by,
        managed_by=state.managed_by,
        missing=state.missing,
        readiness=None,
        verdicts=tuple([_remembered(rule_id, outcome, state, policy) for rule_id, outcome in state.outcomes.items()]),
        is_decided=bool(decided),
        is_model_read=state.managed_by is not None or not decided <= GOVERNANCE,
        is_read=False,
        instances=told_of(read_kept(state.beside, state.last_read_at)),
        newest_image=told_newest(state.beside),
    )


def _remembered(rule_id: str, outcome: str, state: ScaleSetState, policy: Policy) -> JudgedRule:
    finding = state.findings.get(rule_id)
    note = None if finding is None else finding.exemption
    severity = finding.severity if finding is not None else _severity_of(rule_id, policy)
    return JudgedRule(
        rule_id=rule_id,
        outcome=Outcome(outcome),
        severity=Severity(severity),
        reason=None if finding is None else finding.reason,
        evidence=() if finding is None else finding.evidence,
        exemption=None if note is None else _exemption(note, note.until),
        remediate=_no_remediation,
        own_name="" if finding is None else finding.own_name,
    )


def _severity_of(rule_id: str, policy: Policy) -> Severity:
    """Say how much the finding matters; low for a rule that this version does not know."""
    try:
        return policy.severity_of(rule_id, rule_by_id(rule_id).severity)
    except KeyError:
        return Severity.LOW


def _no_remediation() -> None:
    """Answer for what is only remembered."""


def _exemption(exemption: Exemption | ExemptionNote, until: str) -> dict[str, JsonValue]:
    return {
        "source": exemption.source,
        "reason": exemption.reason,
        "owner": exemption.owner,
        "ticket": exemption.ticket or None,
        "until": until,
    }


def _severity_and_id(rule: JudgedRule) -> tuple[int, str]:
    return _SEVERITIES.index(rule.severity), rule.rule_id
