"""The count of what is really sent, and of what is answered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from azure.core.pipeline.policies import SansIOHTTPPolicy

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse


class CallPolicy(SansIOHTTPPolicy["HttpRequest", "HttpResponse"]):
    """Reports each request that is really sent, retries included, and each status that comes back."""

    def __init__(self, sent: Callable[[str], None], answered: Callable[[int], None]) -> None:
        super().__init__()
        self._sent = sent
        self._answered = answered

    def on_request(self, request: "PipelineRequest[HttpRequest]") -> None:
        """Report the address."""
        self._sent(request.http_request.url)

    def on_response(
        self,
        request: "PipelineRequest[HttpRequest]",  # noqa: ARG002 -- the policy's interface
        response: "PipelineResponse[HttpRequest, HttpResponse]",
    ) -> None:
        """Report the status."""
        self._answered(response.http_response.status_code)
