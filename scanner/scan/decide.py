"""Decide: from what was seen, and what was not, to the transitions of the scale sets."""

import random
from collections.abc import Iterable, Iterator

from scanner.facts.posture import Posture
from scanner.judging.judge import judge
from scanner.scan.underway import Scan
from scanner.state import transitions
from scanner.state.transitions import Transition

MAX_CONFIRMATIONS = 100
"""Scale sets that Azure is asked about in one scan; the rest waits for the next.

Resource Graph may return nothing for days; this keeps the calls to Compute bounded.
"""


def on_seen(scan: Scan, postures: Iterable[Posture]) -> Iterator[Transition]:
    """Judge each scale set and compare it with what is known of it."""
    criteria, moment = scan.request.criteria, scan.stamp.detected_at
    for posture in postures:
        if posture.key not in scan.view.unreadable:
            known = scan.view.state_of(posture.key)
            judgement = judge(posture, criteria)
            scan.request.on_judged(judgement)
            yield transitions.seen(judgement, known, moment)


def on_absent(scan: Scan) -> Iterator[Transition]:
    """Count the scans that missed a scale set; after the second one, ask Azure whether it is gone."""
    view, reading, moment = scan.view, scan.reading, scan.stamp.detected_at
    absent = [
        state
        for key, state in view.current.items()
        if key not in reading.seen
        and state.identity.subscription_id in reading.subscriptions
        and state.missed_by != scan.request.scan_id
    ]
    doubtful = [state for state in absent if state.missed_scans + 1 >= transitions.CONFIRM_AFTER]
    for state in absent:
        if state.missed_scans + 1 < transitions.CONFIRM_AFTER:
            last_read_at = view.coverage.read_at.get(state.identity.subscription_id)
            yield transitions.missed(state, last_read_at, moment, scan.request.scan_id)
    # Another order in every scan: those that Azure does not confirm must not keep the others waiting for ever.
    random.Random(scan.request.scan_id).shuffle(doubtful)  # noqa: S311 - an order, no secret
    for state in doubtful[:MAX_CONFIRMATIONS]:
        scan.lease.keep()
        if scan.ports.compute.is_gone(state.identity.scale_set_id):
            yield transitions.removed(state, moment)
