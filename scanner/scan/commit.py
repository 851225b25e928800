"""Commit: the states that changed, each together with the events that say so."""

from collections.abc import Iterable

from scanner.errors import StateTooLargeError
from scanner.events.rows import events_of
from scanner.ports.store import StateWrite, StoredGlance
from scanner.scan.groups import note_changes
from scanner.scan.underway import Scan
from scanner.state.state import Remembered, ScaleSetState
from scanner.state.text import body_of, encode
from scanner.state.transitions import Transition


def commit(scan: Scan, transitions: Iterable[Transition]) -> None:
    """Write what changed. Raises ``LeaseLostError`` or ``StateConflictError`` when another scan has taken over."""
    changed: list[tuple[ScaleSetState, StateWrite]] = []
    for transition in transitions:
        state = transition.state
        known = scan.view.states.get(state.identity.key)
        if known is not None and not transition.happenings and _stands_as_it_is(scan, state, known):
            continue
        events = events_of(transition, scan.stamp)
        replaces = None if known is None else known.version
        changed.append((state, StateWrite(row=encode(state, scan.commit_id), replaces=replaces, events=events)))
    note_changes(scan, [state for state, _ in changed])
    scan.lease.keep()
    if not changed:
        return
    try:
        versions = scan.ports.store.commit([write for _, write in changed])
    except StateTooLargeError as error:
        scan.too_large.append(f"States that do not fit into the store, and stay as they were: {error}.")
        too_large = [state for state, write in changed if write.row.key in error.keys]
        scan.left_as_known.update(state.identity.subscription_id for state in too_large)
        changed = [each for each in changed if each[1].row.key not in error.keys]
        versions = scan.ports.store.commit([write for _, write in changed])
    for state, write in changed:
        row, version = write.row, versions[write.row.key]
        header = StoredGlance(row.subscription_id, row.key, version, row.glance, row.tally)
        scan.view.learn(Remembered(state, version, row.body), header)
        scan.committed += len(write.events)


def _stands_as_it_is(scan: Scan, state: ScaleSetState, known: Remembered) -> bool:
    """Tell whether the row needs no write: its body is the same, and its header is there."""
    return scan.view.headers[state.identity.key].is_stored and body_of(state) == known.body
