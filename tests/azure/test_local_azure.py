"""The adapters and the local Azure, end to end: real tokens, real KQL, real rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from emulator.endpoint.access import Role
from emulator.endpoint.faults import FaultKind
from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.connect import as_app, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
from scanner.clouds import CLOUDS
from scanner.errors import ReadFailedError
from scanner.ports.compute import Absence
from scanner.ports.event import Table

SUBSCRIPTIONS = 3
SCALE_SETS = 240
MONITOR = "https://monitor.azure.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The local Azure and everything that speaks with it."""

    azure: LocalAzure
    connection: Connection
    fleet: ResourceGraphFleet
    compute: ComputeReader
    sink: LogAnalyticsSink

    def everything(self) -> list[str]:
        """Read the whole fleet; answer the ids."""
        return [str(row["id"]) for rows in self.fleet.pages() for row in rows]

    def queries(self) -> int:
        """Answer how many requests Resource Graph has had."""
        return sum(self.azure.control.counters().get("graph", {}).values())


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Answer a local Azure, for all tests of this module."""
    with LocalAzure() as running:
        yield running


@pytest.fixture
def stage(azure: LocalAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Answer a local Azure with a fleet, on a good day, and adapters that sign in as the app's identity."""
    azure.control.reset()
    azure.control.set_limits(graph_queries=0)
    azure.control.create_fleet(subscriptions=SUBSCRIPTIONS, scale_sets=SCALE_SETS, instances=0)
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    connection = connect(
        CLOUDS["AzureCloud"], as_app(azure.client_ids[0]), timedelta(seconds=60), arm_endpoint=azure.arm_endpoint
    )
    stage = Stage(
        azure=azure,
        connection=connection,
        fleet=ResourceGraphFleet(connection, page_size=100),
        compute=ComputeReader(connection),
        sink=LogAnalyticsSink(connection, endpoint=azure.ingestion_endpoint, rule_id=azure.rule_id, audience=MONITOR),
    )
    yield stage
    for part in (stage.sink, stage.compute, stage.fleet):
        part.close()


def test_every_scale_set_is_read_once_and_in_order(stage: Stage) -> None:
    """Three pages for 240 scale sets, with the documents that Resource Manager has, and a token asked for once."""
    pages = list(stage.fleet.pages())
    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [100, 100, 40]
    assert [row["id"] for row in rows] == sorted({str(row["id"]) for row in rows})
    document = stage.azure.control.scale_set(str(rows[0]["id"]))
    assert document is not None
    assert rows[0]["properties"] == document["properties"]
    assert {"name", "type", "location", "subscriptionId", "tags", "sku", "apiVersion"} <= rows[0].keys()
    assert stage.queries() == 3
    assert sum(stage.azure.control.counters()["identity"].values()) == 1


def test_coverage_is_one_query(stage: Stage) -> None:
    """The subscriptions by id, and the groups that a cluster owns."""
    coverage = stage.fleet.coverage()
    assert len(coverage.subscriptions) == SUBSCRIPTIONS
    assert coverage.managed_groups
    assert all("managedclusters" in owner.lower() for owner in coverage.managed_groups.values())
    assert all(group == group.lower() for group in coverage.managed_groups)
    assert stage.queries() <= 3


def test_a_scope_is_kept_to(stage: Stage) -> None:
    """One subscription: its scale sets, and a coverage of one."""
    one = min(stage.fleet.coverage().subscriptions)
    narrow = ResourceGraphFleet(stage.connection, subscriptions=[one.upper()])
    assert set(narrow.coverage().subscriptions) == {one}
    read = [str(row["subscriptionId"]) for rows in narrow.pages() for row in rows]
    assert set(read) == {one}
    assert 0 < len(read) < SCALE_SETS
    narrow.close()


def test_a_subscription_that_vanishes_is_not_covered(stage: Stage) -> None:
    """Azure leaves it out without a word: the coverage is what tells."""
    gone = min(stage.fleet.coverage().subscriptions)
    stage.azure.control.add_fault("graph", FaultKind.VANISH, ids=(gone,), count=None)
    assert gone not in stage.fleet.coverage().subscriptions
    assert 0 < len(stage.everything()) < SCALE_SETS


def test_pages_that_are_too_large_are_halved(stage: Stage) -> None:
    """A page that would pass the limit is asked for again with half as many rows; nothing is lost."""
    stage.azure.control.set_limits(page_bytes=100_000)
    assert len(stage.everything()) == SCALE_SETS
    assert stage.azure.control.counters()["graph"]["400"] >= 1


def test_the_quota_is_obeyed_without_a_throttle(stage: Stage) -> None:
    """Sixteen queries take more than five seconds, and not one is refused."""
    stage.azure.control.set_limits(graph_queries=15)
    slow = ResourceGraphFleet(stage.connection, page_size=15)
    assert sum(len(rows) for rows in slow.pages()) == SCALE_SETS
    assert stage.queries() == 16
    assert stage.connection.counter.throttles == 0
    slow.close()


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (FaultKind.STATUS, {"status": 429, "retry_after": 0}),
        (FaultKind.STATUS, {"status": 502}),
        (FaultKind.STATUS, {"status": 503, "skip": 1}),
        (FaultKind.DROP_BEFORE, {}),
        (FaultKind.DROP_AFTER, {"skip": 2}),
        (FaultKind.CHANGE_CASE, {"skip": 1}),
    ],
)
def test_a_fault_that_passes_leaves_no_trace(stage: Stage, kind: FaultKind, facts: dict[str, int]) -> None:
    """The reading is whole all the same."""
    stage.azure.control.add_fault("graph", kind, **facts)
    read = stage.everything()
    assert len({scale_set.lower() for scale_set in read}) == len(read) == SCALE_SETS


