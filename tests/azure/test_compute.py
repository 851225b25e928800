"""What Compute itself says about a scale set that Resource Graph no longer shows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from scanner.adapters.azure.budgeted_compute import BudgetedCompute
from scanner.adapters.azure.call_budget import READS, Cost
from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.image_lists import ImageLists
from scanner.facts.evidence import JsonValue
from scanner.ports.compute import Absence
from scanner.ports.compute import Answer as Said
from scanner.ports.images import PlatformOffer
from tests.azure.scripted_server import Answer, ScriptedServer, as_json, refusal

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SCALE_SET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g r/providers/Microsoft.Compute/virtualMachineScaleSets/s"
DOCUMENT: dict[str, JsonValue] = {"id": SCALE_SET, "name": "s", "properties": {}}
GONE = Absence.GONE


@pytest.fixture
def connection(server: ScriptedServer, connect: Callable[[str], Connection]) -> Connection:
    """Answer a connection to the scripted server."""
    return connect(server.url)


@pytest.fixture
def compute(connection: Connection) -> Iterator[ComputeReader]:
    """Answer a reader on the scripted server."""
    reader = ComputeReader(connection)
    yield reader
    reader.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(as_json(DOCUMENT), DOCUMENT, id="there"),
        pytest.param(refusal(404, "ResourceNotFound"), GONE, id="resource not found"),
        pytest.param(refusal(404, "ResourceGroupNotFound"), GONE, id="group not found"),
        pytest.param(refusal(404, "SubscriptionNotFound"), None, id="subscription not found"),
        pytest.param(refusal(404, "NotFound", "No.", "ResourceNotFound"), None, id="the code stands in a detail only"),
        pytest.param(Answer(status=404, body=b"<html>"), None, id="404 of a proxy"),
        pytest.param(refusal(403, "AuthorizationFailed"), None, id="forbidden"),
        pytest.param(refusal(403, "ResourceNotFound"), None, id="forbidden, whatever the code says"),
        pytest.param(refusal(401, "InvalidAuthenticationToken"), None, id="token not accepted"),
        pytest.param(refusal(409, "MissingSubscriptionRegistration", "'Microsoft.Compute'"), None, id="not registered"),
        pytest.param(refusal(429), None, id="throttled"),
        pytest.param(refusal(500), None, id="broken"),
        pytest.param(Answer(drop=True), None, id="dropped"),
        pytest.param(Answer(body=b"{", headers={"Content-Type": "application/json"}), None, id="half JSON"),
    ],
)
def test_only_a_404_that_says_so_is_gone(
    server: ScriptedServer,
    compute: ComputeReader,
    answer: Answer,
    expected: Said,
) -> None:
    """Everything else leaves it open: not seeing is not a change."""
    server.script(answer)
    assert compute.look_up(SCALE_SET) == expected
    assert {asked.method for asked in server.asked} == {"GET"}, "nothing is ever written"


def test_the_scale_set_is_asked_for_by_its_id(server: ScriptedServer, compute: ComputeReader) -> None:
    """Names are escaped in the address, and an id in lower case is as good."""
    server.script(as_json({}))
    compute.look_up(SCALE_SET)
    compute.look_up(SCALE_SET.lower())
    path = "/subscriptions/{}/resourceGroups/g%20r/providers/Microsoft.Compute/virtualMachineScaleSets/s"
    assert [asked.path for asked in server.asked] == [path.format(SUBSCRIPTION)] * 2


def test_every_call_is_counted(server: ScriptedServer, connection: Connection, compute: ComputeReader) -> None:
    """Retries are calls too, and an answer 429 is a throttle."""
    server.script(refusal(429, Retry_After="1"), refusal(404, "ResourceNotFound"))
    assert compute.look_up(SCALE_SET) is GONE
    counter = connection.counter
    assert (counter.graph_queries, counter.arm_calls, counter.throttles) == (0, 2, 1)


@pytest.mark.parametrize("wrong", ["", "/subscriptions/a", f"{SCALE_SET}/virtualMachines/0", "/../" + SCALE_SET])
def test_what_is_no_scale_set_is_not_asked_for(server: ScriptedServer, compute: ComputeReader, wrong: str) -> None:
    """No request is made for an id of another form."""
    assert compute.look_up(wrong) is None
    assert server.asked == []


def test_all_that_asks_compute_spends_from_one_budget(server: ScriptedServer, connection: Connection) -> None:
    """Resource Manager counts whatever is read: doubts and lists of images leave less to questions about instances."""
    waited: list[float] = []
    limits = replace(connection.limits, clock=lambda: 0.0, sleep=waited.append)
    asking = BudgetedCompute(replace(connection, limits=limits))
    server.script(as_json(DOCUMENT), as_json([]), as_json(DOCUMENT))
    with closing(ComputeReader(connection, asking)) as reader:
        assert reader.look_up(SCALE_SET) == DOCUMENT
        offer = PlatformOffer(
            subscription_id=SUBSCRIPTION, location="westeurope", edge_zone="", publisher="p", offer="o", sku="s"
        )
        assert ImageLists(connection, asking).platform_versions(offer) == []
        rest = Cost(place=f"{SUBSCRIPTION}/westeurope", scale_set="s", calls=int(READS.burst * (1 - READS.kept)) - 2)
        assert asking.budget.wait_for(replace(rest, is_other=True)) == 0
        asking.budget.spend(replace(rest, is_other=True))
        assert (reader.look_up(SCALE_SET), len(waited)) == (DOCUMENT, 1)
        assert 0 < waited[0] <= 60 / READS.per_minute
