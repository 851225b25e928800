"""The budgets of reads: what each call is taken from, when it is refused, and how they fill again."""

from datetime import UTC, datetime, timedelta

import pytest

from emulator.client.local import LocalAzure
from tests.emulator.conftest import Http
from tests.emulator.documents_of_scale_sets import scale_set, scale_set_id

VERSION = "?api-version=2026-04-01"
NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)


@pytest.fixture
def web(azure: LocalAzure) -> str:
    """Serve a scale set of fifty instances at a fixed moment."""
    azure.control.set_clock(NOON)
    azure.control.put_scale_set(scale_set("web"))
    azure.control.set_instances(scale_set_id("web"), {"count": 50})
    return scale_set_id("web")


@pytest.mark.parametrize(
    ("path", "remaining"),
    [
        pytest.param("", "GetVMScaleSetSubscriptionMaximum;2399 GetVMScaleSetResource;35", id="the set"),
        pytest.param(
            "/instanceView", "HighCostGetVMScaleSetSubscriptionMaximum;1079 HighCostGetVMScaleSetResource;29", id="view"
        ),
        pytest.param(
            "/virtualMachines",
            "HighCostGetVMScaleSetSubscriptionMaximum;1079 HighCostGetVMScaleSetResource;29 "
            "VMScaleSetVMViewsSubscriptionMaximum;29950",
            id="instances",
        ),
        pytest.param(
            "/virtualMachines/0",
            "GetVMScaleSetVMSubscriptionMaximum;5999 GetVMScaleSetVMResource;35 "
            "VMScaleSetVMViewsSubscriptionMaximum;29999",
            id="one instance",
        ),
    ],
)
def test_an_answer_says_what_is_left(http: Http, web: str, path: str, remaining: str) -> None:
    """The headers name each budget with what remains, the charge, and Resource Manager's own reads."""
    headers = http.send("GET", web + path + VERSION).headers
    assert headers["x-ms-ratelimit-remaining-resource"] == ",".join(
        f"Microsoft.Compute/{part}" for part in remaining.split()
    )
    assert int(headers["x-ms-request-charge"]) >= 1
    assert int(headers["x-ms-ratelimit-remaining-subscription-reads"]) >= 248
    assert headers["x-ms-throttling-version"] == "v2"


def test_a_set_that_is_asked_too_often_is_throttled(azure: LocalAzure, http: Http, web: str) -> None:
    """The thirty-first high-cost read is 429 in Compute's shape; another set is still answered; time brings it back."""
    azure.control.put_scale_set(scale_set("api"))
    azure.control.set_budget("HighCostGetVMScaleSetResource", burst=30, per_minute=0.01)
    answers = [http.send("GET", f"{web}/instanceView{VERSION}") for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]
    refused = answers[30]
    assert refused.json["error"]["code"] == "OperationNotAllowed"
    assert refused.json["error"]["details"][0]["target"] == "HighCostGetVMScaleSetResource"
    assert 5000 < int(refused.headers["Retry-After"]) <= 6000
    assert "HighCostGetVMScaleSetResource;0" in refused.headers["x-ms-ratelimit-remaining-resource"]
    assert http.send("GET", f"{scale_set_id('api')}/instanceView{VERSION}").status == 200
    azure.control.set_clock(NOON + timedelta(days=1))
    assert [http.send("GET", f"{web}/instanceView{VERSION}").status for _ in range(5)] == [200] * 5
    report = azure.control.budgets()["HighCostGetVMScaleSetResource"]
    assert (report["throttled"], round(report["most_used"], 2), report["buckets"]) == (1, 1.0, 2)


def test_views_are_counted_by_the_machine(azure: LocalAzure, http: Http, web: str) -> None:
    """A list takes as many views as it shows; with none left it is refused."""
    azure.control.set_budget("VMScaleSetVMViewsSubscriptionMaximum", burst=60, per_minute=0.01)
    assert [http.send("GET", f"{web}/virtualMachines{VERSION}").status for _ in range(3)] == [200, 200, 429]


def test_resource_manager_has_a_budget_of_its_own(azure: LocalAzure, http: Http, web: str) -> None:
    """Reads of any kind are taken from it, by subscription and principal; it can be switched off."""
    azure.control.set_budget("subscription-reads", burst=3, per_minute=0.01)
    answers = [http.send("GET", f"{web}{VERSION}") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json["error"]["code"] == "SubscriptionRequestsThrottled"
    azure.control.switch_budgets(enabled=False)
    assert http.send("GET", f"{web}{VERSION}").status == 200
