"""The host itself, with a small app that does what it is told: keys, answers, messages, retries."""

import json
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from functionshost.host import FunctionsHost
from functionshost.http_messages import HttpRequest
from functionshost.queues import Queues, QueueSettingsError
from functionshost.runner import Runner, run_timer
from functionshost.server import HostServer
from tests.functions.conftest import Logs

STORAGE = "AzureWebJobsStorage"


def _post(host: FunctionsHost, body: bytes, *, path: str = "/api/echo?a=b", key: str | None = None) -> HttpRequest:
    shown = host.keys.function if key is None else key
    return HttpRequest(
        method="POST", url=f"http://localhost{path}", headers={"x-functions-key": shown} if shown else {}, body=body
    )


def test_an_answer_carries_what_the_function_said(small_host: FunctionsHost) -> None:
    """Method, query and body reach the function; its status, headers and body come back."""
    answer = small_host.http(_post(small_host, "grüße".encode()))
    assert (answer.status, answer.body.decode()) == (201, "POST b grüße")
    assert {name.lower(): value for name, value in answer.headers.items()}["x-seen"] == "yes"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/api/echo", "PUT", 201, id="another method of the function"),
        pytest.param("/API/Echo/", "POST", 201, id="addresses have no case"),
        pytest.param("/api/echo", "GET", 404, id="a method it does not listen to"),
        pytest.param("/echo", "POST", 404, id="without the prefix"),
        pytest.param("/api/echo/more", "POST", 404, id="an address below it"),
    ],
)
def test_a_function_listens_at_its_address_alone(
    small_host: FunctionsHost, path: str, method: str, status: int
) -> None:
    """Everything else is not found."""
    headers = {"x-functions-key": small_host.keys.function}
    request = HttpRequest(method=method, url=f"http://localhost{path}", headers=headers, body=b"x")
    assert small_host.http(request).status == status


def test_the_key_may_stand_in_the_address_and_nothing_else_will_do(small_host: FunctionsHost) -> None:
    """The function key and the master key open a function; no key, an empty one or a wrong one do not."""
    keys = small_host.keys
    assert small_host.http(_post(small_host, b"x", path=f"/api/echo?code={keys.function}", key="")).status == 201
    assert small_host.http(_post(small_host, b"x", key=keys.master)).status == 201
    for wrong in ("", "wrong", keys.function[:-1], "schlüssel"):
        assert small_host.http(_post(small_host, b"x", key=wrong)).status == 401


def test_a_function_that_raises_is_500_without_its_words(small_host: FunctionsHost, logs: Logs) -> None:
    """The caller sees a status; the log has the reason, and nothing is sent to the queue."""
    answer = small_host.http(_post(small_host, b"raise"))
    assert (answer.status, answer.body) == (500, b"")
    assert "Executed 'Functions.echo' (Failed): RuntimeError: the secret is 42" in logs.lines("functionshost")
    assert small_host.queues(STORAGE).texts("work") == []


def test_a_function_may_answer_with_words_but_not_with_nothing(small_host: FunctionsHost) -> None:
    """Text is an answer of its own; no answer at all is the function's failure."""
    words = small_host.http(_post(small_host, b"words"))
    assert (words.status, words.body.decode()) == (200, "just words, ✓")
    assert small_host.http(_post(small_host, b"nothing")).status == 500


def test_an_output_goes_to_its_queue_and_is_read_from_it(small_host: FunctionsHost) -> None:
    """What the function sets is a message; a success deletes it."""
    small_host.http(_post(small_host, b"a piece of work"))
    assert small_host.queues(STORAGE).texts("work") == ["a piece of work"]
    pumped = small_host.pump("work")
    assert pumped is not None
    assert pumped.outcome.succeeded
    assert small_host.pump("work") is None
    assert small_host.queues(STORAGE).texts("work-poison") == []


def test_a_message_that_fails_five_times_is_set_aside(small_host: FunctionsHost) -> None:
    """Each failure leaves it in the queue with its count; the fifth moves it to the poison queue, whole."""
    small_host.queues(STORAGE).send("work", "fail: ✓")
    year = datetime.now(UTC).year
    for attempt in range(1, 6):
        pumped = small_host.pump("work")
        assert pumped is not None
        assert pumped.outcome.error == f"RuntimeError: fail: ✓, try {attempt}, inserted {year}"
        assert pumped.poisoned == (attempt == 5)
    assert small_host.pump("work") is None
    assert small_host.queues(STORAGE).texts("work-poison") == ["fail: ✓"]


