"""Scans in shards in the deployed app: who starts one, and its activities against the local Azure."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from emulator.client.client import Control
from scanner import functions, sharded
from scanner.bootstrap import deployed_store
from scanner.errors import LeaseHeldError, LeaseLostError, MonitorError, StateMissingError
from scanner.facts.evidence import JsonValue
from scanner.ports.engine import Outcome
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD, orchestrate
from scanner.settings import read_settings
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import CoverageRecord

SCANS, EVENTS = "VmssPostureScans_CL", "VmssPostureEvents_CL"
SCAN_ID = "3f2c9a52-7f4e-4a55-8a0c-6a3c1b5f9e01"
START: dict[str, JsonValue] = {"scan_id": SCAN_ID, "trigger": "timer"}
ACTIVITIES: Mapping[str, Callable[[dict[str, Any]], dict[str, JsonValue]]] = {
    PLAN: partial(sharded.plan_shards, shard_size=4),
    SHARD: sharded.scan_one_shard,
    CONCLUDE: sharded.conclude_shards,
    GIVE_UP: sharded.give_up_shards,
}


_planned = partial(sharded.plan_shards, shard_size=4)
COUNTED = (
    CoverageRecord(read_at={"a": "2026-11-09T06:00:00Z"}, scale_sets={"a": sharded.SCALE_SETS + 1}),
    CoverageRecord(read_at=dict.fromkeys(map(str, range(sharded.SUBSCRIPTIONS + 1)), "2026-11-09T06:00:00Z")),
)


class LoopEngine:
    """Plays an orchestration here and now; what travels goes through JSON. Each activity in ``fails`` raises so often."""

    def __init__(self, fails: Mapping[str, int] | None = None) -> None:
        self._fails = dict(fails or {})
        self.calls: list[str] = []

    def call(self, activity: str, argument: JsonValue) -> Any:
        return activity, json.dumps(argument)

    def all_of(self, calls: Sequence[Any]) -> Generator[Any, Any, list[Outcome]]:
        yield from ()
        return [self._run(activity, argument) for activity, argument in calls]

    def _run(self, activity: str, argument: str) -> Outcome:
        self.calls.append(activity)
        try:
            self._fail(activity)
            return Outcome(value=json.loads(json.dumps(ACTIVITIES[activity](json.loads(argument)))))
        except Exception as error:  # noqa: BLE001 - the engine records whatever an activity raised
            return Outcome(error=str(error))

    def _fail(self, activity: str) -> None:
        if self._fails.get(activity, 0):
            self._fails[activity] -= 1
            raise MonitorError(f"{activity} fails")

    def scan(self, start: Mapping[str, JsonValue] = START) -> dict[str, JsonValue]:
        """Play a scan to its end."""
        steps = orchestrate(self, start)
        with pytest.raises(StopIteration) as ended:
            next(steps)
        answer: dict[str, JsonValue] = ended.value.value
        return answer


class Starter:
    """Starts nothing, and remembers what it was asked."""

    def __init__(self, since: datetime | None = None, *, fails: bool = False) -> None:
        self._since = since
        self._fails = fails
        self.started: list[Mapping[str, JsonValue]] = []
        self.ended: list[str] = []

    async def running_since(self) -> datetime | None:
        if self._fails:
            raise ConnectionError("no extension")
        return self._since

    async def start(self, argument: Mapping[str, JsonValue]) -> None:
        self.started.append(argument)

    async def end(self, reason: str) -> None:
        self.ended.append(reason)


@pytest.fixture
def settings(settings: dict[str, str], azure: Control, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the settings of a deployment with shards and a fleet of two subscriptions into the environment."""
    azure.create_fleet(scale_sets=8, subscriptions=2, instances=0)
    for name, value in {**settings, "VMSS_SHARDS": "auto"}.items():
        monkeypatch.setenv(name, value)
    return settings


def _on_timer(starter: Starter) -> None:
    asyncio.run(sharded.scan_on_schedule(starter, is_late=False))


