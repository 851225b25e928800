"""A scan as Azure runs it: a timer or a message, the emulated fleet, Azurite, and rows in the emulated Log Analytics."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from emulator.client.client import Control
from emulator.endpoint.faults import FaultKind
from functionshost.host import FunctionsHost, Pumped
from functionshost.http_messages import HttpAnswer, HttpRequest
from scanner.bootstrap import deployed_store
from scanner.settings import read_settings
from tests.functions.conftest import QUEUE, Logs, StartHost

STORAGE = "AzureWebJobsStorage"
EVENTS, SCANS = "VmssPostureEvents_CL", "VmssPostureScans_CL"


@pytest.fixture
def fleet(azure: Control) -> int:
    """Answer the number of scale sets of a small fleet."""
    return azure.create_fleet(scale_sets=6, subscriptions=2, instances=1).scale_sets


def _ask_for_scan(host: FunctionsHost) -> HttpAnswer:
    headers = {"x-functions-key": host.keys.function}
    return host.http(HttpRequest(method="POST", url="http://localhost/api/scan", headers=headers))


def _pump(host: FunctionsHost) -> Pumped:
    pumped = host.pump("scan_requested")
    assert pumped is not None, "no message was waiting"
    return pumped


def _ids(rows: list[dict[str, object]], event_type: str) -> set[object]:
    return {row["ScaleSetId"] for row in rows if row["EventType"] == event_type}


@pytest.mark.usefixtures("fleet")
def test_a_timer_scan_goes_from_the_fleet_to_log_analytics(host: FunctionsHost, azure: Control, fleet: int) -> None:
    """The first scan discovers every scale set and says so once; the second compares them; the third has nothing to say."""
    outcome = host.timer("scan")
    assert outcome.succeeded, outcome.error
    assert len(_ids(azure.rows(EVENTS), "scale_set.discovered")) == fleet
    (scan,) = azure.rows(SCANS)
    assert (scan["Status"], scan["Trigger"], scan["ScaleSetsRead"]) == ("complete", "timer", fleet)
    before = len(azure.rows(EVENTS))
    assert host.timer("scan").succeeded
    compared = azure.rows(EVENTS)[before:]
    assert {row["RuleId"] for row in compared} <= {"VMSS-070", "VMSS-071", "VMSS-072", "VMSS-073", "VMSS-074"}
    assert host.timer("scan").succeeded
    assert len(azure.rows(EVENTS)) == before + len(compared)
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"] * 3


@pytest.mark.usefixtures("fleet")
def test_a_scan_is_one_line_in_the_log_with_its_facts(host: FunctionsHost, logs: Logs, fleet: int) -> None:
    """The host passes on the text of a record alone, so the facts are in it; Azure's clients add nothing."""
    host.timer("scan")
    (line,) = logs.lines("scanner")
    name, _, facts = line.partition(" ")
    assert name == "scan.completed"
    assert json.loads(facts)["scale_sets_read"] == fleet
    assert logs.lines("azure.core") == []
    assert logs.lines("azure.identity") == []


@pytest.mark.usefixtures("fleet")
def test_a_timer_that_fires_late_says_so_and_scans(host: FunctionsHost, logs: Logs, azure: Control) -> None:
    """A late scan is a scan; the log has the delay."""
    assert host.timer("scan", is_past_due=True).succeeded
    assert logs.lines("scanner")[0] == "scan.late {}"
    assert len(azure.rows(SCANS)) == 1


@pytest.mark.usefixtures("fleet")
def test_a_request_is_answered_at_once_and_done_by_the_queue(host: FunctionsHost, azure: Control, fleet: int) -> None:
    """202 carries the id of the scan; nothing is read before the message is, and then that scan is in Log Analytics."""
    answer = _ask_for_scan(host)
    assert answer.status == 202
    scan_id = json.loads(answer.body)["scan_id"]
    assert json.loads(host.queues(STORAGE).texts(QUEUE)[0]) == {"scan_id": scan_id}
    assert azure.requests("graph") == []
    pumped = _pump(host)
    assert pumped.outcome.succeeded, pumped.outcome.error
    (scan,) = azure.rows(SCANS)
    assert (scan["ScanId"], scan["Status"], scan["Trigger"]) == (scan_id, "complete", "request")
    assert len(_ids(azure.rows(EVENTS), "scale_set.discovered")) == fleet
    assert host.pump("scan_requested") is None


