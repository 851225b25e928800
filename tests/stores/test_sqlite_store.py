import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

import pytest

from scanner.adapters.stores.outbox_body import utc_text
from scanner.adapters.stores.sqlite_file import FILE_VERSION
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.errors import LeaseHeldError, NewerSchemaError, StoreError, UnreadableError
from scanner.ports.event import event_id
from scanner.ports.store import Damage
from tests.stores.store_contract import (
    NOON,
    TEN_MINUTES,
    OpenStore,
    StoreContract,
    rows_of,
    scale_set,
    send_all,
    transition,
    unsent_ids,
)

KEY = scale_set("web")
CHILD = "tests.stores.committing_child"


class TestSqliteStore(StoreContract):
    @pytest.fixture
    @override
    def open_store(self, tmp_path: Path) -> Iterator[OpenStore]:
        """Open the same file again with every call."""
        opened: list[SqliteStore] = []

        def open_one() -> SqliteStore:
            opened.append(SqliteStore(tmp_path / "deep" / "er" / "state.sqlite"))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE state SET body = NULL WHERE key LIKE '%web'",
        "UPDATE state SET revision = 'one' WHERE key LIKE '%web'",
        "UPDATE state SET schema_version = 'one' WHERE key LIKE '%web'",
        "UPDATE state SET commit_id = 5 WHERE key LIKE '%web'",
        "UPDATE state SET body = x'ff' WHERE key LIKE '%web'",
    ],
)
def test_a_row_that_is_not_ours_is_set_aside(tmp_path: Path, damage: str) -> None:
    """It is told, does not keep the others from being read, and can be dropped."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([transition(scale_set("web")), transition(scale_set("shop"))])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = 1")
        db.execute("PRAGMA writable_schema = 1")
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'state'")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute(damage).rowcount == 1
    with closing(SqliteStore(path)) as store:
        found: list[Damage] = []
        assert [each.row.key for each in store.load(found.append)] == [scale_set("shop")]
        assert [(each.kind, each.name) for each in found] == [("state", scale_set("web"))]
        assert store.drop("state", found[0].name)
        assert len(list(store.load())) == 1


@pytest.mark.parametrize("events", ["", "[5]", "[" * 30_000])
def test_a_sent_entry_that_is_not_ours_is_set_aside(tmp_path: Path, events: str) -> None:
    """The others are replayed; it is told, stays where it is, and can be dropped."""
    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([transition(scale_set("web")), transition(scale_set("shop"))])
        send_all(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("UPDATE outbox SET events = ? WHERE id = 1", (events,))
        with pytest.raises(UnreadableError, match="entry:1"):
            store.replay(NOON)
        assert unsent_ids(store) == []
        assert [each.key for each in store.damaged_sent()] == ["entry:1"]
        damaged: list[Damage] = []
        assert store.replay(NOON, damaged.append) == 1
        assert [damage.key for damage in damaged] == ["entry:1"]
        assert len(unsent_ids(store)) == 1
        assert store.drop("entry", "1")


def test_a_file_through_a_link_is_one_file(tmp_path: Path) -> None:
    """A scan through the link and one through the file do not run at once."""
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "real" / "state.sqlite")
    with closing(SqliteStore(tmp_path / "real" / "state.sqlite")) as store:
        store.acquire_lease("a", NOON, TEN_MINUTES)
        with closing(SqliteStore(tmp_path / "link.sqlite")) as other, pytest.raises(LeaseHeldError):
            other.acquire_lease("b", NOON, TEN_MINUTES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.sqlite", "real"]


def started_child(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start another process on the file, and wait until it says that it is at work."""
    child = subprocess.Popen(
        [sys.executable, "-m", CHILD, str(path), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "at work\n"
    return child


def killed(child: subprocess.Popen[str]) -> None:
    """End a process as a power cut would."""
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def test_a_process_killed_at_any_moment_leaves_each_revision_with_its_events(tmp_path: Path) -> None:
    """After every kill the row's revision has exactly the events of all revisions up to it, and the next goes on."""
    path = tmp_path / "state.sqlite"
    chance = random.Random(20260310)  # noqa: S311 - moments, not secrets
    reached = 0
    for _ in range(5):
        child = started_child(path, "commit", KEY)
        time.sleep(chance.uniform(0.0, 0.25))
        killed(child)
        store = SqliteStore(path)
        revision = rows_of(store)[KEY].row.revision
        assert unsent_ids(store) == sorted(
            event_id(ascii(KEY), detail, "", each) for each in range(1, revision + 1) for detail in ("a", "b", "c")
        )
        store.close()
        assert revision > reached
        reached = revision


def test_the_lease_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    """While the process lives the lease holds; when it is killed the next scan need not wait for the lease's end."""
    path = tmp_path / "state.sqlite"
    child = started_child(path, "lease")
    store = SqliteStore(path)
    try:
        with pytest.raises(LeaseHeldError, match="child"):
            store.acquire_lease("b", NOON, TEN_MINUTES)
        assert store.lease_holder(NOON) == "child"
    finally:
        killed(child)
    assert store.lease_holder(NOON) is None
    store.acquire_lease("b", NOON, TEN_MINUTES)
    assert store.lease_holder(NOON) == "b"
    store.close()


def test_the_end_of_a_scan_that_overran_its_lease_does_not_free_its_successor(tmp_path: Path) -> None:
    """A successor that took over by the clock keeps its lease when the first process ends at last."""
    path = tmp_path / "state.sqlite"
    child = started_child(path, "lease")
    store, other = SqliteStore(path), SqliteStore(path)
    try:
        store.acquire_lease("b", NOON + TEN_MINUTES, TEN_MINUTES)
    finally:
        killed(child)
    with pytest.raises(LeaseHeldError, match="'b'"):
        other.acquire_lease("c", NOON + TEN_MINUTES, TEN_MINUTES)
    store.close()
    other.close()


def test_two_processes_commit_side_by_side(tmp_path: Path) -> None:
    """Writers wait for each other; neither fails and nothing is lost."""
    path = tmp_path / "state.sqlite"
    names = [scale_set("one"), scale_set("two")]
    children = [started_child(path, "commit", name) for name in names]
    time.sleep(0.3)
    alive = [child.poll() is None for child in children]
    for child in children:
        killed(child)
    assert alive == [True, True]
    store = SqliteStore(path)
    revisions = {key: stored.row.revision for key, stored in rows_of(store).items()}
    assert set(revisions) == set(names)
    assert len(unsent_ids(store)) == 3 * sum(revisions.values())
    store.close()


def test_a_file_that_a_newer_version_laid_out_is_left_alone(tmp_path: Path) -> None:
    """An older service does not write into a layout that it does not know."""
    path = tmp_path / "state.sqlite"
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {FILE_VERSION + 1}")
    connection.close()
    with pytest.raises(NewerSchemaError, match="upgrade"):
        SqliteStore(path)


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, just enough text to look at its first page and see so\n" * 20, "utf-8")
    with pytest.raises(StoreError, match=r"notes\.txt"):
        SqliteStore(path)


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    """A file in the way of the folder is said, with the path."""
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError, match="file/state"):
        SqliteStore(tmp_path / "file" / "state" / "state.sqlite")


def test_an_event_that_is_not_plain_json_leaves_nothing_behind(tmp_path: Path) -> None:
    """A commit that fails half-way is undone, and the store works on."""
    store = SqliteStore(tmp_path / "state.sqlite")
    good, bad = transition(scale_set("good")), transition(scale_set("bad"))
    unfit = replace(bad.events[0], columns={**bad.events[0].columns, "Share": float("nan")})
    bad = replace(bad, events=(unfit,))
    with pytest.raises(StoreError, match="JSON"):
        store.commit([good, bad])
    assert list(store.load()) == []
    store.commit([good])
    assert len(rows_of(store)) == 1
    store.close()


@pytest.mark.parametrize(("ends", "is_broken"), [(NOON + 2 * TEN_MINUTES, False), (NOON + timedelta(days=2), True)])
def test_an_unguarded_lease_of_a_wrong_clock_is_broken(tmp_path: Path, ends: datetime, *, is_broken: bool) -> None:
    """Without the lock of a living process the clock decides, and one that was two days ahead keeps nobody out."""
    with closing(SqliteStore(tmp_path / "state.sqlite")) as store:
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as file, file:
            file.execute("INSERT INTO lease VALUES (1, 'a', ?, 0)", (utc_text(ends),))
        if is_broken:
            store.acquire_lease("b", NOON, TEN_MINUTES)
            assert store.lease_holder(NOON) == "b"
        else:
            with pytest.raises(LeaseHeldError):
                store.acquire_lease("b", NOON, TEN_MINUTES)
