"""Logs Ingestion and the Log Analytics query API, through their real clients and as plain HTTP."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.monitor.ingestion import LogsIngestionClient
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult, LogsQueryResult

from emulator.client.connection import ControlError
from emulator.client.local import LocalAzure
from emulator.endpoint.access import Role
from emulator.endpoint.faults import FaultKind
from tests.emulator.conftest import Answer, Http

STREAM = "Custom-VmssPostureEvents"
TABLE = "VmssPostureEvents_CL"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MONITOR = "https://monitor.azure.com"


@pytest.fixture
def logs(azure: LocalAzure, credential: ManagedIdentityCredential) -> Iterator[LogsQueryClient]:
    """Query with the real client, at a time that stands still."""
    azure.control.set_clock(NOW)
    with LogsQueryClient(credential, endpoint=azure.query_endpoint) as client:
        yield client


def _row(event_id: str, **columns: Any) -> dict[str, Any]:
    return {"TimeGenerated": NOW.isoformat(), "EventId": event_id, **columns}


def _ingest(http: Http, body: Any, *, stream: str = STREAM, **headers: str) -> Answer:
    path = f"/dataCollectionRules/{http.azure.rule_id}/streams/{stream}?api-version=2023-01-01"
    return http.send("POST", path, body, audience=MONITOR, headers=headers)


def _rows(answer: LogsQueryResult | LogsQueryPartialResult) -> list[list[Any]]:
    assert isinstance(answer, LogsQueryResult)
    return [list(row) for row in answer.tables[0].rows]


def test_rows_go_in_and_come_out(
    azure: LocalAzure, logs: LogsQueryClient, credential: ManagedIdentityCredential
) -> None:
    """The ingestion client's compressed upload is what the query client reads, types and all."""
    with LogsIngestionClient(azure.ingestion_endpoint, credential) as client:
        client.upload(azure.rule_id, STREAM, [_row("a", Revision=2**40, Evidence={"path": [1]}, SchemaVersion=1)])
    answer = logs.query_workspace(
        azure.workspace_id, f"{TABLE} | project TimeGenerated, EventId, Revision, Evidence", timespan=timedelta(days=1)
    )
    assert isinstance(answer, LogsQueryResult)
    assert answer.tables[0].columns_types == ["datetime", "string", "long", "dynamic"]
    assert _rows(answer) == [[NOW, "a", 2**40, '{"path":[1]}']]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        pytest.param({"Nope": 1}, "Row 1: column 'Nope' is not declared", id="undeclared column"),
        pytest.param({"EventId": 7}, "Row 1: column 'EventId' is declared string", id="number for string"),
        pytest.param({"SchemaVersion": True}, "'SchemaVersion' is declared int", id="bool for int"),
        pytest.param({"SchemaVersion": 2**31}, "'SchemaVersion' is declared int", id="int too large"),
        pytest.param({"DetectedAt": "yesterday"}, "'DetectedAt' is declared datetime", id="no time"),
        pytest.param({"Summary": "x" * 65537}, "'Summary' is longer than 65536 bytes", id="too long"),
        pytest.param({"TimeGenerated": None}, "'TimeGenerated' is missing", id="no TimeGenerated"),
    ],
)
def test_strict_ingestion_names_row_and_column(http: Http, record: dict[str, Any], message: str) -> None:
    """By default our own mistakes show: Azure would have lost these values without a word."""
    answer = _ingest(http, [_row("a"), _row("b") | record])
    assert answer.status == 400
    assert message in answer.json["error"]["message"]
    assert http.azure.control.rows(TABLE) == []


