"""A scan in shards on two engines: the extension of Durable Functions as it speaks, and durabletask's own backend."""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Event, Lock
from typing import Any

import pytest
from azure.durable_functions import Orchestrator  # type: ignore[import-untyped]  # it ships without types

from bench.in_memory import InMemoryEngine
from scanner.adapters.engines.durable_functions import FunctionsEngine
from scanner.facts.evidence import JsonValue
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD, orchestrate
from tests.engines.extension import play

type Play = Callable[[Mapping[str, Callable[[Any], Any]], int], Any]
START: dict[str, JsonValue] = {"scan_id": "7d0c", "trigger": "timer"}


def _on_functions(activities: Mapping[str, Callable[[Any], Any]], seed: int) -> Any:
    def orchestrator(context: Any) -> Any:
        return (yield from orchestrate(FunctionsEngine(context), context.get_input(dict)))

    with warnings.catch_warnings():
        # The library wants a type for the result of a repeated call, and has no way to be given one.
        warnings.filterwarnings("ignore", message="azure.functions df_loads", category=DeprecationWarning)
        return play(Orchestrator.create(orchestrator), START, activities, seed=seed)


def _in_memory(activities: Mapping[str, Callable[[Any], Any]], _seed: int) -> Any:
    with InMemoryEngine(activities) as engine:
        engine.start(START)
        return engine.wait()


@pytest.fixture(params=[_on_functions, _in_memory], ids=["durable functions", "durabletask in memory"])
def on_engine(request: pytest.FixtureRequest) -> Play:
    """Answer what plays an orchestration on an engine."""
    played: Play = request.param
    return played


class Activities:
    """Activities that do nothing, count, and fail as they are told: the names say how often, -1 for always."""

    def __init__(self, fails: Mapping[str, int], shards: list[str], plan: JsonValue = None, at_once: int = 4) -> None:
        self._fails = dict(fails)
        self._plan = plan or {"shards": list[JsonValue](shards), "at_once": at_once}
        self._lock = Lock()
        self.order: list[str] = []
        self.calls: Counter[str] = Counter()
        self.said: list[dict[str, Any]] = []

    def as_mapping(self) -> Mapping[str, Callable[[Any], Any]]:
        """Answer the activities by name."""
        return {PLAN: self._planned, SHARD: self._shard, CONCLUDE: self._concluded, GIVE_UP: self._given_up}

    def _count(self, name: str) -> None:
        with self._lock:
            self.calls[name] += 1
            left = self._fails.get(name, 0)
            if left:
                self._fails[name] = left - 1
                raise ValueError(f"{name} fails")

    def _planned(self, _argument: dict[str, Any]) -> Any:
        self._count(PLAN)
        return self._plan

    def _shard(self, argument: dict[str, Any]) -> Any:
        assert argument == {**START, "shard": argument["shard"]}
        self.order.append(argument["shard"])
        self._count(argument["shard"])
        return {"shard": argument["shard"]}

    def _concluded(self, argument: dict[str, Any]) -> Any:
        self._count(CONCLUDE)
        failed = [report["shard"] for report in argument["reports"] if "error" in report]
        return {"reports": [report["shard"] for report in argument["reports"]], "failed": failed}

    def _given_up(self, argument: dict[str, Any]) -> Any:
        self._count(GIVE_UP)
        self.said.append(argument)
        return {}


SHARDS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("fails", "failed", "calls"),
    [
        pytest.param({}, [], {"a": 1, "b": 1, "c": 1, "d": 1}, id="all goes well"),
        pytest.param({"b": 1}, [], {"a": 1, "b": 2, "c": 1, "d": 1}, id="a shard fails once"),
        pytest.param({"a": 2, "b": 2, "c": 2, "d": 2}, [], {"a": 3, "b": 3, "c": 3, "d": 3}, id="each fails twice"),
        pytest.param({"c": -1}, ["c"], {"a": 1, "b": 1, "c": 3, "d": 1}, id="a shard always fails"),
        pytest.param({"a": -1, "d": 2}, ["a"], {"a": 3, "b": 1, "c": 1, "d": 3}, id="one always, another twice"),
        pytest.param(dict.fromkeys(SHARDS, -1), SHARDS, dict.fromkeys(SHARDS, 3), id="all always fail"),
        pytest.param({PLAN: 2, CONCLUDE: 2}, [], {PLAN: 3, CONCLUDE: 3, "a": 1}, id="plan and end fail twice"),
    ],
)
def test_every_shard_is_tried_three_times_and_waited_for(
    on_engine: Play, fails: dict[str, int], failed: list[str], calls: dict[str, int]
) -> None:
    """A failure is repeated, one for good is reported, and the scan is concluded once, after the last shard."""
    for seed in range(12 if on_engine is _on_functions else 1):
        activities = Activities(fails, SHARDS, at_once=1 + seed % 4)
        assert on_engine(activities.as_mapping(), seed) == {"reports": SHARDS, "failed": failed}
        assert {name: activities.calls[name] for name in calls} == calls
        assert activities.calls[GIVE_UP] == 0


