"""Doubts: what Azure's index may say because it is old, and what becomes of it until it is confirmed.

Resource Graph may answer what was true before. So good news (a finding resolved or withdrawn, a fact strengthened, an
owner gone), a scale set that is back, and any value that this scale set has had before, rest on more than one answer: on
Compute's own, or on the same answer of Resource Graph in a second scan. Everything else is told at once.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace

from scanner.judging.judge import Headline, Judgement
from scanner.rules.exemption import EXEMPTION_TAG
from scanner.rules.verdict import Outcome
from scanner.state.drift import Direction
from scanner.state.fingerprint import fingerprint
from scanner.state.happenings import Appeared, Drifted, Exempted, Happening, Opened, Recreated, Resolved, Withdrawn
from scanner.state.state import Claim, Finding, ScaleSetState
from scanner.state.transitions import Transition

PRESENCE, RESOURCE, OWNER = "presence", "resource", "owner"
"""Doubts about the whole of an answer: whether the scale set is there, which one it is, who owns its rollout."""
_FACT, _RULE = "fact:", "rule:"
_HEADLINE = f"{_FACT}upgrades_itself"
_GOOD = frozenset({Headline.YES, Headline.IN_GUEST, Headline.MANAGED})


def doubts_of(transition: Transition, known: ScaleSetState | None, today: str) -> frozenset[str]:
    """Name what must be confirmed before it is believed; ``today`` is YYYY-MM-DD (UTC)."""
    if known is None or known.is_retired:
        return frozenset()
    if known.removed_at is not None:
        return frozenset({PRESENCE})
    if any(isinstance(each, Recreated) for each in transition.happenings):
        return frozenset({RESOURCE})
    owner_is_gone = known.managed_by is not None and transition.state.managed_by is None
    told = [each for each in transition.happenings if not _is_our_own(each, transition)]
    found = frozenset(filter(None, (_doubt(each, known, today) for each in told)))
    return found | {OWNER} if owner_is_gone else found


def _is_our_own(happening: Happening, transition: Transition) -> bool:
    """Whether a finding ends because its rule no longer judges: Azure has no part in it."""
    return isinstance(happening, Withdrawn) and happening.rule_id not in transition.state.outcomes


def _doubt(happening: Happening, known: ScaleSetState, today: str) -> str | None:
    match happening:
        case Drifted(drift):
            had_before = fingerprint(drift.after) in known.earlier.get(drift.field, ())
            return _FACT + drift.field if had_before or drift.direction is Direction.STRENGTHENED else None
        case Resolved(rule_id) | Withdrawn(rule_id):
            return _RULE + rule_id
        case Exempted(rule_id, finding):
            return _RULE + rule_id if finding.exemption is not None and finding.exemption.source == "tag" else None
        case Opened(rule_id):
            before = known.findings.get(rule_id)
            if before is not None:  # exempt until now: a tag that is out of sight, unless its time was up
                note = before.exemption
                return _RULE + rule_id if note is not None and note.source == "tag" and note.until >= today else None
            return _RULE + rule_id if rule_id in known.failed_before else None
        case _:
            return None


def claim_of(transition: Transition, doubts: AbstractSet[str], scan_id: str) -> Claim:
    """Put into one fingerprint what is claimed, to compare it with what another scan is told."""
    judgement = transition.judgement
    claims = {name: None if judgement is None else _said(judgement, name) for name in sorted(doubts)}
    return Claim(fingerprint(claims), scan_id)


def is_confirmed(transition: Transition, doubts: AbstractSet[str], answer: Judgement) -> bool | None:
    """Compare what is claimed with Compute's own answer: confirmed, contradicted, or ``None``: it does not say."""
    claimed = transition.judgement
    if claimed is None:
        return None
    told = [_agrees(_said(claimed, name), _said(answer, name)) for name in doubts]
    if False in told:
        return False
    return None if None in told else True


def _agrees(claimed: str | None, answered: str | None) -> bool | None:
    return None if answered is None else claimed == answered


def _said(judgement: Judgement, name: str) -> str | None:
    """Say what a judgement holds of the subject of a doubt; ``None``: nothing."""
    posture = judgement.posture
    if name == PRESENCE:
        return PRESENCE
    if name == RESOURCE:
        return posture.unique_id.lower() if posture.unique_id else None
    if name == OWNER:
        return judgement.managed_by or ""
    if name.startswith(_FACT):
        value = judgement.facts[name.removeprefix(_FACT)]
        return None if value is None else fingerprint(value)
    return _said_of_rule(judgement, name.removeprefix(_RULE))


def _said_of_rule(judgement: Judgement, rule_id: str) -> str | None:
    outcome = judgement.outcomes[rule_id]
    if outcome is Outcome.UNKNOWN or judgement.posture.has_tag(EXEMPTION_TAG) is None:
        return None
    return f"{outcome} exempt" if rule_id in judgement.exempted else str(outcome)


def held(transition: Transition, known: ScaleSetState, doubts: AbstractSet[str], claim: Claim) -> Transition:
    """Believe what is not in doubt, keep the rest as it was last known, and remember the claim."""
    if doubts & {PRESENCE, RESOURCE, OWNER}:
        state = replace(
            known,
            revision=known.revision + 1,
            claim=claim,
            missed_scans=0,
            missed_by=None,
            last_read_at=None,
        )
        return Transition(state, (), transition.judgement)
    new = transition.state
    facts = {name: known.facts[name] if _FACT + name in doubts else value for name, value in new.facts.items()}
    outcomes = {
        rule_id: known.outcomes.get(rule_id, outcome) if _RULE + rule_id in doubts else outcome
        for rule_id, outcome in new.outcomes.items()
    }
    state = replace(
        new,
        facts=facts,
        outcomes=outcomes,
        findings=dict(_findings(new, known, doubts)),
        earlier={name: values for name, values in new.earlier.items() if _FACT + name not in doubts}
        | {name: known.earlier[name] for name in known.earlier if _FACT + name in doubts},
        failed_before=tuple(
            [rule for rule in new.failed_before if _RULE + rule not in doubts or rule in known.failed_before]
        ),
        claim=claim,
    )
    if _HEADLINE in doubts or _is_better(new.upgrades_itself, known.upgrades_itself):
        state = replace(
            state,
            upgrades_itself=known.upgrades_itself,
            blocked_by=known.blocked_by,
            managed_by=known.managed_by,
            missing=known.missing,
            ready_to_enable=known.ready_to_enable,
            blocked_if_enabled=known.blocked_if_enabled,
        )
    told = tuple([each for each in transition.happenings if _name_of(each) not in doubts])
    return Transition(state, told, transition.judgement)


def _findings(new: ScaleSetState, known: ScaleSetState, doubts: AbstractSet[str]) -> Iterator[tuple[str, Finding]]:
    for rule_id in dict.fromkeys((*known.findings, *new.findings)):
        finding = (known if _RULE + rule_id in doubts else new).findings.get(rule_id)
        if finding is not None:
            yield rule_id, finding


def _name_of(happening: Happening) -> str:
    match happening:
        case Drifted(drift):
            return _FACT + drift.field
        case Opened(rule_id) | Resolved(rule_id) | Exempted(rule_id) | Withdrawn(rule_id):
            return _RULE + rule_id
        case Appeared():
            return PRESENCE
        case _:
            return RESOURCE


def _is_better(headline: str, known: str) -> bool:
    return headline in _GOOD and known not in _GOOD
