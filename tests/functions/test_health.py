"""What health tells anybody who asks, and what nobody is told."""

import json
import re
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from azureformats.ncrontab import parse
from emulator.client.client import Control
from emulator.endpoint.faults import FaultKind
from functionshost.host import FunctionsHost
from functionshost.http_messages import HttpAnswer, HttpRequest
from scanner import __version__, functions
from scanner.health import judge_health
from tests.functions.conftest import Logs, StartHost

_TOKEN = re.compile(r"eyJ[\w-]{10,}\.|Bearer |sig=|AccountKey=")
UNKNOWN = {"coverage": None, "since": None, "last_scan": None, "version": __version__}
UNREACHABLE = {"status": "unreachable", **UNKNOWN}


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """Let each test ask for the first time: an answer is kept for a minute."""
    functions.forget_health()


def _health(host: FunctionsHost) -> HttpAnswer:
    return host.http(HttpRequest(method="GET", url="http://localhost/api/health"))


def _told(answer: HttpAnswer) -> object:
    return json.loads(answer.body)


def test_health_before_the_first_scan(host: FunctionsHost) -> None:
    """The state can be reached and no scan has been complete."""
    answer = _health(host)
    assert answer.status == 200
    assert _told(answer) == {"status": "no scan yet", **UNKNOWN}


def test_health_writes_nothing(host: FunctionsHost, azure: Control) -> None:
    """Health is for everybody who asks: the state is read, and its table is not even created."""
    assert _health(host).status == 200
    assert [request.method for request in azure.requests("table")] == ["GET"]


def test_a_request_for_a_scan_is_kept_with_one_write(host: FunctionsHost, azure: Control) -> None:
    """Whoever has the key may ask: the lease is read and the request kept; before the first, the table is created."""
    assert _ask_for_scan(host).status == 202
    assert [request.method for request in azure.requests("table")] == ["GET", "POST", "GET", "POST"]
    functions_before = len(azure.requests("table"))
    assert _ask_for_scan(host).status == 202
    assert {request.method for request in azure.requests("table")[functions_before:]} == {"GET"}


def test_health_after_a_scan_says_when_it_ended(host: FunctionsHost, azure: Control) -> None:
    """Health names the end of the last scan that read something; a failed one after it changes nothing."""
    azure.create_fleet(scale_sets=2, subscriptions=1, instances=1)
    assert host.timer("scan").succeeded
    told = json.loads(_health(host).body)
    assert told["status"] == "ok"
    (scan,) = azure.rows("VmssPostureScans_CL")
    assert datetime.fromisoformat(told["last_scan"]) == datetime.fromisoformat(scan["DetectedAt"])
    assert (told["coverage"], told["since"]) == ("complete", told["last_scan"])
    azure.add_fault("graph", FaultKind.STATUS, status=403, count=None)
    assert not host.timer("scan").succeeded
    functions.forget_health()
    assert json.loads(_health(host).body) == told


def test_health_says_since_when_scans_are_partial(host: FunctionsHost, azure: Control) -> None:
    """Partial scans are an answer of 200, with when the first of them ended; a complete one begins anew."""
    fleet = azure.create_fleet(scale_sets=4, subscriptions=2, instances=1)
    said = []
    for is_lost in (False, True, True, False):
        azure.clear_faults()
        if is_lost:
            azure.add_fault("graph", FaultKind.VANISH, ids=(fleet.subscriptions[0],), count=None)
        host.timer("scan")
        functions.forget_health()
        answer = _health(host)
        assert answer.status == 200
        said.append(json.loads(answer.body))
    assert [each["coverage"] for each in said] == ["complete", "partial", "partial", "complete"]
    assert said[1]["since"] == said[1]["last_scan"] == said[2]["since"] < said[2]["last_scan"]
    assert said[3]["since"] == said[3]["last_scan"]


def test_health_is_read_once_a_minute(host: FunctionsHost, azure: Control) -> None:
    """Anybody may ask as often as they like: the state is read for the first of them."""
    for _ in range(5):
        assert _health(host).status == 200
    assert len(azure.requests("table")) == 1


@pytest.mark.parametrize(
    ("schedule", "now", "http_status"),
    [
        pytest.param("0 */30 * * * *", "12:59:59", 200, id="one scan is missing"),
        pytest.param("0 */30 * * * *", "13:14:59", 200, id="the second may still be running"),
        pytest.param("0 */30 * * * *", "13:15:01", 503, id="two schedules ago"),
        pytest.param("0 */5 * * * *", "12:25:01", 503, id="every five minutes"),
        pytest.param("0 0 */12 * * *", "23:59:59", 200, id="twice a day"),
    ],
)
@pytest.mark.parametrize("coverage", ["complete", "partial"])
def test_health_is_stale_after_two_schedules(schedule: str, now: str, http_status: int, coverage: str) -> None:
    """503 when the last scan that read something ended more than two schedules ago, complete or partial."""
    day = "2026-11-20T"
    record = json.dumps({"status": coverage, "ended_at": f"{day}12:00:20Z", "since": f"{day}06:00:00Z"})
    said = judge_health(record, parse(schedule), datetime.fromisoformat(f"{day}{now}Z"))
    assert said.http_status == http_status
    assert said.status == ("ok" if http_status == 200 else "stale")
    assert (said.coverage, said.since) == (coverage, "2026-11-20T06:00:00.000Z")


