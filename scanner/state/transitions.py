"""From the last known state and a new judgement to the next state and the events of that transition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.events.rows import EventContext, EventType, ScaleSetEvents
from scanner.facts.compared import compared_facts
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement
from scanner.plain_text import plain
from scanner.ports.event import Event
from scanner.ports.store import Transition
from scanner.rules import RULES
from scanner.rules.exemption import EXEMPTION_TAG
from scanner.rules.verdict import Outcome, Verdict
from scanner.state.drift import Drift, drifts, merged
from scanner.state.state import ExemptionNote, Finding, Identity, ScaleSetState, encode

CONFIRM_AFTER = 2
"""Scans in a row that must have covered the subscription without the scale set before Azure is asked if it is gone."""


@dataclass(frozen=True, slots=True)
class Step:
    """The next state of a scale set, and the events that say what changed."""

    state: ScaleSetState
    events: tuple[Event, ...]


def seen(judgement: Judgement, known: ScaleSetState | None, context: EventContext) -> Step:
    """Compare a scale set that was read with what is known of it."""
    posture = judgement.posture
    identity = identity_of(judgement)
    appeared = known is None or known.removed_at is not None
    recreated = _is_other(known, posture.unique_id)
    facts = compared_facts(posture)
    fresh = appeared or recreated
    before = {} if known is None else known.findings
    findings = {} if recreated else before
    state = ScaleSetState(
        identity=identity,
        revision=1 if known is None else known.revision + 1,
        unique_id=posture.unique_id or (known.unique_id if known is not None else None),
        first_seen_at=context.detected_at if known is None or fresh else known.first_seen_at,
        facts={name: value for name, value in facts.items() if value is not None}
        if known is None or fresh
        else merged(known.facts, facts),
        outcomes={verdict.rule_id: verdict.outcome for verdict in judgement.verdicts},
        findings=_next_findings(judgement, findings, context),
        upgrades_itself=judgement.upgrades_itself.value,
        blocked_by=judgement.blocked_by,
        managed_by=judgement.managed_by,
        missing=judgement.missing,
    )
    events: list[Event] = []
    about = context.about(state)
    if recreated:
        events.append(about.scale_set(EventType.RECREATED))
    elif appeared:
        events.append(about.scale_set(EventType.DISCOVERED))
    changed: list[Drift] = [] if known is None or fresh else drifts(known.facts, facts)
    events.extend(about.drifted(drift) for drift in changed)
    if recreated:
        events.extend(_withdrawn(before, about))
    if findings or state.findings:
        events.extend(_finding_events(findings, state, about, posture))
    return Step(state, tuple(events))


def _withdrawn(findings: Mapping[str, Finding], about: ScaleSetEvents) -> Iterator[Event]:
    """Withdraw what was open on a resource that is no more."""
    for rule in RULES:
        finding = findings.get(rule.id)
        if finding is not None and finding.exemption is None:
            yield about.finding(EventType.WITHDRAWN, rule, finding, None)


def _finding_events(
    findings: Mapping[str, Finding], state: ScaleSetState, about: ScaleSetEvents, posture: Posture
) -> Iterator[Event]:
    for rule in RULES:
        before, after = findings.get(rule.id), state.findings.get(rule.id)
        finding = after or before
        if finding is None:
            continue
        event_type = _finding_event(before, after, state.outcomes[rule.id])
        if event_type is not None:
            yield about.finding(event_type, rule, finding, posture)


def missed(known: ScaleSetState, last_read_at: str | None, context: EventContext) -> Step:
    """Count a scan that covered the subscription and did not see the scale set. Not seeing is not a change."""
    state = replace(
        known,
        revision=known.revision + 1,
        missed_scans=known.missed_scans + 1,
        last_read_at=known.last_read_at or last_read_at or context.detected_at,
    )
    return Step(state, ())


def removed(known: ScaleSetState, context: EventContext) -> Step:
    """Leave a tombstone, and withdraw what was open."""
    state = replace(
        known,
        revision=known.revision + 1,
        missed_scans=known.missed_scans + 1,
        findings={},
        removed_at=context.detected_at,
    )
    about = context.about(state)
    events = [about.scale_set(EventType.REMOVED)]
    events.extend(_withdrawn(known.findings, about))
    return Step(state, tuple(events))


def transition_of(state: ScaleSetState, replaces: str | None, events: Sequence[Event], commit_id: str) -> Transition:
    """Make what the store commits: the state's row and the events, together."""
    return Transition(row=encode(state, commit_id), replaces=replaces, events=events)


