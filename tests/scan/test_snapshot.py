"""The compliance snapshot: what is true of every scale set, each row within what Log Analytics takes."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from azureformats import ncrontab
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import PublishFailedError
from scanner.events.snapshot_chain import CHAIN, SnapshotHash
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Event, Table
from scanner.ports.store import OutboxEntry
from scanner.snapshot import AWAITED, TAKEN, is_overdue, write_snapshot
from scanner.times import iso
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

COMPLETED = "snapshot.completed"


def write(world: FakeWorld, count: int = 2) -> list[dict[str, object]]:
    """Write a snapshot; answer its rows."""
    moment = iso(world.clock)
    stamp = ScanStamp(scan_id=snapshot_id(moment), detected_at=moment, service_version="test", deployment="d")
    before = len(world.received.rows[Table.SNAPSHOT])
    assert write_snapshot(world.store, world.sink, world.now, stamp) == count
    return [dict(row) for row in world.received.rows[Table.SNAPSHOT][before:]]


def test_a_row_for_each_scale_set(fleet: FakeWorld) -> None:
    """With its open findings, its generation, and whether the upgrade could be switched on."""
    rows = {str(row["ScaleSetName"]): row for row in write(fleet)}
    assert set(rows) == {"web", "staging"}
    web = rows["web"]
    assert (web["UpgradesItself"], web["ReadyToEnable"], web["BlockedIfEnabled"]) == ("no", "yes", [])
    assert [finding["rule"] for finding in web["OpenFindings"]] == ["VMSS-001"]  # type: ignore[attr-defined]
    assert (web["Generation"], web["Revision"], web["Deployment"]) == (web["SnapshotAt"], 1, "d")
    assert fleet.news()[-1] == ("snapshot.completed", "", "")


def test_a_huge_fact_of_one_scale_set_holds_up_no_other(fleet: FakeWorld) -> None:
    """Its row is cut and says so; the snapshot is complete."""
    document = fleet.azure.scale_set(scale_set_id("staging", OTHER))
    profile = document["properties"]["virtualMachineProfile"]
    profile["extensionProfile"]["extensions"] += [
        {"name": f"e{number}", "properties": {"publisher": "語" * 400, "type": f"t{number}"}} for number in range(200)
    ]
    fleet.scan()
    fleet.news()
    for row in write(fleet):
        for name, value in row.items():
            assert len(json.dumps(value, ensure_ascii=False).encode()) <= 65_536, name
    assert fleet.news()[-1] == ("snapshot.completed", "", "")


def test_a_row_that_is_refused_for_what_it_holds_keeps_no_other(fleet: FakeWorld) -> None:
    """The snapshot is completed without it, and its event names the scale set."""
    fleet.received.refuses = lambda _, row: "too large" if row.get("ScaleSetName") == "web" else None
    assert [row["ScaleSetName"] for row in write(fleet, 1)] == ["staging"]
    summary = str(fleet.received.rows[Table.EVENTS][-1]["Summary"])
    assert summary.startswith("Snapshot of 1 scale sets: ")
    assert " 1 left out, as Log Analytics refused their rows: web." in summary


def test_a_snapshot_none_of_whose_rows_are_taken_is_none(fleet: FakeWorld) -> None:
    """The fault is then not in one row: the snapshot fails, and is not called completed."""
    fleet.news()
    fleet.received.refuses = lambda table, _: "no such column" if table is Table.SNAPSHOT else None
    with pytest.raises(PublishFailedError, match="refused 2 of 2"):
        write(fleet)
    assert fleet.news() == []


@pytest.mark.parametrize(
    ("records", "fires"),
    [
        pytest.param({}, False, id="the first question"),
        pytest.param({AWAITED: "2026-11-20T06:30:00Z"}, False, id="awaited since after its time"),
        pytest.param({AWAITED: "2026-11-20T06:00:00Z"}, True, id="the first one was lost"),
        pytest.param({TAKEN: "2026-11-20T06:08:01Z"}, False, id="taken today"),
        pytest.param({TAKEN: "2026-11-20T07:30:00Z"}, False, id="caught up today"),
        pytest.param({TAKEN: "2026-11-19T06:08:01Z"}, True, id="taken yesterday"),
        pytest.param({TAKEN: "2026-11-19T06:08:01Z", AWAITED: "2026-11-20T06:30:00Z"}, True, id="both"),
        pytest.param({TAKEN: "2027-11-19T06:08:01Z"}, False, id="taken by a clock that ran ahead"),
        pytest.param({TAKEN: "yesterday"}, False, id="what is no time"),
    ],
)
def test_lost_snapshot_is_overdue(fleet: FakeWorld, records: dict[str, str], *, fires: bool) -> None:
    """An hour after its time a snapshot that was not taken is due to the next scan."""
    if records:
        fleet.store.put_records(records)
    now = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert is_overdue(fleet.store, ncrontab.parse("0 8 6 * * *"), now) is fires


def test_lost_snapshot_waits_an_hour(fleet: FakeWorld) -> None:
    """The timer's own attempts come first; and one that was never asked for is awaited from the first question on."""
    schedule = ncrontab.parse("0 8 6 * * *")
    asked = [
        is_overdue(fleet.store, schedule, datetime(2026, 11, 20, hour, minute, tzinfo=UTC))
        for hour, minute in ((5, 0), (6, 30), (7, 7), (7, 8), (9, 0))
    ]
    assert asked == [False, False, False, True, True]


