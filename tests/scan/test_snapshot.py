"""The compliance snapshot: what is true of every scale set, each row within what Log Analytics takes."""

import json

import pytest

from scanner.errors import PublishFailedError
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.snapshot import write_snapshot
from scanner.times import iso
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, scale_set_id


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
    assert summary.endswith(" 1 left out, as Log Analytics refused their rows: web.")


def test_a_snapshot_none_of_whose_rows_are_taken_is_none(fleet: FakeWorld) -> None:
    """The fault is then not in one row: the snapshot fails, and is not called completed."""
    fleet.news()
    fleet.received.refuses = lambda table, _: "no such column" if table is Table.SNAPSHOT else None
    with pytest.raises(PublishFailedError, match="refused 2 of 2"):
        write(fleet)
    assert fleet.news() == []
