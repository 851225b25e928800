"""Resource Graph's quota."""

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from azure.core.exceptions import ServiceRequestTimeoutError
from azure.core.pipeline.policies import HTTPPolicy

from azureformats.time_span import read_time_span
from scanner.adapters.azure.limits import Limits
from scanner.ports.fleet import QUERIES

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse


class QuotaPolicy(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """Keeps to Resource Graph's quota: 15 queries in 5 seconds, or what its headers say is left.

    A part of the quota is used evenly and not at once: others use theirs at the same time, and parts follow each other.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    """

    WINDOW = 5.0

    def __init__(self, limits: Limits, queries: int = QUERIES) -> None:
        super().__init__()
        self._limits = limits
        self._lock = Lock()
        self._apart = 0.0 if queries >= QUERIES else self.WINDOW / queries
        self._next = limits.clock() + self._apart
        self._sent: deque[float] = deque(maxlen=QUERIES)
        self._not_before = 0.0

    def send(self, request: "PipelineRequest[HttpRequest]") -> "PipelineResponse[HttpRequest, HttpResponse]":
        """Wait for a free place in the quota, send, and remember what the answer says about the quota."""
        wait = self._reserve()
        if wait > 0:
            if wait >= self._limits.seconds_left():
                raise ServiceRequestTimeoutError("Resource Graph's quota is used up for longer than the time limit.")
            self._limits.sleep(wait)
        response = self.next.send(request)
        headers = response.http_response.headers
        self._learn(headers.get("x-ms-user-quota-remaining"), headers.get("x-ms-user-quota-resets-after"))
        return response

    def _reserve(self) -> float:
        with self._lock:
            now = self._limits.clock()
            start = max(now, self._not_before)
            if len(self._sent) == QUERIES:
                start = max(start, self._sent[0] + self.WINDOW)
            if self._apart:
                start = max(start, self._next)
                self._next = start + self._apart
            self._sent.append(start)
            return start - now

    def _learn(self, remaining: str | None, resets_after: str | None) -> None:
        if remaining is None or remaining.strip() != "0":
            return
        pause = _seconds(resets_after or "")
        with self._lock:
            self._not_before = max(self._not_before, self._limits.clock() + pause)


def _seconds(span: str) -> float:
    """Read ``hh:mm:ss``; what is not readable counts as one quota window."""
    try:
        return read_time_span(span).total_seconds()
    except ValueError:
        return QuotaPolicy.WINDOW
