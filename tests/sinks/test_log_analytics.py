"""The sink that uploads to Log Analytics, on good and on hostile days."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from scanner.adapters.azure.connection import Connection
from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
from scanner.ports.event import Table
from tests.azure.conftest import HandTime
from tests.azure.scripted_server import Answer, Asked, ScriptedServer, refusal
from tests.sinks.sink_contract import WritingSinkContract, rows_of

RULE = "dcr-00000000000000000000000000000001"
BISECT_CALLS = 160
"""Calls for halving, fewer than in the deployed service, so that they run out in a short test."""
MIB = 1_048_576


class Ingestion:
    """Stands in for the Logs Ingestion API: takes calls of at most 1 MB, none with a row that it cannot store."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.bad: set[str] = set()
        self.sizes: list[int] = []
        self.scopes: list[str] = []

    def respond(self, asked: Asked) -> Answer:
        """Answer one upload."""
        assert asked.query == {"api-version": "2023-01-01"}
        assert asked.headers["content-encoding"] == "gzip"
        assert asked.headers["content-type"] == "application/json"
        rule, _, stream = asked.path.removeprefix("/dataCollectionRules/").partition("/streams/")
        assert rule == RULE
        body = gzip.decompress(asked.body)
        self.sizes.append(len(body))
        rows = json.loads(body)
        if len(body) > MIB:
            return refusal(413, "ContentLengthLimitExceeded", "Maximum allowed content length: 1048576 bytes.")
        if self.bad & {row["EventId"] for row in rows}:
            return refusal(400, "InvalidPayload", "A row cannot be stored.")
        self.rows.setdefault(stream, []).extend(rows)
        return Answer(status=204)


@pytest.fixture
def ingestion(server: ScriptedServer) -> Ingestion:
    """Answer the service behind the scripted server."""
    service = Ingestion()
    server.respond = service.respond
    return service


@pytest.fixture
def uploads(server: ScriptedServer, connect: Callable[[str], Connection]) -> Iterator[LogAnalyticsSink]:
    """Answer a sink on the scripted server."""
    connection = connect("https://management.invalid")
    sink = LogAnalyticsSink(
        connection,
        endpoint=server.url,
        rule_id=RULE,
        audience="https://monitor.azure.com",
        bisect_calls=BISECT_CALLS,
    )
    yield sink
    sink.close()
    assert connection.credential.scopes in ([], ["https://monitor.azure.com/.default"])  # type: ignore[attr-defined]


class TestLogAnalytics(WritingSinkContract):
    @pytest.fixture
    def sink(self, uploads: LogAnalyticsSink, ingestion: Ingestion) -> LogAnalyticsSink:
        """Answer a sink on a healthy service."""
        self.service = ingestion
        return uploads

    def received(self, table: Table) -> Sequence[dict[str, Any]]:
        """Answer the rows of the table's stream."""
        return self.service.rows.get(f"Custom-{table.removesuffix('_CL')}", [])


def arrived(ingestion: Ingestion) -> set[str]:
    """Answer the ids of the events that were stored."""
    return {row["EventId"] for row in ingestion.rows.get("Custom-VmssPostureEvents", [])}


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, 0), (40_000, 0), (5_000, 1_500), (20, 450_000), (3, 899_000), (2, 990_000)],
    ids=["one", "many small", "usual", "two to a call", "one to a call", "near the limit"],
)
def test_no_call_is_too_large(uploads: LogAnalyticsSink, ingestion: Ingestion, count: int, size: int) -> None:
    """Separators and brackets count, and a call is filled well."""
    assert list(uploads.accept(Table.EVENTS, rows_of(count, size))) == []
    assert len(arrived(ingestion)) == count
    assert max(ingestion.sizes) <= max(900_000, size + 100)
    assert len(ingestion.sizes) <= sum(ingestion.sizes) // 450_000 + 1