def test_a_message_stays_hidden_for_as_long_as_it_is_worked_on(
    small_host: FunctionsHost, settings: dict[str, str]
) -> None:
    """Longer than it was hidden for at first, nobody else gets it; afterwards it can be deleted."""
    with Queues(STORAGE, settings, hidden=timedelta(seconds=2)) as queues:
        queues.send("work", "long")
        held = queues.take("work")
        assert held is not None
        with queues.kept_hidden("work", held):
            time.sleep(3)
            assert small_host.queues(STORAGE).take("work") is None
        queues.delete("work", held)
        assert queues.texts("work") == []


def test_storage_is_found_by_settings_and_never_by_a_key() -> None:
    """A connection string is no setting of ours: it holds a key."""
    with pytest.raises(QueueSettingsError, match="no keys"):
        Queues(STORAGE, {STORAGE: "AccountName=a;AccountKey=b"})


def test_a_failed_timer_is_tried_again_as_it_asks(small_host: FunctionsHost) -> None:
    """Two failures and a success are three runs, each knowing which it is, with the delay in between."""
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return False

    outcome = run_timer(small_host, small_host.functions["tick"], is_past_due=True, wait=wait)
    assert outcome.succeeded
    assert waited == [60.0, 60.0]


def test_a_failed_timer_is_left_when_the_host_ends(small_host: FunctionsHost) -> None:
    """The end of the host cuts the delay short, and the last outcome is the failure."""
    outcome = run_timer(small_host, small_host.functions["tick"], is_past_due=True, wait=lambda _seconds: True)
    assert not outcome.succeeded
    assert outcome.error.startswith("RuntimeError: tick 1: (True, '")


def test_the_runner_fires_a_timer_when_it_is_due_and_works_the_queue(small_host: FunctionsHost, logs: Logs) -> None:
    """With a clock one second before the hour the timer runs, and a message is gone; leaving ends all threads."""
    start, began = datetime(2026, 11, 20, 9, 59, 59, 500_000, tzinfo=UTC), datetime.now(UTC)
    small_host.queues(STORAGE).send("work", "something")
    done = threading.Event()

    def now() -> datetime:
        if all(any(name in line for line in logs.lines("functionshost")) for name in (".tick", ".work")):
            done.set()
        return start + (datetime.now(UTC) - began)

    with Runner(small_host, now):
        while not done.wait(0.05):
            now()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("run-")] == []
    assert small_host.queues(STORAGE).texts("work") == []


def _send(url: str, method: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310 - the test's own server
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_server_answers_over_http_and_runs_functions_for_the_admin(small_host: FunctionsHost, logs: Logs) -> None:
    """Requests reach functions; the master key, and only it, runs a timer or a queue's function now."""
    function, master = ({"x-functions-key": key} for key in (small_host.keys.function, small_host.keys.master))
    with HostServer(small_host) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            assert _send(f"{server.url}/api/echo?a=1", "POST", function, b"hello") == (201, "POST 1 hello")
            assert _send(f"{server.url}/api/echo", "POST", {}, b"hello") == (401, "")
            assert _send(f"{server.url}/api/none", "GET", function) == (404, "")
            admin = f"{server.url}/admin/functions"
            for name, headers, body, status in (
                ("work", master, json.dumps({"input": "ordered"}).encode(), 202),
                ("tick", master, b"{}", 202),
                ("work", function, b"{}", 401),
                ("echo", master, b"{}", 404),
                ("nothing", master, b"{}", 404),
                ("work", master, b"[]", 400),
                ("work", master, b"no json", 400),
            ):
                assert _send(f"{admin}/{name}", "POST", headers, body)[0] == status, (name, body)
        finally:
            server.shutdown()
            serving.join()
    lines = logs.lines("functionshost")
    assert "Executed 'Functions.work' (Succeeded)" in lines
    assert any("Functions.tick" in line for line in lines)
