"""The automatic OS image upgrade that a pipeline switches off and on again while it runs.

Terraform switches it off, changes the model, rolls the instances and switches it on again, minutes to hours apart: a scan
in between sees a true but short weakening. It waits for one scan where Azure names a client that the policy lists as a
pipeline, and the change is younger than one scan interval. On again by then, it is one neutral event with both changes.
"""

from dataclasses import dataclass, replace

from scanner.facts.change import Attribution, Certainty
from scanner.facts.depth import Depth
from scanner.facts.posture import Posture
from scanner.rules.vmss_083_changed_outside_pipeline import is_pipeline
from scanner.state.attribution import who_changed
from scanner.state.drift import Direction, Drift
from scanner.state.happenings import FlippedBack
from scanner.state.state import Hold, ScaleSetState

FIELD = "automatic_os_upgrade"
_NOT_SEEN = Attribution(certainty=Certainty.NOT_FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """What is held of a scale set after a reading, and what is told of a hold that ended."""

    hold: Hold | None = None
    back: FlippedBack | None = None
    is_held: bool = False
    """The reading says *off*, and it is judged as if it were on."""


NO_FLIP = Flip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Which scan reads, and when the subscription was read before."""

    scan_id: str
    last_read_at: str
    """ISO 8601, UTC; empty: not known."""
    pipelines: frozenset[str]
    """Client and object ids, in lower case."""


def flip_of(known: ScaleSetState | None, posture: Posture, depth: Depth, seen: Seen) -> Flip:
    """Decide whether a weakening of the flag is held, told, or was put right."""
    if known is None or known.removed_at is not None or known.facts.get(FIELD) is not True:
        return NO_FLIP
    is_on, hold = posture.automatic_os_upgrade, known.hold
    if hold is None:
        return _first(depth, seen) if is_on is False else NO_FLIP
    if is_on is None:
        return Flip(hold=hold)
    if not is_on:
        return Flip(hold=hold, is_held=True) if hold.scan_id == seen.scan_id else NO_FLIP
    return _back(hold, depth, seen)


def _first(depth: Depth, seen: Seen) -> Flip:
    change = who_changed(FIELD, depth.changes or ())
    if change is None or change.certainty is not Certainty.KNOWN or not is_pipeline(change, seen.pipelines):
        return NO_FLIP
    if not seen.last_read_at or change.changed_at <= seen.last_read_at:
        return NO_FLIP
    return Flip(hold=Hold(change=replace(change, fields=(FIELD,)), scan_id=seen.scan_id), is_held=True)


def _back(hold: Hold, depth: Depth, seen: Seen) -> Flip:
    """Tell both changes once Azure has a record of the second, or after a second scan that sees it on."""
    change = who_changed(FIELD, depth.changes or ())
    if change is None or change.certainty is Certainty.PENDING or change.changed_at <= hold.change.changed_at:
        if hold.seen_on_by in ("", seen.scan_id):
            return Flip(hold=replace(hold, seen_on_by=seen.scan_id))
        change = _NOT_SEEN
    return Flip(
        back=FlippedBack(Drift(FIELD, before=True, after=True, direction=Direction.NEUTRAL), hold.change, change)
    )
