"""The last known states and the outbox."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from scanner.errors import UnreadableError
from scanner.ports.event import Event

STATE_SCHEMA_VERSION = 2
"""Version of the state rows that this code writes. Older rows are read."""
READABLE_SCHEMA_VERSION = STATE_SCHEMA_VERSION + 1
"""Newest version that is read: a field is written one release after it can be read, so a release can be taken back by one.

A row of a newer version stops the scan."""


type Kind = Literal["state", "entry", "record"]
"""What a store keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """What is remembered of one scale set, as the store sees it: an identity, a revision and a body of JSON text."""

    subscription_id: str
    key: str
    """The scale set's resource id in lower case."""
    revision: int
    """1 for the first state of a scale set, one more with every write; tombstones keep it going."""
    commit_id: str
    """Names the attempt that wrote the row, so that a commit whose answer was lost is recognised as done."""
    body: str
    schema_version: int = STATE_SCHEMA_VERSION
    glance: str = ""
    """The little of the body that tells whether the state stands; empty in rows of earlier releases."""
    tally: str = ""
    """What the scale set adds to the fleet's numbers; empty on a tombstone, and in rows of earlier releases."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A state row as it was read, with the store's own version of it (an ETag, a counter)."""

    row: StateRow
    version: str


@dataclass(frozen=True, slots=True)
class StoredGlance:
    """The header of a state row, read without its body. The texts are as in ``StateRow``, and empty where it has none."""

    subscription_id: str
    key: str
    version: str
    glance: str
    tally: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWrite:
    """A new state row and the events of its transition: written together or not at all."""

    row: StateRow
    replaces: str | None
    """Version of the row that this one was derived from; ``None``: there was none."""
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """Events of one transition that Log Analytics has not accepted yet."""

    entry_id: str
    """Opaque; names the entry in its store."""
    events: Sequence[Event]
    damage: str | None = None
    """Why the entry cannot be read; it has no events then, and stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something in the store that cannot be read. It is set aside, and told."""

    kind: Kind
    name: str
    """A state's resource id, or where not even that can be read the name of its row; an entry's id; a record's name."""
    why: str

    @property
    def key(self) -> str:
        """Name it for the commands that list and drop what is damaged."""
        return f"{self.kind}:{self.name}"


def refuse_damage(damage: Damage) -> None:
    """Raise ``UnreadableError``: for a caller that cannot go on without the row."""
    raise UnreadableError(f"{damage.key} cannot be read: {damage.why}")


def without_end() -> bool:
    """Let it go on: for a caller whose time has no end."""
    return True


class StateStore(Protocol):
    """The last known states and the outbox.

    Every method raises ``StoreError`` when the store cannot be reached or answers what it should not.
    """

    def acquire_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Keep other scans out until ``now + duration``; the holder itself may acquire again.

        Raises ``LeaseHeldError`` while another holder's lease has not ended.
        """

    def renew_lease(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease. Raises ``LeaseLostError`` when it is no longer the holder's."""

    def release_lease(self, holder: str) -> None:
        """End the lease if it is the holder's; otherwise do nothing."""

    def lease_holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``, if anybody does."""

    def load(
        self, on_damage: Callable[[Damage], None] = refuse_damage, *, subscription_id: str | None = None
    ) -> Iterator[StoredRow]:
        """Yield the state rows, tombstones included, of a subscription or of all; report those that cannot be read.

        Raises ``NewerSchemaError`` before it yields a row that a newer version of the service wrote.
        """

    def subscriptions(self) -> Sequence[str]:
        """List the subscriptions that have state rows, tombstones included; sorted."""

    def glances(
        self, subscription_id: str | None = None, on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredGlance]:
        """Yield the headers of the state rows of a subscription, or of all, one subscription after another.

        Reports the rows of which not even that can be read. Raises ``NewerSchemaError`` when it comes to a row that a
        newer version of the service wrote.
        """

    def read(
        self, subscription_id: str, keys: Collection[str], on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredRow]:
        """Yield the state rows of some scale sets of a subscription, those that are there, in any order."""

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write states, each atomically with its events; several may share a transaction.

        Answers the version of each row as it is now, by key: what the next write of it replaces. A write whose row is
        already there with the same revision and commit id is done, and no error. Raises ``StateConflictError`` when a
        row is not the one that its write replaces; writes of other transactions of the same call may be done then.
        Raises ``StateTooLargeError`` before anything is written when a state does not fit into the store.
        """

    def unsent(self) -> Iterator[OutboxEntry]:
        """Yield the entries that hold events not yet accepted, with just those events.

        Those of one scale set come by revision, and those that were put with records come last.
        An entry that cannot be read, as after a newer version of the service, is yielded with what is wrong.
        """

    def mark_sent(self, entries: Iterable[OutboxEntry], accepted: AbstractSet[str], now: datetime) -> None:
        """Remember that the events with these ids were accepted. An entry all of whose events are is no longer unsent."""

    def sent(self, since: datetime) -> Iterator[OutboxEntry]:
        """Yield the entries that were wholly sent at ``since`` or later, whole and in any order, until they are purged.

        An entry that cannot be read is yielded with what is wrong.
        """

    def replay(self, since: datetime, on_damage: Callable[[Damage], None] = refuse_damage) -> int:
        """Make every entry that was wholly sent at ``since`` or later unsent again; answer how many events that is.

        One that cannot be read is reported, and stays where it is.
        """

    def damaged_sent(self) -> Iterator[Damage]:
        """Yield the wholly sent entries that cannot be read: ``replay`` cannot send them again."""

    def purge_sent(self, before: datetime, may_go_on: Callable[[], bool] = without_end) -> int:
        """Delete the entries wholly sent on days before that of ``before``; answer how many entries that is.

        ``may_go_on`` is asked before each part of them: what is left is for another time.
        """

    def get_record(self, name: str) -> str | None:
        """Read a control record, such as that of the last complete scan; ``None``: there is none.

        One whose row is damaged is answered as the empty text, which is no record of any kind.
        """

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        """Write control records, and put events into the outbox, in one transaction. Repeating it changes nothing.

        A record whose text is ``None`` is deleted, if it is there. Raises ``RecordTooLargeError`` where one does not fit.

        With ``holder`` that happens only while this holder's lease is there, in the same transaction; else it raises
        ``LeaseLostError`` and writes nothing.

        Answers the entries that hold the events, as ``unsent`` would, so that they can be sent without a search.
        """

    def merge_records(self, merges: Mapping[str, Callable[[str | None], str]], *, holder: str) -> None:
        """Write control records, each made of what it holds then, while others of this holder do the same.

        Nothing that another one wrote is lost; so a merge may be asked several times. Raises ``LeaseLostError``, and writes
        nothing, when this holder's lease is not there.
        """

    def forget(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Delete state rows by subscription, key and version, each only if it still has that version."""

    def row_name(self, subscription_id: str, key: str) -> str:
        """Name the row of a scale set as ``Damage.name`` does when its key cannot be read."""

    def drop(self, kind: Kind, name: str) -> bool:
        """Delete a state row, an outbox entry or a control record, whatever it holds; answer whether it was there.

        ``name`` is as in ``Damage``; of a state the resource id will also do.
        """

    def close(self) -> None:
        """Close the connections."""
