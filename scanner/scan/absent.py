"""What was not there: counted, and after the second time confirmed by Azure before it is called removed."""

import random
from collections.abc import Iterable, Iterator

from scanner.ports.compute import Absence
from scanner.scan.underway import Scan
from scanner.state import transitions
from scanner.state.state import ScaleSetState
from scanner.state.transitions import Transition

MAX_CONFIRMATIONS = 100
"""Scale sets that Azure is asked about in one scan; the rest waits for the next.

Resource Graph may return nothing for days; this keeps the calls to Compute bounded.
"""


def on_absent(scan: Scan) -> Iterator[Iterable[Transition]]:
    """Count the scans that missed a scale set; after the second one, ask Azure whether it is gone. In batches."""
    absent = {
        key: glance
        for key, glance in scan.view.absent(scan.reading.seen, scan.reading.subscriptions).items()
        if glance.missed_by != scan.request.scan_id
    }
    doubtful = sorted(key for key, glance in absent.items() if glance.missed_scans + 1 >= transitions.CONFIRM_AFTER)
    for states in scan.view.in_batches(sorted(absent.keys() - set(doubtful))):
        yield [_missed(scan, state) for state in states if state.missed_by != scan.request.scan_id]
    # Another order in every scan: those that Azure does not confirm must not keep the others waiting for ever.
    random.Random(scan.request.scan_id).shuffle(doubtful)  # noqa: S311 - an order, no secret
    for states in scan.view.in_batches(doubtful[:MAX_CONFIRMATIONS]):
        yield _removed(scan, states)


def _missed(scan: Scan, state: ScaleSetState) -> Transition:
    last_read_at = scan.view.coverage.read_at.get(state.identity.subscription_id)
    return transitions.missed(state, last_read_at, scan.stamp.detected_at, scan.request.scan_id)


def _removed(scan: Scan, states: Iterable[ScaleSetState]) -> Iterator[Transition]:
    for state in states:
        identity = state.identity
        if scan.questions.ask(identity.scale_set_id, identity.subscription_id) is Absence.GONE:
            yield transitions.removed(state, scan.stamp.detected_at)
