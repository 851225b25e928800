"""The fleet as Resource Graph tells it, on good and on hostile days."""

import gc
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.errors import ReadFailedError
from tests.azure.conftest import HandTime
from tests.azure.scripted_server import Answer, Asked, ScriptedServer, as_json, refusal

type Connect = Callable[[str], Connection]
type Fleet = Callable[..., ResourceGraphFleet]


def page(ids: Sequence[Any], *, token: Any = None, total: int | None = None, **more: Any) -> Answer:
    """Answer a page of Resource Graph; a text among the rows stands for a row with that id."""
    rows = [{"id": name} if isinstance(name, str) else name for name in ids]
    body = {"totalRecords": len(rows) if total is None else total, "count": len(rows), "resultTruncated": "false"}
    body |= {"data": rows} | ({"$skipToken": token} if token else {}) | more
    return as_json(body)


@pytest.fixture
def fleet(server: ScriptedServer, connect: Connect) -> Iterator[Fleet]:
    """Answer a function that makes a fleet which reads the scripted server."""
    made: list[ResourceGraphFleet] = []

    def make(**scope: Any) -> ResourceGraphFleet:
        made.append(ResourceGraphFleet(connect(server.url), **scope))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ids(fleet: ResourceGraphFleet) -> list[list[str]]:
    """Read the whole fleet; answer the ids of each page."""
    return [[str(row["id"]) for row in rows] for rows in fleet.pages()]


def test_pages_follow_the_token_to_the_end(server: ScriptedServer, fleet: Fleet) -> None:
    """A token with resultTruncated "false" means more pages; the answer without a token is the last."""
    server.script(page(["a", "b"], token="t1", total=3), page(["c"], total=3))
    assert ids(fleet()) == [["a", "b"], ["c"]]
    first, second = (asked.json for asked in server.asked)
    assert first["options"] == {"$top": 1000, "resultFormat": "objectArray"}
    assert second["options"] == first["options"] | {"$skipToken": "t1"}
    assert "order by id asc" in first["query"]
    assert server.asked[0].query == {"api-version": "2024-04-01"}
    assert not {"subscriptions", "managementGroups"} & first.keys()


def test_a_scale_set_is_yielded_once(server: ScriptedServer, fleet: Fleet) -> None:
    """Pages of a changing estate overlap, and ids change their case between calls."""
    server.script(page(["/A/x", "/a/y"], token="t1", total=4), page(["/a/Y", "/A/z"], total=4))
    assert ids(fleet()) == [["/A/x", "/a/y"], ["/A/z"]]


@pytest.mark.parametrize("value", [b"NaN", b"1E400", b'"\\ud800"', b"18446744073709551616", b"12345678901234567890123", b"[" * 2_000 + b"]" * 2_000], ids=["NaN", "infinity", "half a pair", "65 bits", "23 digits", "nesting"])  # fmt: skip
def test_a_page_holds_what_the_standard_library_reads(server: ScriptedServer, fleet: Fleet, value: bytes) -> None:
    """Values that other decoders refuse or round come through as Python's own decoder gives them, beside good rows."""
    body = b'{"totalRecords": 2, "count": 2, "data": [{"id": "a", "x": %s}, {"id": "b"}]}' % value
    server.script(Answer(body=body, headers={"Content-Type": "application/json"}))
    rows = [row for page in fleet().pages() for row in page]
    assert repr(rows) == repr(json.loads(body)["data"])


