"""Scans in shards in the deployed app: what Azure finds when they are on, and that nothing of it is there when off."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from functionshost.__main__ import APP
from functionshost.worker import Worker
from scanner.ports.engine import ORCHESTRATION
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD
from tests.functions.conftest import QUEUE

SCHEDULES = {"VMSS_SCAN_SCHEDULE": "0 */30 * * * *", "VMSS_SNAPSHOT_SCHEDULE": "0 0 6 * * *"}
PLAIN = {"health", "request_scan", "scan", "scan_requested", "scan_status", "snapshot"}
ACTIVITIES = {PLAN, SHARD, CONCLUDE, GIVE_UP}


@pytest.fixture(scope="module")
def bindings() -> Mapping[str, list[Mapping[str, Any]]]:
    """Answer the bindings of the app's functions by name, as Azure's library indexes them with shards on."""
    with Worker(APP, {**SCHEDULES, "VMSS_SHARDS": "auto"}) as worker:
        return {found.name: [json.loads(text) for text in found.raw_bindings] for found in worker.functions()}


def test_the_app_has_an_orchestration_and_its_activities_beside_the_six(
    bindings: Mapping[str, list[Mapping[str, Any]]],
) -> None:
    """Their names are those that the orchestration calls: a history that was begun is replayed by them."""
    assert set(bindings) == PLAIN | ACTIVITIES | {ORCHESTRATION}
    assert {name for name in bindings if bindings[name][0]["type"] == "activityTrigger"} == ACTIVITIES
    assert [binding["type"] for binding in bindings[ORCHESTRATION]] == ["orchestrationTrigger"]


@pytest.mark.parametrize("name", ["scan", "scan_requested"])
def test_a_scan_can_start_the_orchestration(bindings: Mapping[str, list[Mapping[str, Any]]], name: str) -> None:
    """Timer and queue have the client of Durable Functions beside their trigger."""
    assert "durableClient" in {binding["type"] for binding in bindings[name]}


def test_schedule_and_queue_are_those_of_a_scan_in_place(bindings: Mapping[str, list[Mapping[str, Any]]]) -> None:
    """Switching shards on or off changes neither when a scan runs nor who asks for one."""
    timer = next(binding for binding in bindings["scan"] if binding["type"] == "timerTrigger")
    assert (timer["schedule"], timer["runOnStartup"], timer["useMonitor"]) == ("%VMSS_SCAN_SCHEDULE%", False, True)
    queue = next(binding for binding in bindings["scan_requested"] if binding["type"] == "queueTrigger")
    assert (queue["queueName"], queue["connection"]) == (QUEUE, "AzureWebJobsStorage")


_IMPORT = """
import importlib.abc, json, sys
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if any(name == each or name.startswith(each + ".") for each in {broken!r}):
            raise ImportError(name + " is broken")
sys.meta_path.insert(0, Broken())
sys.path.insert(0, {app!r})
import function_app
print(json.dumps({{
    "functions": sorted(function.get_function_name() for function in function_app.app.get_functions()),
    "loaded": sorted(name for name in sys.modules if name.startswith(("scanner", "azure.durable_functions", "aiohttp", "furl"))),
}}))
"""


def _imported(shards: str | None, broken: list[str]) -> Any:
    script = _IMPORT.format(broken=broken, app=str(APP))
    environment = {} if shards is None else {"VMSS_SHARDS": shards}
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("shards", [None, "", "off", "on", "AUTO"])
def test_nothing_of_durable_functions_is_loaded_when_off(shards: str | None) -> None:
    """In a new interpreter the app has its six functions, and neither the library nor what it needs was imported."""
    found = _imported(shards, [])
    assert set(found["functions"]) == PLAIN
    assert found["loaded"] == []


def test_a_scan_in_place_loads_nothing_of_durable_functions() -> None:
    """Also what the functions delegate to does not need the library."""
    script = (
        "import sys, scanner.functions, scanner.bootstrap, scanner.scan.run, scanner.cli.scan_command\n"
        "print([name for name in sys.modules if name.startswith(('azure.durable_functions', 'durabletask', 'aiohttp'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(["azure.durable_functions"], id="the library cannot be imported"),
        pytest.param(["aiohttp"], id="what it needs cannot be imported"),
        pytest.param(["scanner"], id="the scanner cannot be imported"),
    ],
)
def test_shards_that_cannot_be_loaded_leave_the_six_functions(broken: list[str]) -> None:
    """The app scans in place then: an app that failed at import would have no functions, and nobody would be told."""
    assert set(_imported("auto", broken)["functions"]) == PLAIN