def chain(world: FakeWorld) -> list[tuple[str, str]]:
    """Name the snapshots that were completed: the hash of each and of the one before."""
    rows = world.received.rows[Table.EVENTS]
    events = [row for row in rows if row["EventType"] == "snapshot.completed"]
    return [(str(event["SnapshotHash"]), str(event["PreviousHash"])) for event in events]


def recomputed(rows: list[dict[str, object]], previous: str) -> str:
    """Hash the rows that arrived, as an auditor does."""
    hashed = SnapshotHash()
    for row in sorted(rows, key=lambda row: str(row["ScaleSetId"])):
        hashed.add(row)
    return hashed.link(at=str(rows[0]["SnapshotAt"]), deployment="d", previous=previous).hash


def test_each_snapshot_carries_the_hash_of_the_one_before(fleet: FakeWorld) -> None:
    """The first says that the chain starts there; the hash is that of the rows that arrived."""
    first = write(fleet)
    fleet.scan()
    second = write(fleet)
    (one, nothing), (two, before) = chain(fleet)
    assert (nothing, before) == ("", one)
    assert (recomputed(first, ""), recomputed(second, one)) == (one, two)
    summaries = [str(row["Summary"]) for row in fleet.received.rows[Table.EVENTS] if row["EventType"] == COMPLETED]
    assert ["chain of hashes starts here" in summary for summary in summaries] == [True, False]
    assert [row["SnapshotRows"] for row in fleet.received.rows[Table.EVENTS] if row["EventType"] == COMPLETED] == [2, 2]


def test_a_repeat_for_the_same_moment_has_the_same_hash(fleet: FakeWorld) -> None:
    """It follows what it followed, and not itself."""
    write(fleet)
    fleet.scan()
    write(fleet)
    record = fleet.store.get_record(CHAIN)
    rows = write(fleet)
    _, (second, previous) = chain(fleet)
    assert recomputed(rows, previous) == second
    assert fleet.store.get_record(CHAIN) == record


class DyingStore(MemoryStore):
    """A store whose process ends before it writes a record, where ``dies`` says so."""

    dies = False

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        if self.dies:
            raise KilledError
        return super().put_records(records, events, holder=holder)


class KilledError(Exception):
    """The process has ended."""


def test_rows_without_their_record_leave_the_chain_as_it_was() -> None:
    """A crash between rows and record: the rows belong to no completed snapshot, and the next one follows the last."""
    store = DyingStore()
    world = FakeWorld(store)
    world.azure.put_subscription(SUBSCRIPTION, "shop")
    world.azure.put_scale_set(document("web"))
    world.scan()
    write(world, 1)
    store.dies = True
    with pytest.raises(KilledError):
        write(world, 1)
    store.dies = False
    world.scan()
    write(world, 1)
    (first, _), (_, previous) = chain(world)
    assert previous == first


def test_a_refused_row_is_not_in_the_hash(fleet: FakeWorld) -> None:
    """The hash is of the rows that Log Analytics took."""
    fleet.received.refuses = lambda _, row: "too large" if row.get("ScaleSetName") == "web" else None
    rows = write(fleet, 1)
    assert chain(fleet) == [(recomputed(rows, ""), "")]


@pytest.mark.parametrize("text", [None, "{", '{"at": 1}'])
def test_a_state_without_the_last_hash_starts_the_chain_anew(fleet: FakeWorld, text: str | None) -> None:
    """Where the state was lost, or its record cannot be read: the snapshot is written, and says so."""
    write(fleet)
    fleet.store.drop("record", CHAIN)
    if text is not None:
        fleet.store.put_records({CHAIN: text})
    fleet.scan()
    write(fleet)
    assert [previous for _, previous in chain(fleet)] == ["", ""]
