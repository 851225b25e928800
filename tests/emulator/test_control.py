"""The control surface: its key, its journal, its clock, its changes."""

import threading
from datetime import UTC, datetime

import pytest

from emulator.client.client import Control
from emulator.client.connection import ControlError
from emulator.client.local import LocalAzure
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import OTHER, SUBSCRIPTION, scale_set, scale_set_id

WEB = scale_set_id("web")


def test_the_control_surface_wants_its_own_key(azure: LocalAzure, http: Http) -> None:
    """No Azure token opens it, and no wrong key."""
    assert http.send("POST", "/_control/status", {}).status == 401
    stranger = Control(url=azure.control.url, key="wrong", ca_file=azure.ca_file)
    with pytest.raises(ControlError, match="401"):
        stranger.status()


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        pytest.param("nope", {}, 404, id="unknown action"),
        pytest.param("fault", {"endpoint": "graph", "kind": "nope"}, 400, id="unknown fault"),
        pytest.param("fault", {"endpoint": "graph", "kind": "status", "nope": 1}, 400, id="unknown field"),
        pytest.param("change", {"id": WEB, "set": {"a.b": 1}}, 400, id="no such scale set"),
        pytest.param("scale-set", {"document": {"id": "x"}}, 400, id="no resource id"),
        pytest.param("role", {"role": "Owner", "granted": True}, 400, id="unknown role"),
    ],
)
def test_a_wrong_action_says_what_is_wrong(
    azure: LocalAzure, http: Http, action: str, body: dict[str, object], status: int
) -> None:
    """The caller's mistakes are answers, not crashes."""
    key = {"Authorization": f"Bearer {azure.control.key}"}
    answer = http.send("POST", f"/_control/{action}", body, audience=None, headers=key)
    assert answer.status == status
    assert answer.json["error"]["message"]


def test_the_journal_holds_what_was_asked(azure: LocalAzure, http: Http) -> None:
    """Each request has its endpoint, status, query text and time, and no token."""
    azure.control.put_scale_set(scale_set("web"))
    azure.control.set_clock(datetime(2026, 3, 1, tzinfo=UTC))
    http.graph("resources | project name")
    http.send("GET", WEB + "?api-version=2026-04-01")
    entry = azure.control.requests("graph")[0]
    assert (entry.status, entry.method, entry.detail) == (200, "POST", "resources | project name")
    assert entry.at == "2026-03-01T00:00:00.0000000Z"
    assert [item.endpoint for item in azure.control.requests(after=entry.number)] == ["arm"]
    assert azure.control.counters()["graph"] == {"200": 1}


def test_waiting_ends_when_the_request_arrives(azure: LocalAzure, http: Http) -> None:
    """A test can wait for what another thread or process is about to do."""
    sender = threading.Timer(0.1, lambda: http.graph("resources | count"))
    sender.start()
    found = azure.control.wait_for("graph", contains="count", done=True, timeout=10)
    sender.join()
    assert [entry.status for entry in found] == [403]


def test_waiting_in_vain_ends_too(azure: LocalAzure) -> None:
    """After the time that was given, it raises."""
    with pytest.raises(TimeoutError, match="0 of 1"):
        azure.control.wait_for("graph", timeout=0.1)


def test_the_clock_stands_runs_and_follows(azure: LocalAzure) -> None:
    """Set, it stands still, or runs on from there; in the end it follows real time."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    azure.control.set_clock(moment)
    assert azure.control.now() == azure.control.now() == moment
    azure.control.set_clock(moment, frozen=False)
    assert moment < azure.control.now() < azure.control.now()
    azure.control.follow_real_time()
    assert abs((azure.control.now() - datetime.now(UTC)).total_seconds()) < 5


def test_changes_reach_any_property(azure: LocalAzure) -> None:
    """Paths go through objects and lists; tags may have dots in their names; null values stay."""
    azure.control.put_scale_set(scale_set("web", extensions=[{"name": "a"}]))
    azure.control.change(WEB, {"properties.extensions[0].name": "b", "properties.new.deep[0]": 1, "zones": None})
    azure.control.edit_tags(WEB, {"cost.centre": "42", "environment": None})
    document = azure.control.scale_set(WEB)
    assert document is not None
    assert document["properties"]["extensions"] == [{"name": "b"}]
    assert document["properties"]["new"] == {"deep": [1]}
    assert document["tags"] == {"cost.centre": "42"}
    assert document["zones"] is None


def test_a_path_that_does_not_fit_changes_nothing(azure: LocalAzure) -> None:
    """A step into a text, or past the end of a list, is refused."""
    azure.control.put_scale_set(scale_set("web"))
    with pytest.raises(ControlError, match=r"the document has no location\.x"):
        azure.control.change(WEB, {"location.x": 1})
    before = azure.control.scale_set(WEB)
    assert before is not None
    assert before["location"] == "westeurope"


def test_true_is_not_one(azure: LocalAzure, http: Http) -> None:
    """A change from 1 to true is a change."""
    azure.control.put_scale_set(scale_set("web", overprovision=1))
    azure.control.change(WEB, {"properties.overprovision": True})
    rows = http.graph("resourcechanges | where properties.changeType == 'Update' | project c = properties.changes").json
    assert rows["data"][0]["c"]["properties.overprovision"]["newValue"] == "True"


def test_a_group_and_a_subscription_go_with_all_that_is_in_them(azure: LocalAzure, http: Http) -> None:
    """Resource Manager says which of them is gone; Resource Graph just leaves it out."""
    for subscription in (SUBSCRIPTION, OTHER):
        azure.control.put_scale_set(scale_set("web", subscription))
    assert azure.control.delete_group(SUBSCRIPTION, "RG-WEB")
    assert azure.control.delete_subscription(OTHER.upper())
    assert not azure.control.delete_subscription(OTHER)
    version = "?api-version=2026-04-01"
    codes = [
        http.send("GET", scale_set_id("web", item) + version).json["error"]["code"] for item in (SUBSCRIPTION, OTHER)
    ]
    assert codes == ["ResourceGroupNotFound", "SubscriptionNotFound"]
    left = http.graph("union resources, resourcecontainers | project id").json["data"]
    assert left == [{"id": f"/subscriptions/{SUBSCRIPTION}"}]


def test_a_reset_leaves_nothing_but_identities(azure: LocalAzure, http: Http) -> None:
    """Documents, requests and faults are gone; the token still counts."""
    azure.control.put_scale_set(scale_set("web"))
    http.graph("resources | count")
    azure.control.reset()
    status = azure.control.status()
    assert (status["scale_sets"], status["subscriptions"], status["counters"]) == (0, [], {})
    assert http.send("GET", "/subscriptions?api-version=2022-12-01").json["value"] == []