@pytest.mark.parametrize(
    ("kind", "facts", "message"),
    [
        (FaultKind.TRUNCATE, {"skip": 1}, "truncated"),
        (FaultKind.REPEAT_TOKEN, {}, "repeated"),
        (FaultKind.STATUS, {"status": 403, "skip": 1}, "403 .*Reader role"),
    ],
)
def test_a_fault_that_stays_ends_the_reading(
    stage: Stage, kind: FaultKind, facts: dict[str, int], message: str
) -> None:
    """The first page is yielded; the rest was not seen, and that is said."""
    stage.azure.control.add_fault("graph", kind, count=None, **facts)
    pages = stage.fleet.pages()
    assert len(next(pages)) == 100
    with pytest.raises(ReadFailedError, match=message):
        list(pages)


def test_an_identity_without_a_role_reads_nothing(stage: Stage) -> None:
    """Azure says 403 when no subscription can be read; so do we, with what to do."""
    stage.azure.control.revoke(Role.READER)
    with pytest.raises(ReadFailedError, match=r"403 .*Grant the identity the Reader role"):
        stage.fleet.coverage()


def test_gone_is_what_resource_manager_says(stage: Stage) -> None:
    """There; deleted; in a group that is gone; in a subscription that nobody knows; and forbidden."""
    there, deleted = stage.everything()[:2]
    stage.azure.control.delete_scale_set(deleted)
    elsewhere = there.replace("/resourceGroups/", "/resourceGroups/not-")
    unknown = there.replace(there.split("/")[2], "99999999-9999-9999-9999-999999999999")
    asked = [stage.compute.look_up(scale_set) for scale_set in (there, deleted, elsewhere, unknown)]
    assert isinstance(asked[0], dict)
    assert asked[1:] == [Absence.GONE, Absence.GONE, None]
    stage.azure.control.revoke(Role.READER, there.split("/")[2])
    assert stage.compute.look_up(deleted) is None
    assert stage.connection.counter.arm_calls == 5


def test_events_are_stored_by_the_collection_rule(stage: Stage) -> None:
    """Rows of every table go to their streams, in calls that the service takes, with their types."""
    now = datetime.now(UTC).isoformat()
    rows: list[dict[str, Any]] = [
        {
            "TimeGenerated": now,
            "DetectedAt": now,
            "EventId": f"event-{number}",
            "Revision": number,
            "Summary": "☃" * 1000,
            "Evidence": [{"path": "a.b", "value": None}],
        }
        for number in range(700)
    ]
    assert list(stage.sink.accept(Table.EVENTS, rows)) == []
    assert list(stage.sink.accept(Table.SCANS, [{"TimeGenerated": now, "EventId": "scan", "Throttles": 3}])) == []
    assert list(stage.sink.accept(Table.SNAPSHOT, [{"TimeGenerated": now, "SnapshotId": "s", "OpenLow": 1}])) == []
    stored = {row["EventId"]: row for row in stage.azure.control.rows(Table.EVENTS)}
    assert len(stored) == 700
    assert stored["event-7"]["Revision"] == 7
    assert stored["event-7"]["Summary"] == "☃" * 1000
    evidence = stored["event-7"]["Evidence"]
    assert (json.loads(evidence) if isinstance(evidence, str) else evidence) == rows[7]["Evidence"]
    assert len(stage.azure.control.rows(Table.SCANS)) == len(stage.azure.control.rows(Table.SNAPSHOT)) == 1


def test_a_row_that_the_rule_does_not_know_is_refused_alone(stage: Stage) -> None:
    """The strict service refuses a call with an undeclared column; the others get through."""
    now = datetime.now(UTC).isoformat()
    rows = [{"TimeGenerated": now, "EventId": f"event-{number}"} for number in range(40)]
    refusals = stage.sink.accept(Table.EVENTS, [*rows[:20], {**rows[20], "Colour": "red"}, *rows[21:]])
    assert [refusal.index for refusal in refusals] == [20]
    assert "Colour" in refusals[0].error
    assert len(stage.azure.control.rows(Table.EVENTS)) == 39


def test_a_publisher_without_a_role_is_told_which(stage: Stage) -> None:
    """Everything is refused, in one call, with what to grant."""
    stage.azure.control.revoke(Role.METRICS_PUBLISHER)
    refusals = stage.sink.accept(Table.EVENTS, [{"EventId": "a"}, {"EventId": "b"}])
    assert [refusal.index for refusal in refusals] == [0, 1]
    assert "Monitoring Metrics Publisher" in refusals[0].error
    assert stage.azure.control.counters()["ingestion"] == {"403": 1}
