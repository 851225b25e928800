"""The part of a client's pipeline that keeps Compute's budgets: it sees each request that is really sent."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.policies import HTTPPolicy

from scanner.adapters.azure.call_budget import CallBudget, Cost

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse

_KEY = "spending"


class BudgetPolicy(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """Learns from each answer what is left; the option ``spending`` of a call says where it is spent.

    The caller has paid for the first request of a call; repeats are paid for here. A page that another host is to answer
    is refused: the token is for Azure Resource Manager.
    """

    def __init__(self, budget: CallBudget, endpoint: str) -> None:
        super().__init__()
        self._budget = budget
        self._host = urlsplit(endpoint).netloc.lower()

    def send(self, request: "PipelineRequest[HttpRequest]") -> "PipelineResponse[HttpRequest, HttpResponse]":
        """Send, and take over what the answer says is left. Raises ``ServiceRequestError`` for another host."""
        cost: Cost | None = request.context.options.pop(_KEY, None)
        if cost is None:
            cost = request.context.get(_KEY)
            if cost is not None:
                self._budget.spend(replace(cost, calls=1, views=0))
        else:
            request.context[_KEY] = cost
        if urlsplit(request.http_request.url).netloc.lower() != self._host:
            raise ServiceRequestError("The next page is at another host than Azure Resource Manager.")
        response = self.next.send(request)
        if cost is not None:
            self._budget.learn(cost, response.http_response.headers)
            if response.http_response.status_code == 429:
                self._budget.refused(cost)
        return response
