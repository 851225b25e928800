"""A process to be killed: commits revision after revision, or holds the lease."""

import sys
import time
from pathlib import Path

from scanner.adapters.stores.sqlite_store import SqliteStore
from tests.stores.store_contract import NOON, TEN_MINUTES, rows_of, transition


def commit_for_ever(store: SqliteStore, key: str) -> None:
    """Replace the row of one scale set again and again, with three events each time."""
    while True:
        found = rows_of(store).get(key)
        revision, version = (found.row.revision + 1, found.version) if found else (1, None)
        store.commit(
            [transition(key, revision, commit_id=f"c{revision}", replaces=version, details=("a", "b", "c"))],
        )
        say_at_work()


def say_at_work() -> None:
    """Tell the parent, once, that the first piece of work is done."""
    if not sys.stdout.closed:
        sys.stdout.write("at work\n")
        sys.stdout.flush()
        sys.stdout.close()


def hold_the_lease(store: SqliteStore) -> None:
    """Take the lease and keep it."""
    store.acquire_lease("child", NOON, TEN_MINUTES)
    say_at_work()
    time.sleep(60)


if __name__ == "__main__":
    opened = SqliteStore(Path(sys.argv[1]))
    if sys.argv[2] == "lease":
        hold_the_lease(opened)
    else:
        commit_for_ever(opened, sys.argv[3])