def _record(name: str) -> str | None:
    with deployed_store(read_settings(os.environ)) as store:
        return store.get_record(name)


def _holder() -> str | None:
    with suppress(StateMissingError), deployed_store(read_settings(os.environ)) as store:
        return store.lease_holder(datetime.now(UTC))
    return None


@pytest.mark.usefixtures("settings")
def test_a_large_fleet_is_scanned_in_shards(azure: Control) -> None:
    """Two shards, one row that says what all of them read, each event once, and a second scan that finds nothing new."""
    engine = LoopEngine()
    assert engine.scan()["status"] == "complete"
    assert engine.calls == [PLAN, SHARD, SHARD, CONCLUDE]
    (row,) = azure.rows(SCANS)
    assert (row["Status"], row["ScaleSetsRead"], row["SubscriptionsRead"]) == ("complete", 8, 2)
    discovered = [each["ScaleSetId"] for each in azure.rows(EVENTS) if each["EventType"] == "scale_set.discovered"]
    assert len(discovered) == len(set(discovered)) == 8
    assert _holder() is None
    assert LoopEngine().scan({**START, "scan_id": SCAN_ID.replace("3f", "40")})["status"] == "complete"
    assert [each["Status"] for each in azure.rows(SCANS)] == ["complete", "complete"]
    assert sum(each["EventType"] == "scale_set.discovered" for each in azure.rows(EVENTS)) == 8


@pytest.mark.usefixtures("settings")
def test_a_shard_that_failed_makes_the_scan_partial(azure: Control) -> None:
    """The row says why, and names the subscriptions that were not read."""
    assert LoopEngine({SHARD: 1}).scan()["status"] == "partial"
    (row,) = azure.rows(SCANS)
    assert "scan_shard fails" in row["Error"]
    assert row["SubscriptionsRead"] == 1
    assert _holder() is None


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("broken", [PLAN, CONCLUDE])
def test_a_scan_that_is_given_up_says_so_and_lets_the_next_begin(azure: Control, broken: str) -> None:
    """One row, failed, with the reason; the lease is free."""
    engine = LoopEngine({broken: 1})
    assert engine.scan()["status"] == "failed"
    assert engine.calls[-1] == GIVE_UP
    (row,) = azure.rows(SCANS)
    assert (row["Status"], row["Error"]) == ("failed", f"{broken} fails")
    assert _holder() is None


@pytest.mark.usefixtures("settings")
def test_activities_may_be_repeated(azure: Control) -> None:
    """A plan answers the same again, a shard finds its work done, and what is concluded stays as it was."""
    planned = _planned(START)
    plan = _record(sharded.PLAN_RECORD)
    assert _planned(START) == planned
    assert _record(sharded.PLAN_RECORD) == plan
    shards = planned["shards"]
    assert isinstance(shards, list)
    for number in shards:
        sharded.scan_one_shard({**START, "shard": number})
    reports: list[JsonValue] = [sharded.scan_one_shard({**START, "shard": number}) for number in shards]
    ended = [sharded.conclude_shards({**START, "reports": reports}) for _ in range(3)]
    assert ended == [{"status": "complete", "error": ""}] * 3
    assert len(azure.rows(SCANS)) == 1
    assert len(azure.rows(EVENTS)) == len({row["EventId"] for row in azure.rows(EVENTS)})


@pytest.mark.usefixtures("settings")
def test_what_comes_too_late_does_nothing() -> None:
    """A shard of a scan whose place another one has taken reads nothing and writes nothing."""
    _planned(START)
    with deployed_store(read_settings(os.environ)) as store:
        store.release_lease(SCAN_ID)
    assert _planned({**START, "scan_id": SCAN_ID.replace("3f", "40")})["shards"] == [0, 1]
    with pytest.raises(LeaseLostError):
        sharded.scan_one_shard({**START, "shard": 0})


