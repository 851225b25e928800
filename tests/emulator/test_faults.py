"""Scripted faults: each does what it says, as often as it says, and then everything is well again."""

import threading
import time
from http.client import RemoteDisconnected

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest

from emulator.client.connection import ControlError
from emulator.client.local import LocalAzure
from emulator.endpoint.access import Role
from emulator.endpoint.faults import FaultKind
from tests.emulator.conftest import ARM, Answer, Http
from tests.emulator.documents_of_scale_sets import OTHER, SUBSCRIPTION, scale_set, scale_set_id

FLEET = "resources | project id, properties | order by id asc"
ONE = "?api-version=2026-04-01"


@pytest.fixture
def three(azure: LocalAzure) -> LocalAzure:
    """Three scale sets in two subscriptions."""
    for name in ("a", "b"):
        azure.control.put_scale_set(scale_set(name))
    azure.control.put_scale_set(scale_set("c", OTHER))
    return azure


def _names(answer: Answer) -> list[str]:
    return [row["id"].rsplit("/", 1)[1] for row in answer.json["data"]]


def test_a_fault_strikes_as_often_as_it_says_and_not_before(three: LocalAzure, http: Http) -> None:
    """One goes right, two go wrong, then all go right."""
    three.control.add_fault("graph", FaultKind.STATUS, status=503, skip=1, count=2)
    assert [http.graph(FLEET).status for _ in range(5)] == [200, 503, 503, 200, 200]


def test_a_fault_strikes_only_what_it_names(three: LocalAzure, http: Http) -> None:
    """The selector looks at the endpoint and at method, path and query text."""
    three.control.add_fault("graph", FaultKind.STATUS, status=500, contains="RESOURCECHANGES", count=None)
    assert http.graph(FLEET).status == 200
    assert http.graph("resourcechanges | count").status == 500
    assert http.send("GET", f"/subscriptions{ONE}").status == 200


@pytest.mark.parametrize("retry_after", [None, 0.0], ids=["without Retry-After", "with Retry-After"])
def test_the_sdk_sees_throttling_as_in_azure(
    three: LocalAzure, credential: ManagedIdentityCredential, retry_after: float | None
) -> None:
    """429 on a POST is raised at once, or retried only because Retry-After says so."""
    three.control.add_fault("graph", FaultKind.STATUS, status=429, retry_after=retry_after)
    client = ResourceGraphClient(credential, base_url=three.arm_endpoint)
    if retry_after is None:
        with pytest.raises(HttpResponseError) as caught:
            client.resources(QueryRequest(query=FLEET))
        assert caught.value.status_code == 429
    else:
        assert client.resources(QueryRequest(query=FLEET)).count == 3
    statuses = [entry.status for entry in three.control.requests("graph")]
    assert statuses == ([429] if retry_after is None else [429, 200])


def test_truncation_loses_rows_and_says_so(three: LocalAzure, http: Http) -> None:
    """Half of the rows, the text "true", no token."""
    three.control.add_fault("graph", FaultKind.TRUNCATE)
    answer = http.graph(FLEET).json
    assert (answer["count"], answer["totalRecords"], answer["resultTruncated"]) == (1, 3, "true")
    assert "$skipToken" not in answer


def test_a_token_can_repeat(three: LocalAzure, http: Http) -> None:
    """A further page that carries its own token leads in circles."""
    three.control.add_fault("graph", FaultKind.REPEAT_TOKEN)
    token = http.graph(FLEET, options={"$top": 1}).json["$skipToken"]
    again = http.graph(FLEET, options={"$top": 1, "$skipToken": token}).json
    assert again["$skipToken"] == token


def test_resources_and_subscriptions_vanish_without_a_word(three: LocalAzure, http: Http) -> None:
    """What Resource Graph leaves out is still there for Resource Manager."""
    three.control.add_fault("graph", FaultKind.HIDE, ids=(scale_set_id("b").upper(),))
    assert _names(http.graph(FLEET)) == ["a", "c"]
    three.control.add_fault("graph", FaultKind.VANISH, ids=(SUBSCRIPTION,), count=2)
    assert _names(http.graph(FLEET)) == ["c"]
    assert http.graph("resourcecontainers | where type endswith '/subscriptions'").json["count"] == 1
    assert _names(http.graph(FLEET)) == ["a", "b", "c"]
    assert http.send("GET", scale_set_id("b") + ONE).status == 200


def test_an_answer_can_be_old(three: LocalAzure, http: Http) -> None:
    """The index as it was when it was kept: complete, consistent, and no longer true; Resource Manager knows better."""
    three.control.keep_index()
    three.control.change(scale_set_id("a"), {"properties.overprovision": True})
    three.control.delete_scale_set(scale_set_id("b"))
    three.control.add_fault("graph", FaultKind.STALE, contains="properties", count=1)
    stale, fresh = http.graph(FLEET), http.graph(FLEET)
    assert (_names(stale), _names(fresh)) == (["a", "b", "c"], ["a", "c"])
    assert [answer.json["data"][0]["properties"].get("overprovision") for answer in (stale, fresh)] == [None, True]
    assert http.send("GET", scale_set_id("b") + ONE).status == 404