def test_size_is_counted_in_bytes(uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """A snowman has three of them."""
    rows = [{"EventId": f"e{number}", "Summary": "☃" * 10_000} for number in range(100)]
    assert list(uploads.accept(Table.EVENTS, rows)) == []
    assert max(ingestion.sizes) <= 900_000


def test_a_row_beyond_any_call_is_refused_unsent(uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """It is not cut: the refusal says how long it is."""
    rows = rows_of(3)
    rows[1]["Summary"] = "s" * 1_000_001
    refusals = uploads.accept(Table.EVENTS, rows)
    assert [refusal.index for refusal in refusals] == [1]
    assert "1000" in refusals[0].error
    assert arrived(ingestion) == {"e0", "e2"}
    assert len(ingestion.sizes) == 1


@pytest.mark.parametrize(
    ("bad", "most_calls"),
    [([0], 25), ([449], 25), ([7, 300, 301], 60), (list(range(100, 140)), 130)],
    ids=["the first", "the last", "three", "forty in a row"],
)
def test_a_bad_row_is_refused_alone(
    uploads: LogAnalyticsSink, ingestion: Ingestion, bad: list[int], most_calls: int
) -> None:
    """The others get through, within a number of calls that grows with the bad rows and not with the good ones."""
    ingestion.bad = {f"e{number}" for number in bad}
    refusals = uploads.accept(Table.EVENTS, rows_of(450))
    assert [refusal.index for refusal in refusals] == bad
    assert refusals[0].error == "Log Analytics: 400 InvalidPayload: A row cannot be stored."
    assert all(refusal.is_about_row for refusal in refusals)
    assert len(arrived(ingestion)) == 450 - len(bad)
    assert len(ingestion.sizes) <= most_calls


def test_halving_ends_when_all_rows_are_bad(uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """A stream that takes nothing costs a bounded number of calls."""
    ingestion.bad = {f"e{number}" for number in range(1000)}
    refusals = uploads.accept(Table.EVENTS, rows_of(1000))
    assert [refusal.index for refusal in refusals] == list(range(1000))
    assert not all(refusal.is_about_row for refusal in refusals), "rows that were never sent alone are not called bad"
    assert len(ingestion.sizes) <= BISECT_CALLS + 2


def test_good_rows_get_through_among_many_bad_ones(uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """When the calls run out, what is left comes again with the next scan, until the good rows are through."""
    ingestion.bad = {f"e{number}" for number in range(0, 600, 10)}
    waiting = rows_of(600)
    for _ in range(12):
        refused = {refusal.index for refusal in uploads.accept(Table.EVENTS, waiting)}
        waiting = [row for index, row in enumerate(waiting) if index in refused]
    assert {row["EventId"] for row in waiting} == ingestion.bad


@pytest.mark.parametrize(
    ("answer", "calls", "message"),
    [
        (refusal(401, "InvalidToken"), 1, "401 InvalidToken"),
        (
            refusal(403, "OperationFailed", "No access."),
            1,
            "403 OperationFailed: No access. The identity needs Monitoring",
        ),
        (refusal(400, "InvalidStream", "No stream."), 1, "400 InvalidStream: No stream. Check VMSS_INGESTION_ENDPOINT"),
        (refusal(404, "NotFound", "No rule."), 1, "404 NotFound: No rule. Check VMSS_INGESTION_ENDPOINT"),
        (refusal(429, Retry_After="40"), 6, "429"),
        (refusal(503), 6, "503"),
        (Answer(drop=True), 3, "no answer"),
    ],
    ids=["401", "403", "no such stream", "404", "429", "503", "dropped"],
)
def test_a_service_that_is_down_is_not_hammered(
    server: ScriptedServer, uploads: LogAnalyticsSink, answer: Answer, calls: int, message: str
) -> None:
    """The first call tells; the rows of the others are refused unsent, and all come again with the next scan."""
    server.script(answer)
    rows = rows_of(10, 400_000)
    refusals = uploads.accept(Table.EVENTS, rows)
    assert [refusal.index for refusal in refusals] == list(range(10))
    assert message in refusals[0].error
    assert "Not sent" in refusals[-1].error
    assert len(server.asked) == calls


def test_an_upload_is_repeated_whole(server: ScriptedServer, uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """After a refusal that may pass, the same body is sent again from its beginning."""
    answers = [refusal(503), Answer(drop=True), refusal(429, Retry_After="1")]
    server.respond = lambda asked: answers.pop() if answers else ingestion.respond(asked)
    assert list(uploads.accept(Table.EVENTS, rows_of(5))) == []
    assert arrived(ingestion) == {f"e{number}" for number in range(5)}
    assert len({asked.body for asked in server.asked}) == 1


def test_uploads_keep_to_the_time_limit(
    server: ScriptedServer, uploads: LogAnalyticsSink, ingestion: Ingestion, hand_time: HandTime
) -> None:
    """When the time is up, what was not sent is refused."""

    def respond(asked: Asked) -> Answer:
        hand_time.now = hand_time.limit
        return ingestion.respond(asked)

    server.respond = respond
    refusals = uploads.accept(Table.EVENTS, rows_of(6, 400_000))
    assert len(arrived(ingestion)) == 2
    assert [refusal.index for refusal in refusals] == [2, 3, 4, 5]
    assert "time limit" in refusals[0].error


def test_calls_overlap(server: ScriptedServer, uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """After the first call has told that the service is there, up to four wait for their answers together."""
    together = threading.Barrier(4, timeout=10)

    def respond(asked: Asked) -> Answer:
        ingestion.respond(asked)
        return Answer(status=204, meet=together if len(ingestion.sizes) > 1 else None)

    server.respond = respond
    assert list(uploads.accept(Table.EVENTS, rows_of(10, 400_000))) == []
    assert len(arrived(ingestion)) == 10


def test_half_a_character_does_not_stop_the_others(uploads: LogAnalyticsSink, ingestion: Ingestion) -> None:
    """A lone surrogate, which UTF-8 cannot hold, travels as its JSON escape."""
    assert list(uploads.accept(Table.EVENTS, [{"EventId": "a\ud800"}, {"EventId": "b"}])) == []
    assert arrived(ingestion) == {"a\ud800", "b"}
