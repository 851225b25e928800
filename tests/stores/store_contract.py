"""What every ``StateStore`` does, whatever it is made of. A store passes by subclassing and opening itself."""

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from scanner.errors import LeaseHeldError, LeaseLostError, NewerSchemaError, StateConflictError, StoreError
from scanner.ports.event import Event, Table, event_id
from scanner.ports.store import (
    READABLE_SCHEMA_VERSION,
    STATE_SCHEMA_VERSION,
    OutboxEntry,
    StateRow,
    StateStore,
    StateWrite,
    StoredGlance,
    StoredRow,
)

if TYPE_CHECKING:
    from scanner.facts.evidence import JsonValue

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
WEST = "11111111-1111-1111-1111-111111111111"
EAST = "22222222-2222-2222-2222-222222222222"
NORTH = "33333333-3333-3333-3333-333333333333"

type OpenStore = Callable[[], StateStore]


def scale_set(name: str, subscription_id: str = WEST) -> str:
    """Make a resource id in lower case."""
    return (
        f"/subscriptions/{subscription_id}/resourcegroups/shop/providers/microsoft.compute"
        f"/virtualmachinescalesets/{name}"
    )


def event(subject: str, detail: str = "posture.drifted", revision: int = 1) -> Event:
    """Make an event with a column of each kind."""
    columns: dict[str, JsonValue] = {
        "ScaleSetId": subject,
        "EventType": detail,
        "Count": 3,
        "Share": 0.5,
        "Before": None,
        "Evidence": [{"path": "upgradePolicy.mode", "value": "Manual, „von Hand“"}],
    }
    return Event(event_id(ascii(subject), detail, "", revision), Table.EVENTS, columns)


def transition(
    key: str,
    revision: int = 1,
    *,
    subscription_id: str = WEST,
    commit_id: str = "first",
    replaces: str | None = None,
    body: str = '{"mode":"Manual"}',
    details: Sequence[str] = ("posture.drifted",),
    schema_version: int = STATE_SCHEMA_VERSION,
) -> StateWrite:
    """Make the write of one state, with one event per detail."""
    row = StateRow(
        subscription_id=subscription_id,
        key=key,
        revision=revision,
        commit_id=commit_id,
        body=body,
        schema_version=schema_version,
    )
    return StateWrite(row=row, replaces=replaces, events=[event(key, detail, revision) for detail in details])


def with_header(write: StateWrite, *, glance: str = "[1]", tally: str = '{"v":1}') -> StateWrite:
    """Give the row of a write a header."""
    return replace(write, row=replace(write.row, glance=glance, tally=tally))


def rows_of(store: StateStore) -> dict[str, StoredRow]:
    """Read all state rows by key."""
    return {stored.row.key: stored for stored in store.load()}


def unsent_ids(store: StateStore) -> list[str]:
    """Read the ids of all unsent events, sorted, repeats included."""
    return sorted(each.event_id for entry in store.unsent() for each in entry.events)


def ids_of(*transitions: StateWrite) -> list[str]:
    """List the ids of the events of some transitions, sorted."""
    return sorted(each.event_id for one in transitions for each in one.events)


def send_all(store: StateStore, now: datetime = NOON) -> list[OutboxEntry]:
    """Mark everything that is unsent as accepted."""
    entries = list(store.unsent())
    store.mark_sent(entries, {each.event_id for entry in entries for each in entry.events}, now)
    return entries


