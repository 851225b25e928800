"""One fleet read from each source: state, snapshot rows, and the JSON of ``scan``."""

import json
from dataclasses import replace
from pathlib import Path

from scanner.cli.fleet import of_judgement
from scanner.cli.known_fleet import of_store
from scanner.events.snapshot_rows import snapshot_row
from scanner.events.stamp import ScanStamp
from scanner.facts.evidence import JsonValue
from scanner.judging.judge import judge
from scanner.overview.from_document import of_document
from scanner.overview.gathered import NO_EVIDENCE, gather
from scanner.overview.overview import Overview
from scanner.ports.event import Table
from scanner.reading.posture_rows import parse_scale_set
from tests.fakes.view import read_view
from tests.fakes.world import FakeWorld
from tests.overview.fleets import AT, story
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id


def rows_of(world: FakeWorld) -> list[dict[str, JsonValue]]:
    """Write what Log Analytics would hold: events, scans, and a snapshot of now."""
    view = read_view(world.store)
    stamp = ScanStamp(scan_id="snapshot", detected_at=AT, service_version="test", deployment="")
    snapshot = [snapshot_row(state, view.coverage, stamp) for state in view.current.values()]
    told = [row for table in (Table.EVENTS, Table.SCANS) for row in world.received.rows.get(table, [])]
    return json.loads(json.dumps([*told, *snapshot]))  # type: ignore[no-any-return]


def test_the_state_and_its_rows_tell_the_same() -> None:
    """Scale sets, changes, scans and coverage; what the rows do not keep is evidence, and the notes say so."""
    world, fleet = story()
    of_state = fleet.overview()
    of_rows = gather(rows_of(world), "rows").overview()
    assert of_rows.notes == (NO_EVIDENCE,)
    assert [replace(change, columns={}) for change in of_rows.changes] == [
        replace(change, columns={}) for change in of_state.changes
    ]
    assert of_rows.scans == of_state.scans
    assert set(of_rows.not_read) == set(of_state.not_read) == {OTHER}
    assert of_rows.read_at == of_state.read_at
    for row, state in zip(of_rows.scale_sets, of_state.scale_sets, strict=True):
        bare = [
            replace(item, evidence=(), reason="", opened_at="") if item.exemption else replace(item, evidence=())
            for item in state.findings
        ]
        assert row == replace(state, scale_set_id=state.key, findings=tuple(bare), first_seen_at="", facts=row.facts)
        assert json.dumps(row.facts, sort_keys=True) == json.dumps(dict(state.facts), sort_keys=True)


def test_the_story_is_there() -> None:
    """Headlines, open and exempt findings, the drift and the subscription that was not read."""
    _, fleet = story()
    overview = fleet.overview()
    found = {(item.name, item.subscription_id): item for item in overview.scale_sets}
    assert {name: item.upgrades_itself for (name, where), item in found.items() if where == SUBSCRIPTION} == {
        "web": "yes",
        "orders": "no",
        "billing": "blocked",
        "search": "yes",
        "unread": "unknown",
        "pool": "managed",
    }
    assert [item.rule_id for item in found["search", SUBSCRIPTION].exempt] == ["VMSS-021", "VMSS-020"]
    assert "VMSS-001" in {item.rule_id for item in found["orders", SUBSCRIPTION].open}
    assert "automatic_os_upgrade" in {change.fact for change in overview.changes}
    assert overview.not_read == (OTHER,)
    assert [scan.status for scan in overview.scans] == ["complete", "complete", "partial"]


def test_remediations_come_from_the_event_that_opened_the_finding() -> None:
    """The state keeps none: the commands were written when the rule failed, of what the scale set was then."""
    _, fleet = story()
    orders = next(item for item in fleet.overview().scale_sets if item.name == "orders")
    assert "az vmss update" in orders.open[0].remediation
    later = replace(orders.open[0], opened_at="2026-11-10T00:00:00.000Z", remediation="")
    assert later.remediation == ""


def test_the_json_of_scan_has_evidence_and_remediations() -> None:
    """What was judged now is taken over whole."""
    world = FakeWorld()
    raw = document("orders")
    raw["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
    judged = of_judgement(judge(parse_scale_set(raw), world.criteria)).document()
    item = of_document(json.loads(json.dumps(judged)), AT)
    assert (item.upgrades_itself, item.ready_to_enable, item.owner) == ("no", "yes", "team-shop")
    assert [finding.rule_id for finding in item.open] == ["VMSS-001"]
    assert item.open[0].evidence
    assert item.open[0].remediation.startswith("az vmss update")
    whole = {"judged_by": {"at": AT}, "scale_sets": [judged], "problems": ["one page was not read"], "events": []}
    overview = gather([json.loads(json.dumps(whole))], "a document").overview()
    assert (overview.at, overview.scale_sets, overview.problems) == (AT, (item,), ("one page was not read",))


def test_a_row_that_comes_twice_is_told_once() -> None:
    """Log Analytics may hold an event or a scan twice, and several snapshots."""
    world, _ = story()
    rows = rows_of(world)
    older = [{**row, "SnapshotAt": "2026-11-01T00:00:00.000Z"} for row in rows if "SnapshotAt" in row]
    once, twice = gather(rows, "rows").overview(), gather([*older, *rows, *rows, *older], "rows").overview()
    assert twice == once


def test_rows_of_others_are_counted_and_left_out() -> None:
    """A file of something else is no empty fleet."""
    overview = gather([{"a": 1}, {}], "rows").overview()
    assert overview == Overview(
        at="", source="rows", problems=("2 rows of the source is none of ours.",), notes=(NO_EVIDENCE,)
    )


def test_what_cannot_be_read_of_a_store_is_named(tmp_path: Path) -> None:
    """One damaged state costs one scale set, and is said."""
    import sqlite3
    from contextlib import closing

    from scanner.adapters.stores.sqlite_store import SqliteStore

    path = tmp_path / "state.sqlite"
    with closing(SqliteStore(path)) as store:
        world = FakeWorld(store)
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        for name in ("web", "orders"):
            world.azure.put_scale_set(document(name))
        world.scan()
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE state SET body = '{}' WHERE key = ?", [scale_set_id("web").lower()])
        overview = of_store(store, "a file", "", world.clock).overview()
    assert [item.name for item in overview.scale_sets] == ["orders"]
    assert [problem.partition(" cannot")[0] for problem in overview.problems] == [
        f"state:{scale_set_id('web').lower()}"
    ]