def test_lax_ingestion_loses_what_azure_loses(azure: LocalAzure, http: Http) -> None:
    """Undeclared columns are dropped, wrong types become null, long text is cut off, and the answer is 204."""
    azure.control.set_limits(strict=False)
    answer = _ingest(http, [_row("a", Nope=1, Revision="x", Summary="y" * 70000)])
    assert (answer.status, answer.body) == (204, b"")
    row = azure.control.rows(TABLE)[0]
    assert "Nope" not in row
    assert row["Revision"] is None
    assert len(row["Summary"]) == 65536


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        pytest.param(timedelta(hours=-47), True, id="47 hours old"),
        pytest.param(timedelta(hours=-49), False, id="49 hours old"),
        pytest.param(timedelta(hours=23), True, id="23 hours ahead"),
        pytest.param(timedelta(hours=25), False, id="25 hours ahead"),
    ],
)
def test_a_time_too_far_away_becomes_the_time_of_arrival(
    azure: LocalAzure, http: Http, age: timedelta, *, kept: bool
) -> None:
    """TimeGenerated is kept within two days back and one ahead."""
    azure.control.set_clock(NOW)
    _ingest(http, [_row("a") | {"TimeGenerated": (NOW + age).isoformat()}])
    stored = datetime.fromisoformat(azure.control.rows(TABLE)[0]["TimeGenerated"])
    assert stored == (NOW + age if kept else NOW)


def test_the_body_may_be_too_large_in_two_ways(http: Http) -> None:
    """The limit holds for what is sent and for what it becomes."""
    fits = json.dumps([_row("a", Summary="x" * 60_000)]).encode()
    large = json.dumps([_row("a", Summary="x" * 60_000) for _ in range(18)]).encode()
    answers = [
        _ingest(http, body, **headers)
        for body, headers in [
            (fits, {}),
            (large, {}),
            (gzip.compress(large), {"Content-Encoding": "gzip"}),
            (gzip.compress(fits)[:-9], {"Content-Encoding": "gzip"}),
        ]
    ]
    assert [answer.status for answer in answers] == [204, 413, 413, 400]
    assert answers[1].json["error"]["code"] == "ContentLengthLimitExceeded"


@pytest.mark.parametrize(
    ("stream", "body", "status", "code"),
    [
        pytest.param("Custom-Nope", [], 400, "InvalidStream", id="unknown stream"),
        pytest.param(STREAM, {"a": 1}, 400, "InvalidContent", id="no array"),
        pytest.param(STREAM, b"[", 400, "InvalidContent", id="no JSON"),
        pytest.param(STREAM, ["text"], 400, "InvalidRecord", id="no record"),
    ],
)
def test_bad_content_is_refused(http: Http, stream: str, body: Any, status: int, code: str) -> None:
    """The code says what was wrong."""
    answer = _ingest(http, body, stream=stream)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_an_unknown_rule_and_a_missing_role_are_refused(azure: LocalAzure, http: Http) -> None:
    """404 for a rule that there is not, 403 while the role has not arrived."""
    path = "/dataCollectionRules/dcr-nope/streams/x?api-version=2023-01-01"
    assert http.send("POST", path, [], audience=MONITOR).status == 404
    azure.control.revoke(Role.METRICS_PUBLISHER)
    answer = _ingest(http, [_row("a")])
    assert (answer.status, answer.json["error"]["code"]) == (403, "OperationFailed")
    azure.control.grant(Role.METRICS_PUBLISHER)
    assert _ingest(http, [_row("a")]).status == 204


def test_saved_functions_answer_each_event_once(azure: LocalAzure, http: Http, logs: LogsQueryClient) -> None:
    """A function is called with and without parameters, and takes a datetime."""
    azure.control.save_function("Latest", f"{TABLE} | summarize arg_max(TimeGenerated, *) by EventId")
    azure.control.save_function("AsOf", f"{TABLE} | where TimeGenerated <= at", "at:datetime")
    earlier = {"TimeGenerated": (NOW - timedelta(hours=3)).isoformat()}
    _ingest(http, [_row("a", Summary="old") | earlier, _row("a", Summary="new"), _row("b")])
    query = "Latest | project EventId, Summary | order by EventId asc"
    assert _rows(logs.query_workspace(azure.workspace_id, query, timespan=None)) == [["a", "new"], ["b", ""]]
    query = "AsOf(datetime(2026-03-01T10:00:00Z)) | project Summary"
    assert _rows(logs.query_workspace(azure.workspace_id, query, timespan=None)) == [["old"]]


