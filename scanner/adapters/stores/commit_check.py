"""May this state be written? One answer for every store."""

from collections.abc import Sequence

from scanner.errors import StateConflictError
from scanner.ports.store import StateRow, StateWrite


def already_written(write: StateWrite, current: tuple[int, str, str] | None) -> bool:
    """Compare a write with the revision, commit id and version of the row that is there now.

    True: this very write was done before, its events with it; False: it may be done now.
    Raises ``StateConflictError`` when the row is not the one that the write replaces.
    """
    row = write.row
    if current is not None and current[:2] == (row.revision, row.commit_id):
        return True
    if write.replaces == (None if current is None else current[2]):
        return False
    found = "nothing" if current is None else f"revision {current[0]} of commit {current[1]!r}"
    wanted = "nothing" if write.replaces is None else f"version {write.replaces!r}"
    raise StateConflictError(
        f"another scan wrote the state of {row.key!r} first: revision {row.revision} replaces {wanted}, but the store"
        f" holds {found}. This scan stops; the next one starts from what is there.",
        key=row.key,
    )


def row_version(revision: int, commit_id: str) -> str:
    """Name what was written, for a store without ETags: no two writes share a revision and a commit id."""
    return f"{revision}|{commit_id}"


def versions_of(writes: Sequence[StateWrite]) -> dict[str, str]:
    """Name what was written, by key, for a store without ETags."""
    return {write.row.key: row_version(write.row.revision, write.row.commit_id) for write in writes}


def refuse_repeats(writes: Sequence[StateWrite]) -> None:
    """Raise ``ValueError`` when two writes of one commit are about the same scale set: that is our own mistake."""
    seen: set[tuple[str, str]] = set()
    for write in writes:
        if identity(write.row) in seen:
            raise ValueError(f"two writes of {write.row.key!r} in one commit")
        seen.add(identity(write.row))


def identity(row: StateRow) -> tuple[str, str]:
    """Name the row in its store."""
    return (row.subscription_id, row.key)