def incompressible_json(size: int) -> str:
    """Make JSON of about this many bytes that no compression makes much smaller than three quarters."""
    return json.dumps({"noise": random.Random(7).randbytes(size // 2).hex()})  # noqa: S311 - the same noise each time


class StoreContract(ABC):
    """The contract of the port. ``open_store`` opens the same data again with every call."""

    body_limit: int | None = None
    """Size of a body of random hexadecimal digits that does not fit; ``None``: whatever memory holds."""
    at_once = 3
    """Processes that may use it at the same time."""

    @pytest.fixture
    @abstractmethod
    def open_store(self) -> OpenStore:
        """Open a store on data that only this test sees."""

    @pytest.fixture
    def store(self, open_store: OpenStore) -> StateStore:
        """Open the store once."""
        return open_store()

    # --- headers -----------------------------------------------------------------------------------------------

    def test_headers_are_read_without_their_bodies(self, store: StateStore) -> None:
        """Of one subscription, or of all, one subscription after another; a row of an earlier release has none."""
        writes = [
            with_header(transition(scale_set("web"))),
            with_header(transition(scale_set("api", EAST), subscription_id=EAST), tally=""),
            transition(scale_set("shop")),
            with_header(transition(scale_set("bar", EAST), subscription_id=EAST), glance="„Überblick“\n\ud800"),
        ]
        versions = store.commit(writes)
        expected = {
            write.row.key: StoredGlance(
                write.row.subscription_id,
                write.row.key,
                versions[write.row.key],
                write.row.glance,
                write.row.tally,
            )
            for write in writes
        }
        found = list(store.glances())
        assert {each.key: each for each in found} == expected
        assert [each.subscription_id for each in found] == [WEST, WEST, EAST, EAST]
        assert {each.key for each in store.glances(EAST)} == {scale_set("api", EAST), scale_set("bar", EAST)}
        assert list(store.glances(NORTH)) == []

    def test_the_header_is_that_of_the_last_write(self, store: StateStore) -> None:
        """It is replaced with its row, and gone with it; a write without a header leaves none."""
        first = with_header(transition(scale_set("web")), glance="[1]")
        version = store.commit([first])[scale_set("web")]
        second = with_header(transition(scale_set("web"), 2, commit_id="second", replaces=version), glance="[2]")
        version = store.commit([second])[scale_set("web")]
        assert [each.glance for each in store.glances(WEST)] == ["[2]"]
        third = transition(scale_set("web"), 3, commit_id="third", replaces=version)
        version = store.commit([third])[scale_set("web")]
        assert [each.glance for each in store.glances(WEST)] == [""]
        store.forget([(WEST, scale_set("web"), version)])
        assert list(store.glances()) == []

    @pytest.mark.parametrize("count", [3, 40])
    def test_some_rows_are_read(self, store: StateStore, count: int) -> None:
        """Those that are asked for and are there, of that subscription alone, each with its version."""
        writes = [with_header(transition(scale_set(f"web-{number}"))) for number in range(count + 2)]
        versions = store.commit([*writes, transition(scale_set("east", EAST), subscription_id=EAST)])
        wanted = [scale_set(f"web-{number}") for number in range(count)]
        found = list(store.read(WEST, [*wanted, scale_set("none"), scale_set("east", EAST)]))
        assert {each.row.key: (each.row, each.version) for each in found} == {
            write.row.key: (write.row, versions[write.row.key]) for write in writes[:count]
        }
        assert list(store.read(WEST, [])) == []

    def test_the_subscriptions_that_have_rows(self, store: StateStore) -> None:
        """Sorted, each once; the lease, records and events of no state belong to none."""
        assert list(store.subscriptions()) == []
        store.put_records({"r": "1"}, [event("scan")])
        store.commit(
            [
                transition(scale_set("api", EAST), subscription_id=EAST),
                transition(scale_set("web")),
                transition(scale_set("shop")),
                transition(scale_set("odd", "Ä/ö"), subscription_id="Ä/ö"),
            ]
        )
        assert list(store.subscriptions()) == [WEST, EAST, "Ä/ö"]
        assert [each.key for each in store.glances("Ä/ö")] == [scale_set("odd", "Ä/ö")]

    def test_a_header_of_a_newer_version_is_refused(self, store: StateStore) -> None:
        """As a whole row is."""
        store.commit([transition(scale_set("web"), schema_version=READABLE_SCHEMA_VERSION + 1)])
        with pytest.raises(NewerSchemaError):
            list(store.glances(WEST))
        with pytest.raises(NewerSchemaError):
            list(store.read(WEST, [scale_set("web")]))

    def test_the_outbox_comes_in_order(self, store: StateStore) -> None:
        """Entries of one scale set by revision, those of no scale set after all others."""
        store.put_records({}, [event("the end of a scan")])
        version = None
        for revision in range(1, 12):
            write = transition(scale_set("web"), revision, commit_id=f"c{revision}", replaces=version)
            version = store.commit([write])[scale_set("web")]
        found = [each.columns["ScaleSetId"] for entry in store.unsent() for each in entry.events]
        assert found == [scale_set("web")] * 11 + ["the end of a scan"]
        assert [each for entry in store.unsent() for each in entry.events][:11] == [
            event(scale_set("web"), revision=revision) for revision in range(1, 12)
        ]

    # --- states and their events -------------------------------------------------------------------------------

    def test_a_commit_answers_what_the_next_one_replaces(self, store: StateStore) -> None:
        """A scale set may be written twice in one scan, without reading it again; a repeat answers the same."""
        first = transition(scale_set("web"))
        other = transition(scale_set("shop"), details=())
        version = store.commit([first, other])[scale_set("web")]
        assert version == rows_of(store)[scale_set("web")].version
        assert store.commit([first]) == {scale_set("web"): version}
        again = transition(scale_set("web"), 2, commit_id="again", replaces=version)
        assert store.commit([again]) == {scale_set("web"): rows_of(store)[scale_set("web")].version}
        assert unsent_ids(store) == ids_of(first, again)

    def test_an_event_that_was_put_can_be_marked_sent_at_once(self, store: StateStore) -> None:
        """What ``put_records`` answers is the entry that ``unsent`` would yield; a repeat answers the same one."""
        end = [event(scale_set("scan"), "end", 1)]
        store.commit([transition(scale_set("web"))])
        entries = store.put_records({"scan.last": "{}"}, end)
        assert [each.event_id for entry in entries for each in entry.events] == [end[0].event_id]
        assert list(store.put_records({"scan.last": "{}"}, end)) == list(entries)
        store.mark_sent(entries, {end[0].event_id}, NOON)
        assert unsent_ids(store) == ids_of(transition(scale_set("web")))
        assert list(store.put_records({"scan.last": "{}"})) == []

    def test_a_new_store_is_empty(self, store: StateStore) -> None:
        """Nothing is remembered before the first commit."""
        assert list(store.load()) == []
        assert list(store.unsent()) == []
        assert store.get_record("scan") is None
        assert store.lease_holder(NOON) is None

    def test_a_committed_row_and_its_events_read_back_as_they_were(self, open_store: OpenStore) -> None:
        """Another store on the same data reads exactly the row and the events that were committed."""
        new = transition(scale_set("web"), details=("scale_set.discovered", "finding.opened"))
        open_store().commit([new])
        other = open_store()
        assert [stored.row for stored in other.load()] == [new.row]
        (entry,) = other.unsent()
        assert list(entry.events) == list(new.events)

    def test_committing_nothing_writes_nothing(self, store: StateStore) -> None:
        """A scan without changes leaves the store as it was."""
        store.commit([])
        assert list(store.load()) == []

    def test_a_transition_without_events_leaves_no_outbox_entry(self, store: StateStore) -> None:
        """A silent change, such as the time of a reading, is state alone."""
        store.commit([transition(scale_set("web"), details=())])
        assert len(rows_of(store)) == 1
        assert list(store.unsent()) == []

    def test_the_next_revision_replaces_the_row_and_adds_its_events(self, store: StateStore) -> None:
        """One row per scale set remains, and the events of both transitions."""
        first = transition(scale_set("web"), body='{"mode":"Manual","long ago":true}')
        store.commit([first])
        version = rows_of(store)[first.row.key].version
        second = transition(first.row.key, 2, commit_id="second", replaces=version, body='{"mode":"Rolling"}')
        store.commit([second])
        assert [stored.row for stored in store.load()] == [second.row]
        assert rows_of(store)[first.row.key].version != version
        assert unsent_ids(store) == ids_of(first, second)

    def test_a_tombstone_is_a_row_like_any_other(self, store: StateStore) -> None:
        """A removed scale set's row stays, so that its revisions go on when it comes back."""
        store.commit([transition(scale_set("web"))])
        version = rows_of(store)[scale_set("web")].version
        tombstone = transition(scale_set("web"), 2, replaces=version, body='{"removed":true}', commit_id="second")
        store.commit([tombstone])
        assert [stored.row for stored in store.load()] == [tombstone.row]

    def test_the_same_key_in_two_subscriptions_is_two_rows(self, store: StateStore) -> None:
        """A row is named by its subscription and its key."""
        west, east = transition("same"), transition("same", subscription_id=EAST)
        store.commit([west, east])
        assert sorted(stored.row.subscription_id for stored in store.load()) == [WEST, EAST]

    def test_two_transitions_of_one_scale_set_in_a_commit_are_refused(self, store: StateStore) -> None:
        """A scale set has one new state per scan; two of them are a mistake of the caller, and nothing is written."""
        with pytest.raises(ValueError, match="two writes"):
            store.commit([transition(scale_set("web")), transition(scale_set("web"), 2)])
        assert list(store.load()) == []

    def test_a_thousand_transitions_in_three_subscriptions_are_committed_at_once(self, open_store: OpenStore) -> None:
        """The first scan of a fleet is one commit, whatever the store's own limits are."""
        new = [
            transition(
                scale_set(f"set-{number}", subscription_id),
                subscription_id=subscription_id,
                details=("scale_set.discovered", "finding.opened"),
            )
            for number in range(1000)
            for subscription_id in [(WEST, EAST, NORTH)[number % 3]]
        ]
        open_store().commit(new)
        other = open_store()
        assert {stored.row for stored in other.load()} == {each.row for each in new}
        assert unsent_ids(other) == ids_of(*new)

    # --- conflicts and repeats ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("case", ["the row was replaced", "the row is new to us", "the row is gone"])
    def test_a_row_that_is_not_the_one_replaced_is_a_conflict(self, open_store: OpenStore, case: str) -> None:
        """A scan that lost its lease stops with the scale set's name, and the other scan's row and events stay."""
        ours, theirs = open_store(), open_store()
        key = scale_set("web")
        kept = []
        version = None
        if case == "the row was replaced":
            first = transition(key)
            ours.commit([first])
            version = rows_of(ours)[key].version
            second = transition(key, 2, commit_id="theirs", replaces=version, body='{"mode":"Automatic"}')
            theirs.commit([second])
            kept = [first, second]
        elif case == "the row is new to us":
            kept = [transition(key, commit_id="theirs")]
            theirs.commit(kept)
        else:
            ours.commit([transition(scale_set("other"), details=())])
            version = rows_of(ours)[scale_set("other")].version
        before = list(theirs.load())
        late = transition(key, 2 if version else 1, commit_id="ours", replaces=version, details=("finding.opened",))
        with pytest.raises(StateConflictError, match="web"):
            ours.commit([late])
        assert list(theirs.load()) == before
        assert unsent_ids(theirs) == ids_of(*kept)

    def test_a_silent_transition_over_a_replaced_row_is_a_conflict_too(self, open_store: OpenStore) -> None:
        """The version of the row itself is what guards it, without any event whose name could clash."""
        ours, theirs = open_store(), open_store()
        key = scale_set("web")
        ours.commit([transition(key, details=())])
        version = rows_of(ours)[key].version
        winner = transition(key, 2, commit_id="theirs", replaces=version, details=())
        theirs.commit([winner])
        with pytest.raises(StateConflictError, match="web"):
            ours.commit([transition(key, 2, commit_id="ours", replaces=version, details=())])
        assert [stored.row for stored in theirs.load()] == [winner.row]

    def test_each_transition_beside_a_conflict_is_whole_or_absent(self, store: StateStore) -> None:
        """When one transition of many conflicts, no row is without its events and no event without its row."""
        store.commit([transition(scale_set("web-150"), commit_id="theirs", details=())])
        batch = [transition(scale_set(f"web-{number}"), details=("a", "b")) for number in range(200)]
        with pytest.raises(StateConflictError, match="web-150"):
            store.commit(batch)
        rows = rows_of(store)
        assert rows.pop(scale_set("web-150")).row.commit_id == "theirs"
        assert unsent_ids(store) == ids_of(*[each for each in batch if each.row.key in rows])

    @pytest.mark.parametrize("sent", [False, True])
    def test_a_commit_that_is_repeated_changes_nothing(self, store: StateStore, sent: bool) -> None:  # noqa: FBT001 - a table's column
        """A commit whose answer was lost is recognised, also after its events were sent."""
        first = transition(scale_set("web"))
        store.commit([first])
        version = rows_of(store)[first.row.key].version
        second = transition(first.row.key, 2, commit_id="second", replaces=version)
        store.commit([second])
        if sent:
            send_all(store)
        before = list(store.load())
        store.commit([second])
        assert list(store.load()) == before
        assert unsent_ids(store) == ([] if sent else ids_of(first, second))

    def test_a_repeated_commit_writes_what_is_still_missing(self, store: StateStore) -> None:
        """A commit that was cut short is completed by doing all of it again."""
        done, missing = transition(scale_set("a")), transition(scale_set("b"))
        store.commit([done])
        store.commit([done, missing])
        assert set(rows_of(store)) == {done.row.key, missing.row.key}
        assert unsent_ids(store) == ids_of(done, missing)

    # --- schema versions ---------------------------------------------------------------------------------------

    def test_a_row_of_a_newer_version_stops_the_scan_before_the_first_row(self, store: StateStore) -> None:
        """A service that was rolled back does not misread what its successor wrote."""
        newer = READABLE_SCHEMA_VERSION + 1
        store.commit([transition(scale_set(f"web-{number}")) for number in range(5)])
        store.commit([transition(scale_set("new"), schema_version=newer)])
        rows = store.load()
        with pytest.raises(NewerSchemaError, match=str(newer)):
            next(rows)

    def test_a_row_of_the_next_version_is_read(self, store: StateStore) -> None:
        """A release can be taken back by one."""
        following = transition(scale_set("web"), schema_version=READABLE_SCHEMA_VERSION)
        store.commit([following])
        assert [stored.row for stored in store.load()] == [following.row]

    def test_a_row_of_an_older_version_is_read(self, store: StateStore) -> None:
        """An upgrade of the service forgets nothing."""
        old = transition(scale_set("web"), schema_version=STATE_SCHEMA_VERSION - 1)
        store.commit([old])
        assert [stored.row for stored in store.load()] == [old.row]

    # --- the outbox --------------------------------------------------------------------------------------------

    def test_an_entry_whose_events_are_all_accepted_is_no_longer_unsent(self, store: StateStore) -> None:
        """What was accepted is not sent again; the rest is."""
        web, shop = transition(scale_set("web"), details=("a", "b")), transition(scale_set("shop"))
        store.commit([web, shop])
        entries = list(store.unsent())
        store.mark_sent(entries, set(ids_of(web)), NOON)
        assert unsent_ids(store) == ids_of(shop)

    def test_an_entry_accepted_in_part_keeps_the_rest(self, store: StateStore) -> None:
        """Refused events are offered again, alone, until the last one of the entry is accepted."""
        web = transition(scale_set("web"), details=("a", "b", "c"))
        store.commit([web])
        for accepted, left in [(0, [1, 2]), (2, [1]), (1, [])]:
            store.mark_sent(list(store.unsent()), {web.events[accepted].event_id}, NOON)
            assert unsent_ids(store) == sorted(web.events[index].event_id for index in left)
        assert store.replay(NOON) == 3

    def test_marking_only_touches_the_entries_that_are_named(self, store: StateStore) -> None:
        """Accepted ids of other entries are not looked for."""
        web, shop = transition(scale_set("web")), transition(scale_set("shop"))
        store.commit([web, shop])
        named = [entry for entry in store.unsent() if entry.events[0].event_id in ids_of(web)]
        store.mark_sent(named, set(ids_of(web, shop)), NOON)
        assert unsent_ids(store) == ids_of(shop)

    def test_marking_twice_is_marking_once(self, open_store: OpenStore) -> None:
        """Two senders that sent the same entry both may say so."""
        store = open_store()
        store.commit([transition(scale_set("web"), details=("a", "b"))])
        entries = send_all(store)
        accepted = {each.event_id for entry in entries for each in entry.events}
        open_store().mark_sent(entries, accepted, NOON)
        assert unsent_ids(store) == []
        assert store.replay(NOON) == 2
        assert store.purge_sent(NOON + timedelta(days=30)) == 0

    def test_entries_may_be_marked_while_they_are_read(self, store: StateStore) -> None:
        """Sending in batches, each marked before the next is read, sends every event once."""
        new = [transition(scale_set(f"web-{number}")) for number in range(250)]
        store.commit(new)
        sent = []
        for entry in store.unsent():
            store.mark_sent([entry], {each.event_id for each in entry.events}, NOON)
            sent += [each.event_id for each in entry.events]
        assert sorted(sent) == ids_of(*new)
        assert unsent_ids(store) == []

    def test_replay_makes_what_was_sent_since_unsent_again(self, store: StateStore) -> None:
        """Events that Log Analytics took and lost are sent again, whole, from the moment asked for on."""
        early, late, never = [transition(scale_set(name), details=("a", "b")) for name in ("early", "late", "never")]
        store.commit([early])
        send_all(store, NOON)
        store.commit([late])
        send_all(store, NOON + TEN_MINUTES)
        store.commit([never])
        assert store.replay(NOON + TEN_MINUTES + timedelta(microseconds=1)) == 0
        assert store.replay(NOON + TEN_MINUTES) == 2
        assert unsent_ids(store) == ids_of(late, never)
        send_all(store, NOON + 2 * TEN_MINUTES)
        assert store.replay(NOON) == 6
        assert unsent_ids(store) == ids_of(early, late, never)

    def test_what_was_sent_since_can_be_read_without_a_change(self, store: StateStore) -> None:
        """Whole entries, from the moment asked for on; what is unsent is not among them, and stays so."""
        early, late, never = [transition(scale_set(name), details=("a", "b")) for name in ("early", "late", "never")]
        store.commit([early])
        send_all(store, NOON)
        store.commit([late])
        send_all(store, NOON + TEN_MINUTES)
        store.commit([never])
        for since, found in ((NOON, ids_of(early, late)), (NOON + TEN_MINUTES, ids_of(late))):
            assert sorted(each.event_id for entry in store.sent(since) for each in entry.events) == found
        assert list(store.sent(NOON + TEN_MINUTES + timedelta(microseconds=1))) == []
        assert unsent_ids(store) == ids_of(never)

    def test_records_that_several_merge_at_once_lose_nothing(self, open_store: OpenStore) -> None:
        """Each adds to what it finds; in the end all of it is there, each once."""
        stores = [open_store() for _ in range(self.at_once)]
        stores[0].acquire_lease("scan", NOON, TEN_MINUTES)

        def add(store: StateStore, name: str) -> None:
            store.merge_records(
                {"seen": lambda stored: json.dumps(sorted({*json.loads(stored or "[]"), name}))}, holder="scan"
            )

        def add_all(number: int) -> None:
            for each in range(5):
                add(stores[number], f"{number}-{each}")

        with ThreadPoolExecutor(self.at_once) as pool:
            for done in [pool.submit(add_all, number) for number in range(self.at_once)]:
                done.result()
        expected = [f"{number}-{each}" for number in range(self.at_once) for each in range(5)]
        assert json.loads(stores[0].get_record("seen") or "") == expected

    def test_records_are_merged_under_the_lease_alone(self, store: StateStore) -> None:
        """Without it nothing is written: another scan has taken over."""
        store.acquire_lease("other", NOON, TEN_MINUTES)
        with pytest.raises(LeaseLostError):
            store.merge_records({"seen": lambda _stored: "mine"}, holder="scan")
        assert store.get_record("seen") is None

    def test_purge_deletes_what_was_sent_on_earlier_days(self, store: StateStore) -> None:
        """Whole days in UTC: an entry of the same day stays, and so does whatever was not sent."""
        old, new, never = [transition(scale_set(name)) for name in ("old", "new", "never")]
        midnight = NOON.replace(hour=0)
        store.commit([old])
        send_all(store, midnight - timedelta(microseconds=1))
        store.commit([new])
        send_all(store, midnight)
        store.commit([never])
        assert store.purge_sent(NOON) == 1
        assert store.purge_sent(NOON) == 0
        assert store.replay(midnight - timedelta(days=9)) == 1
        assert unsent_ids(store) == ids_of(new, never)
        assert len(rows_of(store)) == 3

    def test_purge_ends_when_its_time_is_up(self, store: StateStore) -> None:
        """What is left is deleted by another one: the scan still has its own row to send."""
        store.commit([transition(scale_set("old"))])
        send_all(store, NOON - timedelta(days=1))
        assert store.purge_sent(NOON, lambda: False) == 0
        assert store.purge_sent(NOON, lambda: True) == 1

    # --- what is deleted ---------------------------------------------------------------------------------------

    def test_states_are_forgotten_only_as_they_were_read(self, store: StateStore) -> None:
        """A row that was written since stays; the events of the ones that go stay too."""
        names = ("stays", "goes", "changed")
        versions = store.commit([transition(scale_set(name)) for name in names])
        newer = transition(scale_set("changed"), 2, commit_id="newer", replaces=versions[scale_set("changed")])
        store.commit([newer])
        gone = [(newer.row.subscription_id, scale_set(name), versions[scale_set(name)]) for name in names[1:]]
        store.forget([*gone, (newer.row.subscription_id, scale_set("never"), gone[0][2])])
        assert set(rows_of(store)) == {scale_set("stays"), scale_set("changed")}
        assert len(unsent_ids(store)) == 4
        store.forget([])

    def test_anything_can_be_dropped_by_name(self, store: StateStore) -> None:
        """A state by its resource id or the name of its row, an outbox entry by its id, a record by its name."""
        web, shop = transition(scale_set("web")), transition(scale_set("shop"))
        store.commit([web, shop])
        store.put_records({"coverage": "{"})
        assert store.drop("state", scale_set("web"))
        assert not store.drop("state", scale_set("web"))
        assert store.drop("state", store.row_name(shop.row.subscription_id, scale_set("shop")))
        assert rows_of(store) == {}
        first, second = store.unsent()
        assert store.drop("entry", first.entry_id)
        assert list(store.unsent()) == [second]
        assert store.drop("record", "coverage")
        assert store.get_record("coverage") is None
        assert not store.drop("record", "coverage")

    # --- control records ---------------------------------------------------------------------------------------

    def test_records_read_back_and_are_replaced(self, open_store: OpenStore) -> None:
        """A record is one value by name, seen by every store on the data."""
        store = open_store()
        store.put_records({"last scan": "one", "rotation/é": "x" * 200_000})
        store.put_records({"last scan": "two"})
        other = open_store()
        assert other.get_record("last scan") == "two"
        assert other.get_record("rotation/é") == "x" * 200_000
        assert other.get_record("rotation") is None

    def test_records_of_a_scan_are_written_with_its_lease(self, store: StateStore) -> None:
        """A scan that slept through its lease leaves the winner's records alone; its own row is written without them."""
        store.acquire_lease("slow", NOON, TEN_MINUTES)
        store.put_records({"coverage": "slow"}, [event("slow", "end")], holder="slow")
        store.acquire_lease("quick", NOON + 2 * TEN_MINUTES, TEN_MINUTES)
        store.put_records({"coverage": "quick"}, holder="quick")
        before = unsent_ids(store)
        with pytest.raises(LeaseLostError):
            store.put_records({"coverage": "slow"}, [event("slow", "end", 2)], holder="slow")
        assert store.get_record("coverage") == "quick"
        assert unsent_ids(store) == before
        store.renew_lease("quick", NOON + 2 * TEN_MINUTES, TEN_MINUTES)
        store.release_lease("quick")
        with pytest.raises(LeaseLostError):
            store.put_records({"coverage": "quick"}, holder="quick")

    def test_events_of_a_record_are_sent_like_any(self, store: StateStore) -> None:
        """What a scan says about itself goes through the outbox too."""
        said = event("scan-1", "scan.completed")
        store.put_records({"last scan": "scan-1"}, [said])
        assert [each for entry in store.unsent() for each in entry.events] == [said]
        assert list(store.load()) == []
        send_all(store)
        assert unsent_ids(store) == []
        assert store.replay(NOON) == 1

    @pytest.mark.parametrize("sent", [False, True])
    def test_putting_the_same_records_and_events_again_changes_nothing(self, store: StateStore, sent: bool) -> None:  # noqa: FBT001 - a table's column
        """A put whose answer was lost may be repeated, also after its events were sent."""
        said = [event("scan-1", "scan.completed"), event("scan-1", "snapshot.completed")]
        store.put_records({"last scan": "scan-1"}, said)
        if sent:
            send_all(store)
        store.put_records({"last scan": "scan-1"}, said)
        assert unsent_ids(store) == ([] if sent else sorted(each.event_id for each in said))
        assert store.get_record("last scan") == "scan-1"

    # --- the lease ---------------------------------------------------------------------------------------------

    def test_a_lease_keeps_another_scan_out_until_it_ends(self, open_store: OpenStore) -> None:
        """The second scan is told who runs; at the lease's end it may take over, and the first one is told so."""
        ours, theirs = open_store(), open_store()
        ours.acquire_lease("a", NOON, TEN_MINUTES)
        with pytest.raises(LeaseHeldError, match="'a'"):
            theirs.acquire_lease("b", NOON + TEN_MINUTES - timedelta(seconds=1), TEN_MINUTES)
        assert theirs.lease_holder(NOON) == "a"
        assert theirs.lease_holder(NOON + TEN_MINUTES) is None
        theirs.acquire_lease("b", NOON + TEN_MINUTES, TEN_MINUTES)
        with pytest.raises(LeaseLostError, match="'a'"):
            ours.renew_lease("a", NOON + TEN_MINUTES, TEN_MINUTES)
        ours.release_lease("a")
        assert ours.lease_holder(NOON + TEN_MINUTES) == "b"

    def test_the_holder_may_acquire_and_renew(self, open_store: OpenStore) -> None:
        """A holder extends its lease, by asking again or by renewing, through any store on the data."""
        ours, theirs = open_store(), open_store()
        ours.acquire_lease("a", NOON, TEN_MINUTES)
        theirs.acquire_lease("a", NOON, 2 * TEN_MINUTES)
        assert ours.lease_holder(NOON + 1.5 * TEN_MINUTES) == "a"
        ours.renew_lease("a", NOON + TEN_MINUTES, 3 * TEN_MINUTES)
        assert theirs.lease_holder(NOON + 3.5 * TEN_MINUTES) == "a"
        assert theirs.lease_holder(NOON + 4 * TEN_MINUTES) is None

    def test_a_lease_that_ended_untaken_can_be_renewed(self, store: StateStore) -> None:
        """A scan that was slow, with nobody after it, goes on."""
        store.acquire_lease("a", NOON, TEN_MINUTES)
        store.renew_lease("a", NOON + 2 * TEN_MINUTES, TEN_MINUTES)
        assert store.lease_holder(NOON + 2 * TEN_MINUTES) == "a"

    def test_a_released_lease_is_free_at_once_and_lost_to_its_holder(self, open_store: OpenStore) -> None:
        """The next scan need not wait for the end of a lease that was given back."""
        ours, theirs = open_store(), open_store()
        ours.acquire_lease("a", NOON, TEN_MINUTES)
        ours.release_lease("a")
        assert theirs.lease_holder(NOON) is None
        with pytest.raises(LeaseLostError):
            ours.renew_lease("a", NOON, TEN_MINUTES)
        theirs.acquire_lease("b", NOON, TEN_MINUTES)
        assert ours.lease_holder(NOON) == "b"

    def test_a_lease_never_taken_cannot_be_renewed_but_released(self, store: StateStore) -> None:
        """Renewing what was never held is a loss; releasing it is nothing."""
        with pytest.raises(LeaseLostError):
            store.renew_lease("a", NOON, TEN_MINUTES)
        store.release_lease("a")
        assert store.lease_holder(NOON) is None

    # --- large and hostile values ------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("", id="empty"),
            pytest.param("x" * 32_768, id="32 Ki characters"),
            pytest.param("x" * 32_769, id="one more than 32 Ki characters"),
            pytest.param("\U0001f600" * 20_000, id="20,000 characters outside the basic plane"),
            pytest.param(json.dumps(["a line\nand another"] * 300_000), id="7 MB that compress well"),
            pytest.param(incompressible_json(700_000), id="700 KB of noise"),
            pytest.param("control \x00\x01\x7f\x85\u2028 and half a pair \ud800", id="what no text should hold"),
        ],
    )
    def test_a_body_reads_back_as_it_was(self, store: StateStore, body: str) -> None:
        """Large and odd values are kept whole."""
        store.commit([transition(scale_set("web"), body=body)])
        assert [stored.row.body for stored in store.load()] == [body]

    def test_a_body_that_does_not_fit_is_refused_and_not_cut(self, store: StateStore) -> None:
        """Beyond its limit a store says so, naming the scale set; it writes neither the row nor the events."""
        big = transition(scale_set("web"), body=incompressible_json(self.body_limit or 5_000_000))
        if self.body_limit is None:
            store.commit([big])
            assert [stored.row for stored in store.load()] == [big.row]
        else:
            with pytest.raises(StoreError, match=r"web.*limit"):
                store.commit([big])
            assert list(store.load()) == []
            assert list(store.unsent()) == []

    def test_many_events_of_one_transition_are_kept_whole(self, store: StateStore) -> None:
        """Two megabytes of events in one transition arrive, are marked and replayed like any others."""
        noise = incompressible_json(100_000)
        row = transition(scale_set("web")).row
        many = [Event(f"id-{number}", Table.SNAPSHOT, {"Noise": noise, "N": number}) for number in range(20)]
        store.commit([StateWrite(row=row, replaces=None, events=many)])
        assert unsent_ids(store) == sorted(each.event_id for each in many)
        send_all(store)
        assert unsent_ids(store) == []
        assert store.replay(NOON) == 20

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('it\'s "quoted" `here`', id="quotes"),
            pytest.param("a/b\\c#d?e%2Fg%00", id="what keys forbid"),
            pytest.param("state|x' or RowKey ne '", id="a filter"),
            pytest.param("größe-規模-\U0001f600-\u202e", id="unicode"),
            pytest.param("tab\there\x00\x1f\x7f\x9f\n", id="control characters"),
            pytest.param("half a pair \udc00", id="half a surrogate pair"),
            pytest.param("k" * 1024, id="1 KiB"),
            pytest.param("_control", id="the name of the control partition"),
            pytest.param("", id="nothing at all"),
        ],
    )
    def test_hostile_ids_are_kept_apart_and_whole(self, store: StateStore, text: str) -> None:
        """Whatever a row says its ids are, it is stored, replaced, sent and purged like any other."""
        plain = transition("plain")
        hostile = [transition(text, subscription_id=text), transition(text), transition("plain", subscription_id=text)]
        store.commit([plain, *hostile])
        assert {stored.row for stored in store.load()} == {each.row for each in [plain, *hostile]}
        version = next(stored.version for stored in store.load() if stored.row == hostile[0].row)
        second = transition(text, 2, subscription_id=text, replaces=version, commit_id=text)
        store.commit([second])
        store.commit([second])
        assert second.row in [stored.row for stored in store.load()]
        store.put_records({text: text}, [event(text)])
        assert store.get_record(text) == text
        store.acquire_lease(text, NOON, TEN_MINUTES)
        assert store.lease_holder(NOON) == text
        send_all(store)
        assert store.purge_sent(NOON + timedelta(days=1)) == 6
