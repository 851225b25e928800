"""May this transition be written? One answer for every store."""

from collections.abc import Sequence

from scanner.errors import StateConflictError
from scanner.ports.store import StateRow, Transition


def already_written(transition: Transition, current: tuple[int, str, str] | None) -> bool:
    """Compare a transition with the revision, commit id and version of the row that is there now.

    True: this very transition was written before, its events with it; False: it may be written now.
    Raises ``StateConflictError`` when the row is not the one that the transition replaces.
    """
    row = transition.row
    if current is not None and current[:2] == (row.revision, row.commit_id):
        return True
    if transition.replaces == (None if current is None else current[2]):
        return False
    found = "nothing" if current is None else f"revision {current[0]} of commit {current[1]!r}"
    wanted = "nothing" if transition.replaces is None else f"version {transition.replaces!r}"
    raise StateConflictError(
        f"another scan wrote the state of {row.key!r} first: revision {row.revision} replaces {wanted}, but the store"
        f" holds {found}. This scan stops; the next one starts from what is there."
    )


def row_version(revision: int, commit_id: str) -> str:
    """Name what was written, for a store without ETags: no two writes share a revision and a commit id."""
    return f"{revision}|{commit_id}"


def refuse_repeats(transitions: Sequence[Transition]) -> None:
    """Raise ``ValueError`` when two transitions of one commit are about the same scale set: that is our own mistake."""
    seen: set[tuple[str, str]] = set()
    for transition in transitions:
        if identity(transition.row) in seen:
            raise ValueError(f"two transitions of {transition.row.key!r} in one commit")
        seen.add(identity(transition.row))


def identity(row: StateRow) -> tuple[str, str]:
    """Name the row in its store."""
    return (row.subscription_id, row.key)
