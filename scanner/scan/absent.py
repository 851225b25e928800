"""What was not there: counted, and after the second time confirmed by Azure before it is called removed."""

import random
from collections.abc import Iterator

from scanner.ports.compute import Absence
from scanner.scan.underway import Scan
from scanner.state import transitions
from scanner.state.transitions import Transition

MAX_CONFIRMATIONS = 100
"""Scale sets that Azure is asked about in one scan; the rest waits for the next.

Resource Graph may return nothing for days; this keeps the calls to Compute bounded.
"""


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
        identity = state.identity
        if scan.questions.ask(identity.scale_set_id, identity.subscription_id) is Absence.GONE:
            yield transitions.removed(state, moment)