@pytest.mark.parametrize("at_once", [1, 2, 3, 9])
def test_no_more_shards_run_side_by_side_than_share_the_quota(on_engine: Play, at_once: int) -> None:
    """A wave begins when the last shard of the one before has ended, its retries included."""
    for seed in range(6 if on_engine is _on_functions else 1):
        activities = Activities({"a": 2, "e": 1}, list("abcdefg"), at_once=at_once)
        assert on_engine(activities.as_mapping(), seed)["failed"] == []
        waves = [(ord(shard) - ord("a")) // at_once for shard in activities.order]
        assert waves == sorted(waves)


@pytest.mark.parametrize("shards", [[], ["a"]], ids=["no shard", "one shard"])
def test_a_small_plan_is_a_plan(on_engine: Play, shards: list[str]) -> None:
    """Without a shard, as where no subscription can be read, the scan is concluded all the same."""
    assert on_engine(Activities({}, shards).as_mapping(), 0) == {"reports": shards, "failed": []}


def test_a_scan_that_another_one_keeps_out_ends_at_once(on_engine: Play) -> None:
    """What the plan says of it is the answer, and no shard is read."""
    activities = Activities({}, [], {"skipped": "another scan runs"})
    assert on_engine(activities.as_mapping(), 0) == {"skipped": "another scan runs"}
    assert activities.calls == {PLAN: 1}


@pytest.mark.parametrize(
    ("fails", "calls"),
    [
        pytest.param({PLAN: -1}, {PLAN: 3, GIVE_UP: 1}, id="the plan"),
        pytest.param({CONCLUDE: -1}, {PLAN: 1, "a": 1, CONCLUDE: 3, GIVE_UP: 1}, id="the end"),
        pytest.param({CONCLUDE: -1, GIVE_UP: -1}, {PLAN: 1, "a": 1, CONCLUDE: 3, GIVE_UP: 3}, id="the last word too"),
    ],
)
def test_what_fails_as_a_whole_is_told(on_engine: Play, fails: dict[str, int], calls: dict[str, int]) -> None:
    """The scan is given up with the error, and the orchestration ends: the next scan is not kept out."""
    activities = Activities(fails, ["a"])
    answer = on_engine(activities.as_mapping(), 0)
    assert answer["status"] == "failed"
    assert "fails" in answer["error"]
    assert activities.calls == calls
    assert all(said == {**START, "error": answer["error"]} for said in activities.said)


@pytest.mark.parametrize("text", ["<script>", "x" * 100_000], ids=["markup", "a long text"])
def test_an_error_is_text_of_limited_length(on_engine: Play, text: str) -> None:
    """Whatever a shard raises travels through the history of the engine, and is cut."""

    def raises(_argument: object) -> object:
        raise ValueError(text)

    seen: list[Any] = []

    def concluded(argument: Any) -> object:
        seen.append(argument)
        return {"status": "partial"}

    activities = {
        PLAN: lambda _argument: {"shards": ["a"], "at_once": 1},
        SHARD: raises,
        CONCLUDE: concluded,
    }
    assert on_engine(activities, 0) == {"status": "partial"}
    (report,) = seen[0]["reports"]
    assert len(report["error"]) < 1_100


def test_a_second_orchestration_is_kept_out() -> None:
    """The engine refuses the id of the instance while it runs, however often it is asked; then the next may begin."""
    activities, goes_on = Activities({}, ["a"]), Event()

    def waits(argument: Any) -> Any:
        goes_on.wait(20)
        return activities.as_mapping()[PLAN](argument)

    with InMemoryEngine({**activities.as_mapping(), PLAN: waits}) as engine:
        engine.start(START)
        for _ in range(3):
            with pytest.raises(Exception, match="already exists"):
                engine.start(START)
        goes_on.set()
        engine.wait()
        assert activities.calls[PLAN] == 1
        engine.start(START)
        engine.wait()
    assert activities.calls[PLAN] == 2