def test_health_is_not_kept_by_anybody_on_the_way(host: FunctionsHost) -> None:
    """The answer is JSON and is not to be cached."""
    headers = {name.lower(): value for name, value in _health(host).headers.items()}
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "application/json"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Answer a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_health_is_503_when_the_state_cannot_be_reached(
    azure: Control, settings: dict[str, str], start_host: StartHost, closed_port: int
) -> None:
    """Nothing listens at the table's address: the answer says so."""
    azure.set_limits(strict=True)
    host = start_host({**settings, "VMSS_TABLE_ENDPOINT": f"https://127.0.0.1:{closed_port}/account"})
    answer = _health(host)
    assert (answer.status, _told(answer)) == (503, UNREACHABLE)


@pytest.mark.usefixtures("host")
def test_health_does_not_wait_for_a_service_that_asks_for_patience(azure: Control) -> None:
    """Storage is busy for hours: the answer comes when the time for an answer is over."""
    azure.add_fault("table", FaultKind.STATUS, status=503, retry_after=10_000, count=None)
    answer = functions.health(limit=timedelta(seconds=0.5))
    assert (answer.status_code, json.loads(answer.get_body())) == (503, UNREACHABLE)
    assert 1 <= len(azure.requests("table")) <= 2


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        pytest.param("identity", 400, id="the identity has no token"),
        pytest.param("table", 403, id="the identity lacks its role"),
    ],
)
def test_a_refusal_is_503_and_its_words_stay_in_the_log(
    host: FunctionsHost, azure: Control, logs: Logs, endpoint: str, status: int
) -> None:
    """Health and the request for a scan say that it does not work; why is in the log alone, in one line and no trace."""
    azure.add_fault(endpoint, FaultKind.STATUS, status=status, count=None)
    answers = [_health(host), _ask_for_scan(host)]
    assert [answer.status for answer in answers] == [503, 503]
    assert _told(answers[0]) == UNREACHABLE
    assert [line.split()[0] for line in logs.lines("scanner")] == ["health.failed", "scan.request_failed"]
    assert "Traceback" not in logs.everything()


def test_wrong_settings_are_no_secret_of_the_app_but_not_for_everybody(
    azure: Control, settings: dict[str, str], start_host: StartHost, logs: Logs
) -> None:
    """Health does not say which setting is wrong; the log does."""
    assert azure.status()["scale_sets"] == 0
    host = start_host({**settings, "VMSS_TABLE_NAME": "no-table-name"})
    answer = _health(host)
    assert (answer.status, _told(answer)) == (503, UNREACHABLE)
    assert "VMSS_TABLE_NAME" in logs.lines("scanner")[0]


def test_no_answer_and_no_log_holds_a_token_or_a_key(
    host: FunctionsHost, azure: Control, settings: dict[str, str], logs: Logs
) -> None:
    """A day with scans, failures and requests leaves no token, key or identity secret in answers and logs."""
    azure.create_fleet(scale_sets=2, subscriptions=1, instances=1)
    outcomes = [host.timer("scan"), host.timer("snapshot")]
    answers = [_health(host), _ask_for_scan(host)]
    pumped = host.pump("scan_requested")
    assert pumped is not None
    outcomes.append(pumped.outcome)
    azure.add_fault("graph", FaultKind.STATUS, status=401, count=None)
    azure.add_fault("ingestion", FaultKind.STATUS, status=401, count=None)
    outcomes += [host.timer("scan"), host.timer("snapshot")]
    assert [outcome.succeeded for outcome in outcomes] == [True, True, True, False, False]
    said = "\n".join(
        [
            logs.everything(),
            *(answer.body.decode() + str(dict(answer.headers)) for answer in answers),
            *(outcome.error + outcome.stack_trace for outcome in outcomes),
        ]
    )
    assert _TOKEN.search(said) is None
    for secret in (settings["IDENTITY_HEADER"], host.keys.function, host.keys.master, azure.key):
        assert secret not in said


def _ask_for_scan(host: FunctionsHost) -> HttpAnswer:
    headers = {"x-functions-key": host.keys.function}
    return host.http(HttpRequest(method="POST", url="http://localhost/api/scan", headers=headers))