def test_ingestion_time_is_when_the_row_arrived(azure: LocalAzure, http: Http, logs: LogsQueryClient) -> None:
    """Rows can be chosen by their arrival, and the hidden column shows only to whom asks for it."""
    _ingest(http, [_row("early")])
    azure.control.set_clock(NOW + timedelta(hours=1))
    _ingest(http, [_row("late")])
    query = f"{TABLE} | where ingestion_time() > ago(30m) | project EventId, arrived = ingestion_time()"
    answer = logs.query_workspace(azure.workspace_id, query, timespan=None)
    assert _rows(answer) == [["late", NOW + timedelta(hours=1)]]
    whole = logs.query_workspace(azure.workspace_id, TABLE, timespan=None)
    assert isinstance(whole, LogsQueryResult)
    assert "_TimeReceived" not in whole.tables[0].columns


@pytest.mark.parametrize(
    ("timespan", "found"),
    [
        pytest.param(timedelta(hours=1), ["now"], id="the last hour"),
        pytest.param(timedelta(days=1), ["before", "now"], id="the last day"),
        pytest.param((NOW - timedelta(hours=5), NOW - timedelta(hours=1)), ["before"], id="from and to"),
        pytest.param((NOW - timedelta(hours=5), timedelta(hours=1)), [], id="from and how long"),
        pytest.param(None, ["before", "now"], id="all"),
    ],
)
def test_the_timespan_bounds_the_rows(
    azure: LocalAzure, http: Http, logs: LogsQueryClient, timespan: Any, found: list[str]
) -> None:
    """A query sees the rows generated in its timespan, by the domain clock."""
    azure.control.set_clock(NOW + timedelta(seconds=1))
    before = {"TimeGenerated": (NOW - timedelta(hours=3)).isoformat()}
    _ingest(http, [_row("before") | before, _row("now")])
    query = f"{TABLE} | project EventId | order by EventId asc"
    assert [row[0] for row in _rows(logs.query_workspace(azure.workspace_id, query, timespan=timespan))] == found


def test_a_query_that_does_not_run_is_a_bad_argument(logs: LogsQueryClient, azure: LocalAzure) -> None:
    """400 has the innermost reason, with line and position for a syntax error."""
    with pytest.raises(HttpResponseError) as caught:
        logs.query_workspace(azure.workspace_id, f"{TABLE} | where ==", timespan=None)
    assert caught.value.status_code == 400
    with pytest.raises(HttpResponseError, match="BadArgumentError"):
        logs.query_workspace(azure.workspace_id, "Nope_CL", timespan=None)


def test_a_workspace_needs_its_id_and_the_role(azure: LocalAzure, logs: LogsQueryClient) -> None:
    """404 for another workspace, 403 without the reader's role."""
    with pytest.raises(HttpResponseError) as caught:
        logs.query_workspace("00000000-0000-0000-0000-000000000000", TABLE, timespan=None)
    assert caught.value.status_code == 404
    azure.control.revoke(Role.LOGS_READER)
    with pytest.raises(HttpResponseError, match="InsufficientAccessError"):
        logs.query_workspace(azure.workspace_id, TABLE, timespan=None)


def test_a_partial_answer_is_a_200_with_an_error(azure: LocalAzure, http: Http, logs: LogsQueryClient) -> None:
    """The client makes a partial result of it."""
    _ingest(http, [_row("a"), _row("b")])
    azure.control.add_fault("query", FaultKind.PARTIAL)
    answer = logs.query_workspace(azure.workspace_id, TABLE, timespan=None)
    assert isinstance(answer, LogsQueryPartialResult)
    assert len(answer.partial_data[0].rows) == 1


