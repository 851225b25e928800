"""What a store holds that cannot be read, and how it is dropped: between two scans, one thing at a time."""

from collections.abc import Iterator
from datetime import datetime

from scanner.errors import UnreadableError
from scanner.ports.store import Damage, Kind, StateStore
from scanner.scan.changes import PSEUDONYMS, read_pseudonym_key
from scanner.scan.group_head import find_damage as find_damaged_groups
from scanner.scan.lease import ScanLease
from scanner.scan.request import LEASE
from scanner.scan.shard_view import decoded
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import read_coverage

_KINDS: tuple[Kind, ...] = ("state", "entry", "record")


def find_damage(store: StateStore) -> Iterator[Damage]:
    """Look at every state, every outbox entry, waiting or sent, and the records that a scan names when they are damaged."""
    damaged: list[Damage] = []
    yield from _records(store)
    for _ in decoded(store.load(damaged.append), damaged.append):
        yield from _taken(damaged)
    yield from _taken(damaged)
    for entry in store.unsent():
        if entry.damage is not None:
            yield Damage(kind="entry", name=entry.entry_id, why=entry.damage)
    yield from store.damaged_sent()


def _records(store: StateStore) -> Iterator[Damage]:
    try:
        read_coverage(store.get_record(COVERAGE))
    except UnreadableError as error:
        yield Damage(kind="record", name=COVERAGE, why=str(error))
    try:
        read_pseudonym_key(store)
    except UnreadableError as error:
        yield Damage(kind="record", name=PSEUDONYMS, why=str(error))
    yield from find_damaged_groups(store)


def _taken(damaged: list[Damage]) -> Iterator[Damage]:
    while damaged:
        yield damaged.pop(0)


def parse_key(key: str) -> tuple[Kind, str] | None:
    """Read a key as ``Damage.key`` writes it; a resource id alone names the state of that scale set."""
    if key.lower().startswith("/subscriptions/"):
        return "state", key.lower()
    for kind in _KINDS:
        if key.startswith(f"{kind}:") and len(key) > len(kind) + 1:
            return kind, key.removeprefix(f"{kind}:")
    return None


def drop(store: StateStore, kind: Kind, name: str, now: datetime) -> bool:
    """Delete one thing, whatever it holds; answer whether it was there. Raises ``LeaseHeldError`` while a scan runs."""
    lease = ScanLease(store, "state drop", LEASE, lambda: now)
    lease.take()
    try:
        return store.drop(kind, name)
    finally:
        lease.give_back()