def test_rows_that_are_no_objects_are_yielded(server: ScriptedServer, fleet: Fleet) -> None:
    """The caller reports them; a row without an id is nobody's duplicate."""
    server.script(page([None, 7, "a", {"name": "no id"}, {"id": 5}, {"id": 5}]))
    assert list(fleet().pages()) == [[None, 7, {"id": "a"}, {"name": "no id"}, {"id": 5}, {"id": 5}]]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        pytest.param([page(["a"], resultTruncated="true")], "truncated", id="truncated"),
        pytest.param([page(["a"], token="t", total=9), page(["b"], token="t", total=9)], "repeated", id="repeated token"),
        pytest.param([page(["a"], count=2)], "counted 2 rows", id="fewer rows than counted"),
        pytest.param([page(["a"], total=2)], "counted 2 rows", id="one page, fewer rows than the total"),
        pytest.param([page(["a"], token="t", total=500), page(["b"], total=500)], "incomplete", id="pages are missing"),
        pytest.param([as_json({"data": {"rows": []}})], "no list of rows", id="table format"),
        pytest.param([as_json({})], "no list of rows", id="no data"),
        pytest.param([as_json([1, 2])], "not a JSON object", id="a list"),
        pytest.param([as_json(None)], "not a JSON object", id="null"),
        pytest.param([Answer()], "not a JSON object", id="empty body"),
        pytest.param([page(["a"], token=5)], "token is not text", id="a number for a token"),
        pytest.param([Answer(body=b"<html>hello", headers={"Content-Type": "text/html"})], "not a JSON object", id="web page"),
        pytest.param([Answer(body=b"{", headers={"Content-Type": "application/json"})], "not read", id="half JSON"),
        pytest.param([Answer(body=b"\xff\xfe", headers={"Content-Type": "application/json; charset=utf-8"})], "not read", id="not UTF-8"),
        pytest.param([Answer(body=b"x", headers={"Content-Type": "image/png"})], "not read", id="a picture"),
        pytest.param([Answer(body=b"[" * 200_000, headers={"Content-Type": "application/json"})], "not read", id="too deep"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_whole_is_no_answer(
    server: ScriptedServer, fleet: Fleet, answers: list[Answer], message: str
) -> None:
    """Nothing may be concluded from a truncated, endless or unreadable answer."""
    server.script(*answers)
    with pytest.raises(ReadFailedError, match=message):
        ids(fleet())


def test_a_row_may_slip_past_the_edge_of_a_page(server: ScriptedServer, fleet: Fleet) -> None:
    """The estate changes while it is read: one missing row for each edge does not spoil the reading."""
    server.script(page(["a", "b"], token="t1", total=4), page(["c"], total=4))
    assert ids(fleet()) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(("pages", "missing", "is_read"), [(2, 1, True), (2, 2, False), (5, 4, True), (5, 5, False)])
def test_one_row_may_be_missing_for_each_edge_and_no_more(
    server: ScriptedServer, fleet: Fleet, *, pages: int, missing: int, is_read: bool
) -> None:
    """However many rows there are: a hundredth of a large fleet is not nothing."""
    rows, total = 300, pages * 300 + missing
    server.script(
        *(
            page([f"{each}-{row}" for row in range(rows)], token=f"t{each}" if each < pages - 1 else None, total=total)
            for each in range(pages)
        )
    )
    if is_read:
        assert sum(map(len, ids(fleet()))) == pages * rows
    else:
        with pytest.raises(ReadFailedError, match="incomplete"):
            ids(fleet())


def test_the_estate_may_shrink_between_pages(server: ScriptedServer, fleet: Fleet) -> None:
    """The smallest count that Azure gave is the one to compare with."""
    server.script(page(["a", "b"], token="t1", total=500), page(["c"], total=3))
    assert ids(fleet()) == [["a", "b"], ["c"]]


def test_a_page_over_16_mb_is_asked_for_in_halves(server: ScriptedServer, fleet: Fleet) -> None:
    """The rows of the refused page come in two, and the pages after it stay small."""
    server.script(
        refusal(400, "BadRequest", "Please provide below info.", "ResponsePayloadTooLarge"),
        page(["a"], token="t1", total=2),
        page(["b"], total=2),
    )
    assert ids(fleet()) == [["a"], ["b"]]
    assert [asked.json["options"]["$top"] for asked in server.asked] == [1000, 500, 500]


def test_a_single_row_over_16_mb_ends_the_reading(server: ScriptedServer, fleet: Fleet) -> None:
    """Halving ends at one row, after ten requests, and says so."""
    server.script(refusal(400, "BadRequest", "Too much.", "ResponsePayloadTooLarge"))
    with pytest.raises(ReadFailedError, match="even one row"):
        ids(fleet())
    assert [asked.json["options"]["$top"] for asked in server.asked] == [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]


@pytest.mark.parametrize(
    ("bad", "least", "most"),
    [
        pytest.param(refusal(429, Retry_After="7"), 7, 7, id="429 with Retry-After"),
        pytest.param(refusal(429), 1, 1.5, id="429 without Retry-After"),
        pytest.param(refusal(429, x_ms_user_quota_remaining="0", x_ms_user_quota_resets_after="00:00:04"), 4, 4, id="429 with quota headers"),
        pytest.param(refusal(500), 1, 1.5, id="500"),
        pytest.param(Answer(status=502, body=b"<html>bad gateway"), 1, 1.5, id="502 with a page that is no JSON"),
        pytest.param(refusal(503, Retry_After="2"), 2, 2, id="503 with Retry-After"),
        pytest.param(Answer(drop=True), 1, 1.5, id="dropped connection"),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(  # noqa: PLR0917 -- fixtures and a table's columns
    server: ScriptedServer, fleet: Fleet, hand_time: HandTime, bad: Answer, least: float, most: float
) -> None:
    """A query is repeated after the wait that Azure asks for, or after a growing one of our own."""
    server.script(bad, page(["a"]))
    assert ids(fleet()) == [["a"]]
    assert len(server.asked) == 2
    assert least <= sum(hand_time.slept) <= most


def test_retries_end(server: ScriptedServer, fleet: Fleet, hand_time: HandTime) -> None:
    """Six attempts within about a minute and a half, and then the refusal stands."""
    server.script(refusal(429, "RateLimiting", "Please slow down."))
    with pytest.raises(ReadFailedError, match="429 RateLimiting: Please slow down"):
        ids(fleet())
    assert len(server.asked) == 6
    assert 31 <= sum(hand_time.slept) <= 47


def test_no_wait_passes_the_time_limit(server: ScriptedServer, fleet: Fleet, hand_time: HandTime) -> None:
    """A Retry-After longer than what is left is not begun."""
    hand_time.limit = 60
    server.script(refusal(429, Retry_After="3600"))
    with pytest.raises(ReadFailedError, match="429"):
        ids(fleet())
    assert (len(server.asked), hand_time.slept) == (1, [])


@pytest.mark.parametrize(("asked_for", "requests"), [("299", 2), ("301", 1)])
def test_no_wait_passes_the_limit_of_a_call(
    server: ScriptedServer, fleet: Fleet, hand_time: HandTime, asked_for: str, requests: int
) -> None:
    """A call that takes longer than five minutes would outlive the scan's lease; the next scan reads on."""
    server.script(refusal(503, Retry_After=asked_for))
    with pytest.raises(ReadFailedError, match="503"):
        ids(fleet())
    assert len(server.asked) == requests
    assert sum(hand_time.slept) <= 300


def test_nothing_is_sent_after_the_time_limit(server: ScriptedServer, fleet: Fleet, hand_time: HandTime) -> None:
    """With no time left there is no request."""
    hand_time.limit = 0
    with pytest.raises(ReadFailedError, match="time limit"):
        ids(fleet())
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal(403, "AccessDenied", "No access.", "NoAccess"), "403 AccessDenied NoAccess: No access. NoAccess Grant the identity the Reader"),
        (refusal(401, "InvalidAuthenticationToken", "Expired."), "401 InvalidAuthenticationToken: Expired. The token"),
        (refusal(400, "BadRequest", "Line one\n\tline \x1b[31mtwo"), r"Line one line \\u001b\[31mtwo"),
        (Answer(status=403, body=b"nonsense"), "403: .*Grant the identity the Reader"),
        (refusal(400, "BadRequest", "x" * 100_000), "characters"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_azure_said_and_what_to_do(
    server: ScriptedServer, fleet: Fleet, answer: Answer, message: str
) -> None:
    """Status, code and message, on one line, bounded, with what the operator can do about it."""
    server.script(answer)
    with pytest.raises(ReadFailedError, match=message) as raised:
        ids(fleet())
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000
    assert len(server.asked) == 1


def test_the_quota_is_kept(server: ScriptedServer, fleet: Fleet, hand_time: HandTime) -> None:
    """The sixteenth query of five seconds waits for its turn."""
    answers = [page([f"s{number:02}"], token=f"t{number}", total=20) for number in range(19)]
    server.script(*answers, page(["s19"], total=20))
    assert len(ids(fleet())) == 20
    assert hand_time.slept == [5.0]


def test_azures_own_count_of_the_quota_goes_first(server: ScriptedServer, fleet: Fleet, hand_time: HandTime) -> None:
    """When the headers say that nothing is left, the next query waits until they say it will be."""
    spent = page(["a"], token="t1", total=2)
    spent = Answer(
        body=spent.body,
        headers={**spent.headers, "x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:01:03"},
    )
    server.script(spent, page(["b"], total=2))
    assert ids(fleet()) == [["a"], ["b"]]
    assert hand_time.slept == [63.0]


def test_subscriptions_are_asked_for_in_order_and_in_hundreds(server: ScriptedServer, fleet: Fleet) -> None:
    """Azure recommends at most 300 subscriptions per query; five of them are one query."""
    server.script(page([]))
    wanted = [f"{number:03}" for number in range(601, 0, -1)]
    assert ids(fleet(subscriptions=[*wanted, "001"])) == [[], [], []]
    assert [len(asked.json["subscriptions"]) for asked in server.asked] == [300, 300, 1]
    assert [name for asked in server.asked for name in asked.json["subscriptions"]] == sorted(wanted)


def test_management_groups_are_asked_for_as_such(server: ScriptedServer, fleet: Fleet) -> None:
    """The scope of a query is one or the other."""
    server.script(page([]))
    ids(fleet(management_groups=["mg-b", "mg-a"]))
    assert server.asked[0].json["managementGroups"] == ["mg-a", "mg-b"]
    assert "subscriptions" not in server.asked[0].json


def test_the_next_page_is_on_its_way_while_one_is_worked_on(server: ScriptedServer, fleet: Fleet) -> None:
    """One page ahead and no more: so the rows of two pages are held at most."""
    arrived = [threading.Event() for _ in range(5)]

    def respond(asked: Asked) -> Answer:
        number = int(asked.json["options"].get("$skipToken", "0"))
        arrived[number].set()
        return page([f"s{number}"], token=str(number + 1) if number < 4 else None, total=5)

    server.respond = respond
    pages = fleet().pages()
    for number in range(5):
        next(pages)
        assert all(event.wait(5) for event in arrived[: number + 2])
        assert not any(event.wait(0.05) for event in arrived[number + 2 :])
    assert list(pages) == []


def test_the_rows_of_two_pages_are_held_at_most(server: ScriptedServer, fleet: Fleet) -> None:
    """Five pages of a thousand rows of 5 KB each: never more than two thousand rows are alive."""

    def respond(asked: Asked) -> Answer:
        number = int(asked.json["options"].get("$skipToken", "0"))
        rows = [{"id": f"s{number}-{row}", "marked": ["x" * 5000]} for row in range(1000)]
        return page(rows, token=str(number + 1) if number < 4 else None, total=5000)

    server.respond = respond
    alive: list[int] = []
    for rows in fleet().pages():
        for thread in threading.enumerate():
            if thread.name == "resource-graph-page":
                thread.join(10)
        alive.append(sum(type(found) is dict and "marked" in found for found in gc.get_objects()))
        assert len(rows) == 1000
    assert alive == [2000, 2000, 2000, 2000, 1000]


def test_pages_before_a_failure_are_kept(server: ScriptedServer, fleet: Fleet) -> None:
    """What was yielded stays true; the error of the page ahead comes when that page is asked for."""
    server.script(page(["a"], token="t1", total=2), refusal(403, "AuthorizationFailed", "Gone."))
    pages = fleet().pages()
    assert next(pages) == [{"id": "a"}]
    with pytest.raises(ReadFailedError, match="AuthorizationFailed"):
        next(pages)


def test_a_caller_that_stops_early_stops_the_download(server: ScriptedServer, fleet: Fleet) -> None:
    """No request follows, not even a retry, and the thread ends."""
    held = threading.Event()
    server.script(page(["a"], token="t1", total=2), Answer(status=500, wait=held))
    pages = fleet().pages()
    next(pages)
    pages.close()  # type: ignore[attr-defined]  # a generator, as the port's iterator may be
    held.set()
    for thread in threading.enumerate():
        if thread.name == "resource-graph-page":
            thread.join(5)
            assert not thread.is_alive()
    assert len(server.asked) <= 2


def test_a_server_that_never_ends_its_answer_does_not_hold_the_scan(
    server: ScriptedServer, fleet: Fleet, hand_time: HandTime
) -> None:
    """A byte now and then defeats every socket timeout; the caller gives up all the same."""
    hand_time.limit = 0.1
    server.script(Answer(body=b" " * 400, trickle=True))
    with pytest.raises(ReadFailedError, match="No whole answer came"):
        ids(fleet())


def test_the_client_does_not_walk_the_rows(server: ScriptedServer, fleet: Fleet) -> None:
    """The SDK's deserialiser does as much for a thousand rows as for one: its work is not per row."""

    def work(rows: int) -> int:
        calls = 0

        def count(frame: Any, event: str, _argument: Any) -> None:
            nonlocal calls
            calls += event == "call" and "serialization" in frame.f_code.co_filename

        server.script(page([{"id": f"s{number}", "properties": {"a": [1, {"b": 2}]}} for number in range(rows)]))
        threading.setprofile(count)
        try:
            ids(fleet())
        finally:
            threading.setprofile(None)
        return calls

    work(1)
    one = work(1)
    assert one > 0
    assert work(1000) == one


def test_coverage_is_the_subscriptions_and_the_managed_groups(server: ScriptedServer, fleet: Fleet) -> None:
    """One query answers both; ids are in lower case, names as they are."""
    kind = "microsoft.resources/subscriptions"
    server.script(
        page(
            [
                {"id": "/subscriptions/AAA", "type": kind, "name": "Shop", "subscriptionId": "AAA", "managedBy": ""},
                {"id": "/subscriptions/bbb", "type": kind.upper(), "name": None},
                {
                    "id": "/subscriptions/AAA/resourceGroups/MC_x",
                    "type": f"{kind}/resourceGroups",
                    "name": "MC_x",
                    "subscriptionId": "AAA",
                    "managedBy": "/subscriptions/AAA/resourceGroups/x/providers/Microsoft.ContainerService/managedClusters/k",
                },
            ]
        )
    )
    coverage = fleet().coverage()
    assert coverage.subscriptions == {"aaa": "Shop", "bbb": "bbb"}
    assert coverage.managed_groups == {
        "/subscriptions/aaa/resourcegroups/mc_x": "/subscriptions/AAA/resourceGroups/x/providers/Microsoft.ContainerService/managedClusters/k"
    }
    assert len(server.asked) == 1
    query = server.asked[0].json["query"].lower()
    assert query.startswith("resourcecontainers")
    assert "virtualmachinescalesets" not in query
    assert "order by id asc" in query


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(7, id="no object"),
        pytest.param({"id": None, "type": "microsoft.resources/subscriptions"}, id="no id"),
        pytest.param({"id": "/x", "type": "microsoft.resources/subscriptions"}, id="an id of something else"),
        pytest.param({"id": "/subscriptions/a/resourcegroups/b", "managedBy": 5}, id="an owner that is a number"),
    ],
)  # fmt: skip
def test_coverage_that_is_half_understood_is_no_coverage(server: ScriptedServer, fleet: Fleet, row: Any) -> None:
    """A row of the list of subscriptions that cannot be read leaves the coverage unknown."""
    server.script(page([row]))
    with pytest.raises(ReadFailedError):
        fleet().coverage()


def test_a_group_without_an_owner_is_nobodys(server: ScriptedServer, fleet: Fleet) -> None:
    """The id says what a row is about; a group that no service manages is left out."""
    group = "/subscriptions/a/resourceGroups/"
    server.script(
        page(
            [{"id": "/subscriptions/A"}, {"id": f"{group}b", "managedBy": None}, {"id": f"{group}C", "managedBy": "/x"}]
        )
    )
    coverage = fleet().coverage()
    assert (coverage.subscriptions, coverage.managed_groups) == (
        {"a": "a"},
        {"/subscriptions/a/resourcegroups/c": "/x"},
    )


def test_every_request_is_counted(server: ScriptedServer, connect: Connect) -> None:
    """Retries are requests too, and an answer 429 is a throttle."""
    connection = connect(server.url)
    server.script(refusal(429), page(["a"]))
    fleet = ResourceGraphFleet(connection)
    ids(fleet)
    fleet.close()
    counter = connection.counter
    assert (counter.graph_queries, counter.arm_calls, counter.throttles) == (2, 0, 1)


def _answers(coverage: Answer, first_page: Answer, *more: Answer) -> Callable[[Asked], Answer]:
    """Answer the coverage to its query, and the pages to theirs."""
    pages = iter([first_page, *more])
    return lambda asked: coverage if "resourcecontainers" in asked.json["query"].lower() else next(pages)


CONTAINER = {
    "type": "microsoft.resources/subscriptions",
    "id": "/subscriptions/s1",
    "subscriptionId": "s1",
    "name": "one",
}


def test_coverage_and_first_page_are_read_side_by_side(server: ScriptedServer, fleet: Fleet) -> None:
    """Neither is answered here before both are asked for; the page after the first comes when it is its turn."""
    both = threading.Barrier(2, timeout=20)
    coverage, first = replace(page([CONTAINER]), meet=both), replace(page(["a", "b"], token="t1", total=3), meet=both)
    server.respond = _answers(coverage, first, page(["c"], total=3))
    begun = fleet()
    begun.begin()
    assert set(begun.coverage().subscriptions) == {"s1"}
    assert ids(begun) == [["a", "b"], ["c"]]
    assert len(server.asked) == 3


def test_what_was_begun_is_answered_once(server: ScriptedServer, fleet: Fleet) -> None:
    """A second question is asked anew: an answer that is old by then is not given again."""
    server.respond = _answers(page([CONTAINER]), page(["a"]), page(["a"]))
    begun = fleet()
    begun.begin()
    for _ in range(2):
        assert set(begun.coverage().subscriptions) == {"s1"}
        assert ids(begun) == [["a"]]
    assert len(server.asked) == 4


def test_a_failure_is_raised_where_its_answer_is_asked_for(server: ScriptedServer, fleet: Fleet) -> None:
    """A coverage that cannot be had leaves the pages as they are, and the other way round."""
    server.respond = _answers(refusal(403), page(["a"]))
    begun = fleet()
    begun.begin()
    with pytest.raises(ReadFailedError, match="403"):
        begun.coverage()
    assert ids(begun) == [["a"]]
    server.respond = _answers(page([CONTAINER]), refusal(403))
    begun.begin()
    assert set(begun.coverage().subscriptions) == {"s1"}
    with pytest.raises(ReadFailedError, match="403"):
        ids(begun)


def test_a_fleet_that_has_begun_may_be_closed(server: ScriptedServer, fleet: Fleet) -> None:
    """A scan that ends before it asks leaves nothing behind."""
    server.respond = _answers(page([CONTAINER]), page(["a"], token="t1"), page(["b"]))
    begun = fleet()
    begun.begin()
    begun.close()
    gc.collect()


def test_a_fleet_without_scale_sets_begins_with_no_page(server: ScriptedServer, fleet: Fleet) -> None:
    """An empty answer is an answer."""
    server.respond = _answers(page([CONTAINER]), page([]))
    begun = fleet()
    begun.begin()
    assert ids(begun) in ([], [[]])