def test_an_export_holds_the_rows_as_they_were_sent(azure: LocalAzure, http: Http) -> None:
    """Lines of JSON, in the order of arrival, dynamic values as JSON."""
    _ingest(http, [_row("b", Evidence={"x": None}), _row("a")])
    rows = [json.loads(line) for line in azure.control.export(TABLE).split("\n") if line]
    assert [(row["EventId"], row["Evidence"]) for row in rows] == [("b", {"x": None}), ("a", None)]


def test_what_was_exported_is_loaded_as_it_was(azure: LocalAzure, http: Http) -> None:
    """Row by row, with the time of arrival; what is no row of the table is refused with its line."""
    _ingest(http, [_row("b", Evidence={"x": [1, None]}, Revision=2**40), _row("a", Summary="a\u2028b")])
    before = azure.control.export(TABLE)
    azure.control.reset()
    assert azure.control.load(TABLE, before) == 2
    assert azure.control.export(TABLE) == before
    with pytest.raises(ControlError, match="line 2"):
        azure.control.load(TABLE, f"{before.splitlines()[0]}\n{{}}\n")


def test_a_search_job_finds_what_is_archived(azure: LocalAzure, http: Http, logs: LogsQueryClient) -> None:
    """In a new table, whose rows are generated when it runs; queries no longer see rows beyond the retention."""
    control, old = azure.control, NOW - timedelta(hours=20)
    _ingest(http, [_row("new"), {**_row("old"), "TimeGenerated": old.isoformat()}])
    control.archive(NOW - timedelta(hours=1))
    assert _rows(logs.query_workspace(azure.workspace_id, f"{TABLE} | project EventId", timespan=None)) == [["new"]]
    with pytest.raises(ControlError, match="_SRCH"):
        control.search_job("Found_CL", TABLE, old, NOW)
    assert control.search_job("Found_SRCH", TABLE, old, NOW - timedelta(hours=1)) == 1
    query = "Found_SRCH | project EventId, TimeGenerated, _OriginalTimeGenerated, _OriginalType, Type"
    answer = logs.query_workspace(azure.workspace_id, query, timespan=None)
    assert _rows(answer) == [["old", NOW, old, TABLE, "Found_SRCH"]]
    control.reset()
    with pytest.raises(HttpResponseError, match="BadArgumentError"):
        logs.query_workspace(azure.workspace_id, query, timespan=None)


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        pytest.param("a\u2028b\u2029c\u0085d", "a\u2028b\u2029c\u0085d", id="line ends of Unicode"),
        pytest.param("a\x0bb\x0cc\x1cd\re\nf", "a\x0bb\x0cc\x1cd\re\nf", id="control characters"),
        pytest.param("a\U0001f600b", "a\U0001f600b", id="beyond the first plane"),
        pytest.param("a\ud83db", "a\ufffdb", id="the first half of a pair"),
        pytest.param("a\ude00b", "a\ufffdb", id="the second half of a pair"),
    ],
)
@pytest.mark.parametrize("column", ["Summary", "Evidence"])
def test_every_character_arrives(  # noqa: PLR0917 - the columns of a table
    azure: LocalAzure, http: Http, logs: LogsQueryClient, column: str, sent: str, arrived: str
) -> None:
    """In text and in dynamic values; half a pair, which UTF-8 cannot hold, becomes the replacement character."""
    assert _ingest(http, json.dumps([_row("a", **{column: sent})]).encode()).status == 204
    assert [row[column] for row in azure.control.rows(TABLE)] == [arrived]
    (row,) = _rows(logs.query_workspace(azure.workspace_id, f"{TABLE} | project {column}", timespan=None))
    assert row == [arrived if column == "Summary" else json.dumps(arrived, ensure_ascii=False)]