def _status(host: FunctionsHost, scan_id: str) -> tuple[int, dict[str, object]]:
    headers = {"x-functions-key": host.keys.function}
    answer = host.http(HttpRequest(method="GET", url=f"http://localhost/api/scans/{scan_id}", headers=headers))
    return answer.status, json.loads(answer.body)


@pytest.mark.usefixtures("fleet")
def test_what_became_of_a_scan_can_be_asked(host: FunctionsHost, settings: dict[str, str], fleet: int) -> None:
    """It is queued, it runs while it holds the lease, and then its record says how it ended."""
    scan_id = json.loads(_ask_for_scan(host).body)["scan_id"]
    assert (_status(host, scan_id)[0], _status(host, scan_id)[1]["status"]) == (200, "queued")
    with deployed_store(read_settings(settings)) as store:
        now = datetime.now(UTC)
        store.acquire_lease(scan_id, now, timedelta(minutes=10))
        assert _status(host, scan_id.upper())[1]["status"] == "running"
        store.release_lease(scan_id)
    assert _pump(host).outcome.succeeded
    assert host.timer("scan").succeeded  # another scan after it
    status, record = _status(host, scan_id)
    assert (status, record["status"], record["scale_sets_read"], record["scan_id"]) == (200, "complete", fleet, scan_id)


@pytest.mark.usefixtures("fleet")
def test_a_scan_that_failed_says_why(host: FunctionsHost, azure: Control) -> None:
    """The record has the error."""
    scan_id = json.loads(_ask_for_scan(host).body)["scan_id"]
    azure.add_fault("graph", FaultKind.STATUS, status=400, count=None)
    assert not _pump(host).outcome.succeeded
    record = _status(host, scan_id)[1]
    assert record["status"] == "failed"
    assert record["error"]


@pytest.mark.parametrize(
    ("scan_id", "status"),
    [("5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01", 404), ("latest", 400), ("%2e%2e", 400), ("'or 1 eq 1", 400)],
)
def test_a_scan_that_is_not_known_is_said_so(host: FunctionsHost, scan_id: str, status: int) -> None:
    """Also before the first scan, when there is no table; an id of another form is refused."""
    assert _status(host, scan_id)[0] == status


def test_the_status_of_a_scan_needs_the_key(host: FunctionsHost) -> None:
    """An error may name what the fleet is made of."""
    answer = host.http(HttpRequest(method="GET", url=f"http://localhost/api/scans/{'0' * 32}"))
    assert (answer.status, answer.body) == (401, b"")


def test_asking_for_a_scan_needs_the_key(host: FunctionsHost) -> None:
    """Without the function key nothing is asked for."""
    answer = host.http(HttpRequest(method="POST", url="http://localhost/api/scan"))
    assert (answer.status, answer.body) == (401, b"")
    assert host.queues(STORAGE).texts(QUEUE) == []


@pytest.mark.usefixtures("fleet")
def test_while_a_scan_runs_no_other_is_begun(
    host: FunctionsHost, azure: Control, settings: dict[str, str], logs: Logs
) -> None:
    """A request waits in the queue, a timer does nothing, and the message comes back until the scan, or its lease, ends."""
    with deployed_store(read_settings(settings)) as store:
        store.create_table()
        store.acquire_lease("the-other-scan", datetime.now(UTC), timedelta(minutes=10))
        answer = _ask_for_scan(host)
        assert answer.status == 202
        assert json.loads(answer.body)["waits_for"] == "the-other-scan"
        assert host.timer("scan").succeeded
        assert logs.lines("scanner")[-1].startswith("scan.skipped ")
        pumped = _pump(host)
        assert pumped.outcome.error.startswith("LeaseHeldError")
        assert azure.rows(SCANS) == []
        store.release_lease("the-other-scan")
    pumped = _pump(host)
    assert pumped.outcome.succeeded, pumped.outcome.error
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"]


@pytest.mark.usefixtures("fleet")
def test_forty_requests_are_one_message(host: FunctionsHost, azure: Control) -> None:
    """While a request waits, others are answered with its id; after its scan a new one is a new scan."""
    answers = [json.loads(_ask_for_scan(host).body)["scan_id"] for _ in range(40)]
    assert len(set(answers)) == 1
    assert len(host.queues(STORAGE).texts(QUEUE)) == 1
    assert _pump(host).outcome.succeeded
    assert json.loads(_ask_for_scan(host).body)["scan_id"] != answers[0]
    assert _pump(host).outcome.succeeded
    assert len(azure.rows(SCANS)) == 2


