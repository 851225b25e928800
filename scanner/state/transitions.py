"""From the last known state and a new judgement to the next state and what happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scanner.judging.judge import Judgement
from scanner.plain_text import plain
from scanner.rules.rollouts import STALLED
from scanner.rules.verdict import Outcome
from scanner.state.attribution import together, who_changed
from scanner.state.drift import Drift, drifts, merged
from scanner.state.findings import found, next_findings, withdrawn
from scanner.state.fingerprint import fingerprint
from scanner.state.flip import NO_FLIP, Flip
from scanner.state.group_owner import GroupOwner
from scanner.state.happenings import (
    Appeared,
    Drifted,
    Happening,
    Recreated,
    Removed,
    Retired,
    RolloutMoved,
)
from scanner.state.rollouts import rollouts_of, to_tell
from scanner.state.state import Identity, ScaleSetState

CONFIRM_AFTER = 2
"""Scans in a row that must have covered the subscription without the scale set before Azure is asked if it is gone."""

EARLIER_VALUES = 8
"""Values of one fact that are remembered after it has changed."""
NO_GROUP_OWNER = GroupOwner()


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state of a scale set, and what happened on the way to it."""

    state: ScaleSetState
    happenings: tuple[Happening, ...] = ()
    judgement: Judgement | None = None
    """What the state was concluded from; ``None`` where the scale set was not seen."""


def seen(
    judgement: Judgement,
    known: ScaleSetState | None,
    moment: str,
    owner: GroupOwner = NO_GROUP_OWNER,
    flip: Flip = NO_FLIP,
) -> Transition:
    """Compare a scale set that was read at ``moment`` (ISO 8601, UTC) with what is known of it.

    ``owner`` is what is believed of its resource group, which the judgement rests on; ``flip`` what is held of it.
    """
    posture = judgement.posture
    appeared = known is None or known.removed_at is not None
    recreated = _is_other(known, posture.unique_id)
    facts, outcomes = judgement.facts, judgement.outcomes
    fresh = appeared or recreated
    before = {} if known is None else known.findings
    findings = {} if recreated else before
    changes = [] if known is None or fresh else drifts(known.facts, facts)
    news, told = to_tell(
        rollouts_of(judgement.depth),
        {} if known is None or recreated else known.told_rollouts,
        is_stalled=outcomes[STALLED] is Outcome.FAILED,
    )
    state = ScaleSetState(
        identity=identity_of(judgement),
        revision=1 if known is None else known.revision + 1,
        generation=moment if known is None or known.is_retired else known.generation,
        unique_id=posture.unique_id or (known.unique_id if known is not None else None),
        first_seen_at=moment if known is None or fresh else known.first_seen_at,
        facts={name: value for name, value in facts.items() if value is not None}
        if known is None or fresh
        else merged(known.facts, facts),
        outcomes=outcomes,
        findings=dict(next_findings(judgement, findings, moment)),
        upgrades_itself=judgement.upgrades_itself.value,
        blocked_by=judgement.blocked_by,
        managed_by=judgement.managed_by,
        missing=judgement.missing,
        ready_to_enable=_readiness(judgement),
        blocked_if_enabled=judgement.blocked_if_enabled,
        group_owner=owner.believed,
        owner_claim=owner.claim,
        earlier={} if known is None or fresh else _earlier(known, changes),
        failed_before=() if known is None or fresh else _failed_before(known, judgement),
        last_change=judgement.depth.last_change,
        hold=flip.hold,
        told_rollouts=told,
    )
    happenings: list[Happening] = []
    if recreated:
        happenings.append(Recreated())
        happenings.extend(withdrawn(before, "the scale set was re-created"))
    elif appeared:
        happenings.append(Appeared())
    happenings.extend(_drifted(changes, judgement, known))
    if flip.back is not None:
        happenings.append(flip.back)
    if findings or state.findings:
        happenings.extend(found(findings, state))
    happenings.extend([RolloutMoved(phase, rollout) for phase, rollout in news])
    return Transition(state, tuple(happenings), judgement)


def _drifted(changes: Sequence[Drift], judgement: Judgement, known: ScaleSetState | None) -> list[Drifted]:
    """Say who made each change; a fact that is decided from others was changed by those who changed these."""
    recent, last = judgement.depth.changes, judgement.depth.last_change
    if recent is None and last is None:
        return [Drifted(drift) for drift in changes]
    held = None if known is None or known.hold is None else known.hold.change
    told = {drift.field: who_changed(drift.field, recent or (), held, last) for drift in changes}
    others = together([who for who in told.values() if who is not None])
    return [Drifted(drift, told[drift.field] or others) for drift in changes]


def _readiness(judgement: Judgement) -> str:
    if judgement.readiness is None:
        return ""
    return {True: "yes", False: "no", None: "unknown"}[judgement.ready_to_enable]


def _earlier(known: ScaleSetState, changes: Iterable[Drift]) -> dict[str, tuple[str, ...]]:
    """Remember the values that facts had before: one that comes back may be an old answer."""
    earlier = dict(known.earlier)
    for drift in changes:
        left = fingerprint(drift.before)
        others = [value for value in earlier.get(drift.field, ()) if value != left]  # one that comes often is kept once
        earlier[drift.field] = (*others, left)[-EARLIER_VALUES:]
    return earlier


def _failed_before(known: ScaleSetState, judgement: Judgement) -> tuple[str, ...]:
    now = judgement.outcomes
    failed = {rule_id for rule_id, outcome in known.outcomes.items() if outcome == Outcome.FAILED}
    over = {rule_id for rule_id in failed if now.get(rule_id) not in (Outcome.FAILED, Outcome.UNKNOWN)}
    return tuple(sorted({*known.failed_before, *over}))


def missed(known: ScaleSetState, last_read_at: str | None, moment: str, scan_id: str) -> Transition:
    """Count a scan that covered the subscription and did not see the scale set. Not seeing is not a change."""
    state = replace(
        known,
        revision=known.revision + 1,
        missed_scans=known.missed_scans + 1,
        missed_by=scan_id,
        last_read_at=known.last_read_at or last_read_at or moment,
        basis="",
        due_at="",
    )
    return Transition(state)


def removed(known: ScaleSetState, moment: str) -> Transition:
    """Leave a tombstone, and withdraw what was open."""
    state = _tombstone(known, moment)
    return Transition(state, (Removed(), *withdrawn(known.findings, "the scale set was removed")))


def retired(known: ScaleSetState, moment: str) -> Transition:
    """Leave a tombstone of a scale set whose subscription an operator has retired, and withdraw what was open."""
    state = replace(_tombstone(known, moment), is_retired=True)
    return Transition(state, (Retired(), *withdrawn(known.findings, "its subscription was retired")))


def _tombstone(known: ScaleSetState, moment: str) -> ScaleSetState:
    """Keep what the next event of this id needs: its name, its revision, and which resource it was."""
    return ScaleSetState(
        identity=known.identity,
        revision=known.revision + 1,
        generation=known.generation,
        unique_id=known.unique_id,
        first_seen_at=known.first_seen_at,
        facts={},
        outcomes={},
        findings={},
        upgrades_itself=known.upgrades_itself,
        told_rollouts=known.told_rollouts,
        removed_at=moment,
    )


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
