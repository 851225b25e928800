"""Decide: from what was seen to the transitions of the scale sets, with what is in doubt confirmed or held."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scanner.facts.depth import Depth
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement, judge
from scanner.ports.compute import Absence, Answer
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.changes import as_held, explained, flip_in
from scanner.scan.groups import kept_card, known_card
from scanner.scan.underway import Scan, Sighting
from scanner.state import transitions
from scanner.state.doubts import PRESENCE, claim_of, doubts_of, held, is_confirmed
from scanner.state.group_owner import is_second
from scanner.state.state import ScaleSetState
from scanner.state.transitions import Transition
from scanner.times import iso

MAX_QUESTIONS = 200
"""Scale sets whose doubts Compute is asked about in one scan; of the others, the same answer in a second scan counts."""


def on_seen(scan: Scan, sightings: Iterable[Sighting]) -> Iterator[Transition]:
    """Judge each scale set and compare it with what is known of it."""
    moment = scan.stamp.detected_at
    for sighting in sightings:
        key = sighting.posture.key
        if scan.view.is_unreadable(sighting.posture.subscription_id, key):
            scan.left_as_known.add(sighting.posture.subscription_id)  # so that the next scan says it again
            continue
        known = scan.view.state_of(key)
        depth = explained(scan, sighting.posture, sighting.depth, known)
        flip = flip_in(scan, sighting.posture, depth, known)
        sighting = replace(sighting, posture=as_held(sighting.posture, flip), depth=depth)  # noqa: PLW2901 - as believed
        judgement = _judged(scan, sighting.posture, depth)
        transition = transitions.seen(judgement, known, moment, sighting.owner, flip)
        doubts = doubts_of(transition, known, moment[:10])
        if known is None or not doubts:
            believed: Transition | None = transition
        else:
            believed = _weighed(scan, sighting, transition, known, doubts)
        if believed is transition:
            scan.request.on_judged(judgement)
        if believed is None:
            scan.left_as_known.add(sighting.posture.subscription_id)
            continue
        basis = sighting.basis if believed is transition and flip.hold is None else ""
        due_at = _due_at(judgement, sighting) if basis else ""
        card = kept_card(judgement.card) if believed is transition else known_card(known)
        state = replace(believed.state, basis=basis, due_at=due_at, beside={**sighting.beside, **card})
        yield replace(believed, state=state)


def _due_at(judgement: Judgement, sighting: Sighting) -> str:
    """Say from when on it is judged again: a verdict may change, or a source has to ask."""
    moments = [moment for moment in (judgement.holds_until, sighting.due_at) if moment is not None]
    return iso(min(moments)) if moments else ""


def _weighed(
    scan: Scan, sighting: Sighting, transition: Transition, known: ScaleSetState, doubts: frozenset[str]
) -> Transition | None:
    """Confirm what is in doubt, hold it, or leave the scale set as it is known: the answer was an old one."""
    claim = claim_of(transition, doubts, scan.request.scan_id)
    if PRESENCE not in doubts and known.claim is not None and is_second(claim, known.claim):
        return transition
    if scan.doubts_asked >= MAX_QUESTIONS:
        answer: Answer = None
    else:
        scan.doubts_asked += 1
        answer = scan.questions.ask(sighting.posture.scale_set_id, sighting.posture.subscription_id)
    if answer is Absence.GONE:
        return None
    judgement = None if answer is None else _judged_answer(scan, sighting, answer)
    confirmed = None if judgement is None else is_confirmed(transition, doubts, judgement)
    if confirmed is None:
        return None if PRESENCE in doubts else held(transition, known, doubts, claim)
    return transition if confirmed else None


def _judged_answer(scan: Scan, sighting: Sighting, answer: object) -> Judgement | None:
    try:
        posture = parse_scale_set(answer, resource_group_managed_by=sighting.owner.believed)
    except UnreadableRowError:
        return None
    if posture.key != sighting.posture.key:
        return None
    # By its tags it may belong to another application than by the row of Resource Graph.
    return _judged(scan, posture, replace(sighting.depth, groups=scan.groups_around([posture])))


def _judged(scan: Scan, posture: Posture, depth: Depth) -> Judgement:
    return judge(posture, scan.request.criteria, depth)