def identity_of(judgement: Judgement) -> Identity:
    """Say which scale set this is, with its labels in plain text."""
    posture, labels = judgement.posture, judgement.labels

    def label(value: str | None) -> str:
        return plain(value or "", 256)

    return Identity(
        key=posture.key,
        scale_set_id=posture.scale_set_id,
        name=posture.name,
        subscription_id=posture.subscription_id,
        resource_group=posture.resource_group,
        location=posture.location or "",
        environment=label(labels.environment),
        application=label(labels.application),
        ring=label(labels.ring),
        owner=label(labels.owner),
    )


def _is_other(known: ScaleSetState | None, unique_id: str | None) -> bool:
    """Tell a re-creation: Azure gave the same id to another resource."""
    if known is None or known.unique_id is None or unique_id is None:
        return False
    return known.unique_id.lower() != unique_id.lower()


def _next_findings(judgement: Judgement, findings: Mapping[str, Finding], context: EventContext) -> dict[str, Finding]:
    return dict(_each_next_finding(judgement, findings, context))


def _each_next_finding(
    judgement: Judgement, findings: Mapping[str, Finding], context: EventContext
) -> Iterator[tuple[str, Finding]]:
    for verdict in judgement.verdicts:
        before = findings.get(verdict.rule_id)
        if verdict.outcome is Outcome.FAILED:
            finding = _failed(verdict, before, context)
        elif verdict.outcome is Outcome.UNKNOWN and before is not None:
            finding = before  # carried forward: what could not be judged is as it was last known
        else:
            continue
        note = _note(judgement, verdict.rule_id) or _note_not_read(judgement, finding, context)
        if note is not None:
            yield verdict.rule_id, replace(finding, exemption=note)
        elif finding.exemption is not None:
            yield verdict.rule_id, replace(finding, exemption=None, opened_at=context.detected_at)
        else:
            yield verdict.rule_id, finding


def _note(judgement: Judgement, rule_id: str) -> ExemptionNote | None:
    exemption = judgement.exempted.get(rule_id)
    if exemption is None:
        return None
    return ExemptionNote(
        reason=plain(exemption.reason),
        owner=plain(exemption.owner),
        until=exemption.until.isoformat(),
        source=exemption.source,
        ticket=plain(exemption.ticket or ""),
    )


def _note_not_read(judgement: Judgement, finding: Finding, context: EventContext) -> ExemptionNote | None:
    """Keep an exemption from a tag, until its end, while the tag cannot be read: not seeing is not a change."""
    note = finding.exemption
    if note is None or note.source != "tag" or note.until < context.detected_at[:10]:
        return None
    return note if judgement.posture.has_tag(EXEMPTION_TAG) is None else None


def _failed(verdict: Verdict, before: Finding | None, context: EventContext) -> Finding:
    return Finding(
        opened_at=context.detected_at if before is None else before.opened_at,
        severity=verdict.severity.value,
        reason=plain(verdict.reason),
        evidence=[{"path": item.path, "value": item.value} for item in verdict.evidence],
        exemption=None if before is None else before.exemption,
    )


def _finding_event(before: Finding | None, after: Finding | None, outcome: str) -> EventType | None:
    was_open = before is not None and before.exemption is None
    if after is None:
        if not was_open:
            return None
        return EventType.RESOLVED if outcome == Outcome.PASSED else EventType.WITHDRAWN
    if after.exemption is None:
        return None if was_open else EventType.OPENED
    return EventType.EXEMPTED if was_open else None