def test_without_a_kept_index_no_answer_can_be_old(three: LocalAzure) -> None:
    """The mistake is told where it is made."""
    with pytest.raises(ControlError, match="keep_index"):
        three.control.add_fault("graph", FaultKind.STALE)


def test_a_hidden_resource_stays_hidden_on_the_further_pages(three: LocalAzure, http: Http) -> None:
    """A query's pages agree: what its first page left out does not come back on the second."""
    three.control.add_fault("graph", FaultKind.HIDE, ids=(scale_set_id("b"),))
    first = http.graph(FLEET, options={"$top": 1})
    second = http.graph(FLEET, options={"$top": 1, "$skipToken": first.json["$skipToken"]})
    assert (_names(first), _names(second)) == (["a"], ["c"])


def test_a_fault_that_hides_begins_with_a_new_query(three: LocalAzure, http: Http) -> None:
    """Scripted between two pages, it leaves the query that is under way alone and strikes the next one."""
    first = http.graph(FLEET, options={"$top": 1})
    three.control.add_fault("graph", FaultKind.HIDE, ids=(scale_set_id("b"),))
    second = http.graph(FLEET, options={"$top": 1, "$skipToken": first.json["$skipToken"]})
    assert (_names(first), _names(second), _names(http.graph(FLEET))) == (["a"], ["b"], ["a", "c"])


def test_a_row_can_be_malformed_and_ids_change_their_case(three: LocalAzure, http: Http) -> None:
    """One row loses its id and has text for properties; a page comes with ids in capitals."""
    three.control.add_fault("graph", FaultKind.MALFORMED)
    rows = http.graph(FLEET).json["data"]
    assert (rows[0]["id"], rows[0]["properties"]) == (None, "not an object")
    three.control.add_fault("graph", FaultKind.CHANGE_CASE)
    assert http.graph(FLEET).json["data"][1]["id"] == scale_set_id("b").upper()


@pytest.mark.parametrize(("kind", "gone"), [(FaultKind.DROP_BEFORE, False), (FaultKind.DROP_AFTER, True)])
def test_a_dropped_connection_leaves_the_work_undone_or_done(
    three: LocalAzure, http: Http, kind: FaultKind, *, gone: bool
) -> None:
    """The client cannot tell whether the work was done: here is both."""
    three.control.grant(Role.CONTRIBUTOR)
    three.control.add_fault("arm", kind, contains="DELETE")
    with pytest.raises(RemoteDisconnected):
        http.send("DELETE", scale_set_id("a") + ONE)
    assert (three.control.scale_set(scale_set_id("a")) is None) == gone
    assert three.control.requests("arm")[-1].status == 0


@pytest.mark.parametrize(("kind", "gone"), [(FaultKind.STALL_BEFORE, False), (FaultKind.STALL_AFTER, True)])
def test_a_stalled_request_waits_until_it_is_released(
    three: LocalAzure, http: Http, kind: FaultKind, *, gone: bool
) -> None:
    """A test can wait for the request, do what it wants in the meantime, and let it go on."""
    three.control.grant(Role.CONTRIBUTOR)
    http.credential.get_token(f"{ARM}/.default")
    number = three.control.add_fault("arm", kind, contains="DELETE")
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(http.send("DELETE", scale_set_id("a") + ONE).status))
    caller.start()
    three.control.wait_for("arm", contains="DELETE")
    deadline = time.monotonic() + 5
    while (three.control.scale_set(scale_set_id("a")) is None) != gone and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answers == []
    assert (three.control.scale_set(scale_set_id("a")) is None) == gone
    assert three.control.release(number) == 1
    caller.join(10)
    assert answers == [202]


def test_latency_is_added_to_an_endpoint(three: LocalAzure, http: Http) -> None:
    """Every answer of the endpoint takes that much longer; others do not."""
    three.control.set_latency("graph", 0.2)
    http.graph(FLEET)
    http.send("GET", f"/subscriptions{ONE}")
    graph, arm = three.control.requests("graph")[0], three.control.requests("arm")[0]
    assert (graph.milliseconds or 0) >= 200
    assert (arm.milliseconds or 1000) < 200


@pytest.mark.parametrize(
    ("endpoint", "method", "path", "audience", "place"),
    [
        pytest.param("arm", "GET", f"/subscriptions{ONE}", ARM, ("error", "code"), id="resource manager"),
        pytest.param(
            "ingestion", "POST", "/dataCollectionRules/d/streams/s?api-version=2023-01-01",
            "https://monitor.azure.com", ("error", "code"), id="ingestion",
        ),
        pytest.param(
            "query", "POST", "/v1/workspaces/w/query", "https://api.loganalytics.io", ("error", "code"), id="query"
        ),
    ],
)  # fmt: skip
def test_a_scripted_refusal_has_the_shape_of_its_endpoint(  # noqa: PLR0917 - the columns of a table
    azure: LocalAzure, http: Http, endpoint: str, method: str, path: str, audience: str, place: tuple[str, str]
) -> None:
    """The code is where a client of that endpoint looks for it, and Retry-After is in the headers."""
    azure.control.add_fault(endpoint, FaultKind.STATUS, status=429, retry_after=7, code="Slower")
    answer = http.send(method, path, {}, audience=audience)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json[place[0]][place[1]] == "Slower"
