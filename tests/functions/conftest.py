"""The deployed app on a laptop: the host with Azure's worker library, and behind it the emulator and Azurite."""

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.client.client import Control
from emulator.client.local import LocalAzure
from functionshost.__main__ import APP
from functionshost.host import FunctionsHost
from functionshost.local_settings import for_local_azure
from functionshost.options import read_options

QUEUE = "vmss-scan-requests"
SMALL_APP = """
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
ticks = []

@app.timer_trigger(schedule="%EVERY_HOUR%", arg_name="timer")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:01:00")
def tick(timer: func.TimerRequest, context: func.Context) -> None:
    ticks.append((timer.past_due, timer.schedule_status["Next"], context.retry_context.retry_count))
    if len(ticks) < 3:
        raise RuntimeError(f"tick {len(ticks)}: {ticks[-1]}")

@app.route(route="echo", methods=["POST", "PUT"])
@app.queue_output(arg_name="out", queue_name="work", connection="AzureWebJobsStorage")
def echo(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    text = req.get_body().decode()
    if text == "raise":
        raise RuntimeError("the secret is 42")
    if text == "nothing":
        return None
    if text == "words":
        return "just words, ✓"
    out.set(text)
    return func.HttpResponse(f"{req.method} {req.params.get('a')} {text}", status_code=201, headers={"x-seen": "yes"})

@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
def work(message: func.QueueMessage) -> None:
    text = message.get_body().decode()
    if text.startswith("fail"):
        raise RuntimeError(f"{text}, try {message.dequeue_count}, inserted {message.insertion_time:%Y}")
"""
"""An app with one of each trigger, whose functions do what they are told."""
_NUMBERS = itertools.count(1)


@dataclass
class Logs:
    """What the app and the host logged, as the host would pass it on."""

    records: list[logging.LogRecord] = field(default_factory=list)

    def lines(self, name: str = "") -> list[str]:
        """Answer the texts of one logger and those below it; of all without a name."""
        return [record.getMessage() for record in self.records if record.name.startswith(name)]

    def everything(self) -> str:
        """Answer all that was logged, with the traces of exceptions."""
        formatter = logging.Formatter()
        return "\n".join(formatter.format(record) for record in self.records)


type StartHost = Callable[..., FunctionsHost]


@pytest.fixture(scope="session")
def local_azure() -> Iterator[LocalAzure]:
    """Answer a local Azure with storage, shared by all tests of a process."""
    with LocalAzure(storage=True) as azure:
        yield azure


@pytest.fixture
def azure(local_azure: LocalAzure) -> Iterator[Control]:
    """Answer the controls of a local Azure in which nothing has happened yet."""
    local_azure.control.reset()
    yield local_azure.control
    local_azure.control.clear_faults()


@pytest.fixture
def settings(local_azure: LocalAzure) -> dict[str, str]:
    """Answer the app's settings; each test has a table of its own, at an address where faults can be scripted."""
    return {
        **for_local_azure(local_azure),
        "VMSS_TABLE_ENDPOINT": local_azure.watched_table_endpoint,
        "VMSS_TABLE_NAME": f"posture{next(_NUMBERS)}",
    }


@pytest.fixture
def logs() -> Logs:
    """Answer what will be logged."""
    return Logs()


@pytest.fixture
def start_host(logs: Logs) -> Iterator[StartHost]:
    """Answer what starts the app with settings; a message that failed may be taken again at once."""
    with ExitStack() as stack:

        def start(settings: dict[str, str], app: Path = APP) -> FunctionsHost:
            options = replace(read_options(APP / "host.json"), visibility_timeout=timedelta(0))
            return stack.enter_context(FunctionsHost(app, settings, options=options, on_log=logs.records.append))

        yield start


@pytest.fixture
def small_host(tmp_path: Path, local_azure: LocalAzure, start_host: StartHost, logs: Logs) -> FunctionsHost:
    """Answer a host that serves the small app; its queue is empty."""
    (tmp_path / "function_app.py").write_text(SMALL_APP, encoding="utf-8")
    settings = {**for_local_azure(local_azure), "EVERY_HOUR": "0 0 * * * *"}
    started = start_host(settings, tmp_path)
    for queue in ("work", "work-poison"):
        started.queues("AzureWebJobsStorage").clear(queue)
    logs.records.clear()  # the host's own clients, which in Azure run in a process of their own
    return started


@pytest.fixture
def host(azure: Control, settings: dict[str, str], start_host: StartHost, logs: Logs) -> FunctionsHost:  # noqa: ARG001 - azure resets
    """Answer the app, served, before its first scan; nothing waits in its queues."""
    started = start_host(settings)
    for queue in (QUEUE, f"{QUEUE}-poison"):
        started.queues("AzureWebJobsStorage").clear(queue)
    logs.records.clear()  # the host's own clients, which in Azure run in a process of their own
    return started