@pytest.mark.usefixtures("fleet")
def test_a_refused_sender_asks_once_a_scan(host: FunctionsHost, azure: Control) -> None:
    """While the role on the collection rule is missing, a scan makes one call that is refused, and keeps everything."""
    azure.add_fault("ingestion", FaultKind.STATUS, status=403, count=None)
    for number in range(1, 4):
        host.timer("scan")
        assert len(azure.requests("ingestion")) == number
    azure.clear_faults()
    assert host.timer("scan").succeeded
    assert len(azure.rows(SCANS)) == 4
    assert azure.rows(EVENTS)


@pytest.mark.usefixtures("fleet")
def test_a_scan_that_cannot_read_fails_and_says_so(host: FunctionsHost, azure: Control) -> None:
    """Resource Graph refuses: the invocation fails, and a scan.completed row with status failed is sent all the same."""
    azure.add_fault("graph", FaultKind.STATUS, status=403, count=None)
    outcome = host.timer("scan")
    assert not outcome.succeeded
    assert outcome.error.startswith("ReadFailedError: ")
    (scan,) = azure.rows(SCANS)
    assert (scan["EventType"], scan["Status"], scan["ScaleSetsRead"]) == ("scan.completed", "failed", 0)
    assert scan["Error"]
    assert azure.rows(EVENTS) == []


@pytest.mark.usefixtures("fleet")
def test_a_scan_that_loses_its_state_fails_and_says_so(host: FunctionsHost, azure: Control) -> None:
    """The table refuses the first commit and all that follows: the row about the scan is sent without the outbox."""
    azure.add_fault("table", FaultKind.STATUS, contains="$batch", status=403, count=None)
    outcome = host.timer("scan")
    assert not outcome.succeeded
    assert outcome.error.startswith("StoreError: ")
    (scan,) = azure.rows(SCANS)
    assert scan["Status"] != "complete"
    assert scan["Error"]
    azure.clear_faults()
    assert host.timer("scan").succeeded


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("trigger", ["timer", "request"])
def test_a_scan_that_cannot_open_its_state_fails_and_says_so(host: FunctionsHost, azure: Control, trigger: str) -> None:
    """The identity lacks its role on the table: nothing is read, and Log Analytics is told why at once."""
    azure.add_fault("table", FaultKind.STATUS, status=403, count=None)
    scan_id = "5f3a1f1e-7f0c-4f4e-8a52-6f6a0a3f6b11"
    outcome = (
        host.timer("scan") if trigger == "timer" else host.message("scan_requested", json.dumps({"scan_id": scan_id}))
    )
    assert not outcome.succeeded
    assert outcome.error.startswith("StoreError: ")
    (scan,) = azure.rows(SCANS)
    assert (scan["EventType"], scan["Status"], scan["Trigger"]) == ("scan.completed", "failed", trigger)
    assert "Storage Table Data Contributor" in scan["Error"]
    assert trigger == "timer" or scan["ScanId"] == scan_id
    assert azure.requests("graph") == []


@pytest.mark.usefixtures("fleet")
def test_a_scan_that_can_tell_nobody_leaves_its_reason_in_the_log(
    host: FunctionsHost, azure: Control, logs: Logs
) -> None:
    """Neither the table nor Log Analytics lets it in: the invocation fails for the first reason, the log has both."""
    azure.add_fault("table", FaultKind.STATUS, status=403, count=None)
    azure.add_fault("ingestion", FaultKind.STATUS, status=403, count=None)
    outcome = host.timer("scan")
    assert outcome.error.startswith("StoreError: ")
    (line,) = logs.lines("scanner")
    assert line.startswith("scan.row_lost ")
    assert azure.rows(SCANS) == []


@pytest.mark.usefixtures("fleet")
def test_a_request_that_fails_first_and_succeeds_later_has_a_row_for_each(host: FunctionsHost, azure: Control) -> None:
    """Both attempts carry the id that the caller was told, and neither row takes the place of the other."""
    scan_id = json.loads(_ask_for_scan(host).body)["scan_id"]
    azure.add_fault("graph", FaultKind.STATUS, status=403, count=None)
    failed = _pump(host)
    azure.clear_faults()
    done = _pump(host)
    assert (failed.outcome.succeeded, done.outcome.succeeded) == (False, True)
    rows = azure.rows(SCANS)
    assert [(row["ScanId"], row["Status"]) for row in rows] == [(scan_id, "failed"), (scan_id, "complete")]
    assert len({row["EventId"] for row in rows}) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no json", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="no id"),
        pytest.param('{"scan_id": 5}', id="a number"),
        pytest.param('{"scan_id": "5 or 1=1"}', id="no id of ours"),
        pytest.param('{"scan_id": null}', id="null"),
    ],
)
def test_a_message_of_somebody_else_is_set_aside(host: FunctionsHost, azure: Control, text: str) -> None:
    """It fails five times, nothing is read for it, and it waits in the poison queue for somebody to look at."""
    host.queues(STORAGE).send(QUEUE, text)
    tries = [_pump(host) for _ in range(5)]
    refusal = "MonitorError: A message in the queue of scan requests is not one of ours"
    assert all(each.outcome.error.startswith(refusal) for each in tries)
    assert [each.poisoned for each in tries] == [False, False, False, False, True]
    assert host.queues(STORAGE).texts(f"{QUEUE}-poison") == [text]
    assert host.queues(STORAGE).texts(QUEUE) == []
    assert azure.requests("graph") == []


