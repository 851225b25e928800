"""What Azure finds in the app: six functions, their triggers, keys and schedules."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from functionshost.__main__ import APP
from functionshost.bindings import (
    BindingError,
    Function,
    HttpTrigger,
    QueueOutput,
    QueueTrigger,
    Retry,
    TimerTrigger,
    read_functions,
)
from functionshost.host import FunctionsHost
from functionshost.queues import QueueSettingsError
from functionshost.worker import IndexingError, Worker
from tests.functions.conftest import QUEUE

SCHEDULES = {"VMSS_SCAN_SCHEDULE": "0 */30 * * * *", "VMSS_SNAPSHOT_SCHEDULE": "0 0 6 * * *"}
APP_OF_ONE_TIMER = """
import azure.functions as func
app = func.FunctionApp()
@app.timer_trigger(schedule="{schedule}", arg_name="timer")
def tick(timer: func.TimerRequest) -> None:
    pass
"""


@pytest.fixture(scope="module")
def functions() -> Mapping[str, Function]:
    """Answer the app's functions by name."""
    with Worker(APP, SCHEDULES) as worker:
        return {function.name: function for function in read_functions(worker.functions(), SCHEDULES)}


def test_the_app_has_exactly_six_functions(functions: Mapping[str, Function]) -> None:
    """Whatever is added or lost is a decision, and shows here."""
    assert sorted(functions) == ["health", "request_scan", "scan", "scan_requested", "scan_status", "snapshot"]


@pytest.mark.parametrize(("name", "schedule"), [("scan", "0 */30 * * * *"), ("snapshot", "0 0 6 * * *")])
def test_a_timer_takes_its_schedule_from_its_setting(
    functions: Mapping[str, Function], name: str, schedule: str
) -> None:
    """The schedule is the setting's; a timer is monitored, so a missed run is made up for, and does not run at start."""
    trigger = functions[name].trigger
    assert isinstance(trigger, TimerTrigger)
    assert trigger.schedule.text == schedule
    assert trigger.use_monitor
    assert not trigger.run_on_startup


@pytest.mark.parametrize(
    ("name", "method", "route", "auth_level"),
    [
        ("request_scan", "POST", "scan", "function"),
        ("scan_status", "GET", "scans/{id}", "function"),
        ("health", "GET", "health", "anonymous"),
    ],
)
def test_a_request_needs_its_method_and_key(
    functions: Mapping[str, Function], name: str, method: str, route: str, auth_level: str
) -> None:
    """Asking for a scan, and what became of it, needs the function key; health is open to anybody."""
    trigger = functions[name].trigger
    assert isinstance(trigger, HttpTrigger)
    assert (trigger.methods, trigger.route, trigger.auth_level) == (frozenset({method}), route, auth_level)


def test_a_scan_request_travels_by_one_queue(functions: Mapping[str, Function]) -> None:
    """What the request writes is what the worker of requests reads, through the host's own storage."""
    assert functions["request_scan"].outputs == (
        QueueOutput(parameter="message", queue=QUEUE, connection="AzureWebJobsStorage"),
    )
    assert functions["scan_requested"].trigger == QueueTrigger(
        parameter="message", queue=QUEUE, connection="AzureWebJobsStorage"
    )


def test_only_the_snapshot_is_tried_again_by_the_host(functions: Mapping[str, Function]) -> None:
    """A failed scan waits for its next time; a snapshot would be missing for a day."""
    retries = {name: function.retry for name, function in functions.items() if function.retry is not None}
    assert list(retries) == ["snapshot"]
    assert isinstance(retries["snapshot"], Retry)
    assert retries["snapshot"].count == 3
    assert retries["snapshot"].delay.total_seconds() == 300


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"VMSS_SCAN_SCHEDULE": ""}, "VMSS_SCAN_SCHEDULE", id="a schedule is missing"),
        pytest.param({"VMSS_SNAPSHOT_SCHEDULE": "0 6 * * *"}, "six", id="a schedule has five fields"),
        pytest.param({"VMSS_SNAPSHOT_SCHEDULE": "0 0 6 * * 7"}, "'7'", id="a value is out of range"),
    ],
)
def test_a_wrong_schedule_stops_the_host(changed: dict[str, str], said: str) -> None:
    """The host says which function and which setting, as Azure's does, rather than serve an app without its timer."""
    settings = {**SCHEDULES, **changed}
    with Worker(APP, settings) as worker, pytest.raises(BindingError, match=said):
        read_functions(worker.functions(), settings)


def test_an_app_that_fails_at_import_has_no_functions(tmp_path: Path) -> None:
    """What Azure shows as an empty app is an error here, with its cause."""
    (tmp_path / "function_app.py").write_text("import a_module_that_is_not_there\n", encoding="utf-8")
    with Worker(tmp_path, {}) as worker, pytest.raises(IndexingError, match="a_module_that_is_not_there"):
        worker.functions()


def test_a_folder_without_an_app_is_an_error(tmp_path: Path) -> None:
    """An empty folder is no app without functions."""
    with Worker(tmp_path, {}) as worker, pytest.raises(IndexingError, match="no function_app"):
        worker.functions()


def test_a_worker_leaves_nothing_behind(tmp_path: Path) -> None:
    """Modules, paths, settings and log levels of one app are not there for the next."""
    (tmp_path / "function_app.py").write_text(APP_OF_ONE_TIMER.format(schedule="0 0 0 * * *"), encoding="utf-8")
    before = list(sys.path)
    with Worker(tmp_path, {"ONLY_HERE": "1"}) as worker:
        assert [function.name for function in worker.functions()] == ["tick"]
        logging.getLogger("azure.some.client").setLevel(logging.ERROR)
    assert logging.getLogger("azure.some.client").level == logging.NOTSET
    assert "ONLY_HERE" not in os.environ
    assert "function_app" not in sys.modules
    assert sys.path == before
    with Worker(APP, {}) as worker:
        assert len(worker.functions()) == 6


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        pytest.param({}, BindingError, id="no schedule"),
        pytest.param(SCHEDULES, QueueSettingsError, id="no storage"),
    ],
)
def test_a_host_that_cannot_start_leaves_nothing_behind(settings: dict[str, str], error: type[Exception]) -> None:
    """Its settings are taken back, and the next host starts as if it had never been."""
    before = dict(os.environ)
    with pytest.raises(error), FunctionsHost(APP, {**settings, "ONLY_HERE": "1"}):
        raise AssertionError("it started")
    assert dict(os.environ) == before
    storage = {"AzureWebJobsStorage__accountName": "account", "AzureWebJobsStorage__credential": "managedidentity"}
    with FunctionsHost(APP, {**SCHEDULES, **storage}) as host:
        assert len(host.functions) == 6


_IMPORT = """
import importlib.abc, json, sys
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {broken!r}:
            raise ImportError(name + " is broken")
sys.meta_path.insert(0, Broken())
sys.path.insert(0, {app!r})
import function_app
print(json.dumps(sorted(name for name in sys.modules if name.startswith(("scanner", "azure.")))))
"""


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param([], id="nothing is set"),
        pytest.param(["scanner"], id="the scanner cannot be imported"),
        pytest.param(["requests", "msal", "cryptography"], id="libraries behind it cannot be imported"),
    ],
)
def test_importing_the_app_never_fails(broken: list[str]) -> None:
    """In a new interpreter without any setting the app imports, and loads nothing but the Functions library."""
    script = _IMPORT.format(broken=broken, app=str(APP))
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script], env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert [name for name in loaded if not name.startswith("azure.functions")] == []