@pytest.mark.usefixtures("settings")
def test_while_another_scan_runs_none_is_planned() -> None:
    """The orchestration ends at once, and without a row: the other scan reads the same fleet."""
    with deployed_store(read_settings(os.environ)) as store:
        store.create_table()
        store.acquire_lease("another", datetime.now(UTC), timedelta(minutes=10))
    engine = LoopEngine()
    assert "another" in str(engine.scan()["skipped"])
    assert engine.calls == [PLAN]


@pytest.mark.usefixtures("settings")
def test_a_request_finds_its_result(azure: Control) -> None:
    """The status of a scan that was asked for is its record, also when its conclusion was repeated; it judges everything."""
    start = {**START, "trigger": "request"}
    assert LoopEngine().scan(start)["status"] == "complete"
    answer = functions.scan_status(SCAN_ID)
    assert json.loads(answer.get_body())["status"] == "complete"
    assert azure.rows(SCANS)[0]["Trigger"] == "request"


@pytest.mark.usefixtures("settings")
def test_a_fleet_that_nobody_counted_is_planned_first(azure: Control) -> None:
    """Its first scan is an orchestration, which counts; the argument is what every activity is given."""
    starter = Starter()
    _on_timer(starter)
    (argument,) = starter.started
    assert argument["trigger"] == "timer"
    assert azure.rows(SCANS) == []


@pytest.mark.usefixtures("settings")
def test_a_large_fleet_is_started_as_an_orchestration() -> None:
    """By what the last scan counted: scale sets or subscriptions."""
    LoopEngine().scan()
    starter = Starter()
    for counted in COUNTED:
        with deployed_store(read_settings(os.environ)) as store:
            store.put_records({COVERAGE: counted.to_json()})
        _on_timer(starter)
    assert len(starter.started) == len(COUNTED)


@pytest.mark.usefixtures("settings")
def test_a_small_fleet_is_scanned_in_place(azure: Control) -> None:
    """Once it was counted, there is nothing to start."""
    functions.scan_on_schedule(is_late=False)
    starter = Starter()
    _on_timer(starter)
    assert starter.started == []
    assert len(azure.rows(SCANS)) == 2


@pytest.mark.usefixtures("settings")
def test_while_an_orchestration_runs_another_is_kept_out(caplog: pytest.LogCaptureFixture) -> None:
    """A timer skips its turn; a request fails, so that its message comes back."""
    starter = Starter(since=datetime.now(UTC) - timedelta(minutes=5))
    with caplog.at_level(logging.WARNING, "scanner"):
        _on_timer(starter)
    assert "scan.skipped" in caplog.text
    with pytest.raises(LeaseHeldError):
        asyncio.run(sharded.scan_on_request(starter, json.dumps({"scan_id": SCAN_ID}).encode()))
    assert (starter.started, starter.ended) == ([], [])


@pytest.mark.usefixtures("settings")
def test_an_orchestration_that_is_stuck_is_ended() -> None:
    """One that a deployment made unplayable would keep all others out for ever."""
    starter = Starter(since=datetime.now(UTC) - sharded.STUCK - timedelta(minutes=1))
    _on_timer(starter)
    assert (len(starter.ended), starter.started) == (1, [])


@pytest.mark.usefixtures("settings")
def test_an_engine_that_is_out_of_order_does_not_stop_scans(azure: Control, caplog: pytest.LogCaptureFixture) -> None:
    """The fleet is scanned in place, and the log says why."""
    with caplog.at_level(logging.WARNING, "scanner"):
        _on_timer(Starter(fails=True))
    assert "scan.not_sharded" in caplog.text
    assert "no extension" in caplog.text
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"]


@pytest.mark.usefixtures("settings")
def test_settings_that_are_wrong_are_told_by_the_scan_in_place(azure: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """An orchestration could not even be planned; the row says what is wrong."""
    monkeypatch.setenv("VMSS_TABLE_NAME", "no-table")
    starter = Starter()
    with pytest.raises(MonitorError, match="VMSS_TABLE_NAME"):
        _on_timer(starter)
    assert starter.started == []
    assert [row["Status"] for row in azure.rows(SCANS)] == ["failed"]