@pytest.mark.parametrize("name", ["scan", "snapshot"])
def test_wrong_settings_fail_the_invocation_and_all_are_named(
    azure: Control, settings: dict[str, str], start_host: StartHost, name: str
) -> None:
    """Whoever corrects the settings learns of all of them at once."""
    wrong = {
        **settings,
        "VMSS_CLOUD": "Azure",
        "VMSS_SUBSCRIPTIONS": "everything",
        "VMSS_TABLE_ENDPOINT": "http://account.table.core.windows.net",
        "VMSS_INGESTION_ENDPOINT": "",
        "VMSS_COLLECTION_RULE_ID": "/subscriptions/1/rule",
        "VMSS_TIME_LIMIT_MINUTES": "soon",
    }
    outcome = start_host(wrong).timer(name)
    assert not outcome.succeeded
    assert outcome.error.startswith("SettingsError: ")
    changed = {setting for setting, value in wrong.items() if settings.get(setting) != value}
    assert [setting for setting in sorted(changed) if setting not in outcome.error] == []
    assert azure.requests("graph") == []


@pytest.mark.usefixtures("fleet")
def test_a_snapshot_has_one_row_for_each_scale_set(host: FunctionsHost, azure: Control, fleet: int) -> None:
    """The rows of one snapshot belong together, and an event says that it is whole."""
    host.timer("scan")
    outcome = host.timer("snapshot")
    assert outcome.succeeded, outcome.error
    rows = azure.rows("VmssPostureSnapshot_CL")
    assert len({row["ScaleSetId"] for row in rows}) == len(rows) == fleet
    assert len({row["SnapshotId"] for row in rows}) == 1
    (completed,) = [row for row in azure.rows(EVENTS) if row["EventType"] == "snapshot.completed"]
    assert completed["Summary"].startswith(f"Snapshot of {fleet} scale sets")


@pytest.mark.usefixtures("fleet")
def test_every_row_names_its_deployment(azure: Control, settings: dict[str, str], start_host: StartHost) -> None:
    """Events, snapshot and scans all say which deployment sent them, also of a scan that could not begin."""
    host = start_host({**settings, "VMSS_DEPLOYMENT": "abc123"})
    host.timer("scan")
    host.timer("snapshot")
    azure.add_fault("table", FaultKind.STATUS, status=403, count=None)
    assert not host.timer("scan").succeeded
    sent = {table: azure.rows(table) for table in (EVENTS, SCANS, "VmssPostureSnapshot_CL")}
    assert [len(sent[SCANS]), *map(bool, sent.values())] == [2, True, True, True]
    assert {row["Deployment"] for rows in sent.values() for row in rows} == {"abc123"}


def test_a_snapshot_before_the_first_scan_is_empty_and_says_so(host: FunctionsHost, azure: Control) -> None:
    """No scale set is known: no rows, and an event, so that the table is not silent."""
    outcome = host.timer("snapshot")
    assert outcome.succeeded, outcome.error
    assert azure.rows("VmssPostureSnapshot_CL") == []
    assert [row["EventType"] for row in azure.rows(EVENTS)] == ["snapshot.completed"]


@pytest.mark.usefixtures("fleet")
def test_a_snapshot_that_is_refused_fails_and_claims_nothing(host: FunctionsHost, azure: Control) -> None:
    """Log Analytics refuses the rows: the invocation fails, and no snapshot.completed is sent."""
    host.timer("scan")
    azure.add_fault("ingestion", FaultKind.STATUS, status=403, count=None)
    outcome = host.timer("snapshot")
    assert not outcome.succeeded
    assert outcome.error.startswith("PublishFailedError: ")
    azure.clear_faults()
    assert [row for row in azure.rows(EVENTS) if row["EventType"] == "snapshot.completed"] == []
