"""What every request to Azure passes through: bounded waiting, bounded retries, our own count and quota.

Imported only when a client is built, as azure-core takes a tenth of a second to load.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestTimeoutError
from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Answers that another attempt may change. Every request of ours may be repeated: reads, and rows whose id repeats."""

_ANSWERED_ATTEMPTS = 6
_UNANSWERED_ATTEMPTS = 3
_LONGEST_BACKOFF = 60.0

CALL_LIMIT = 300.0
"""Seconds within which a call's last attempt begins: the lease of a scan is renewed between calls, not during one."""


class BoundedTransport(RequestsTransport):  # type: ignore[misc]  # azure-core gives it by a module __getattr__
    """The requests library under azure-core, with every wait cut to the time that is left.

    Without this, a ``Retry-After`` of an hour is slept through: azure-core limits neither the sleep nor, short of
    seven days, the whole operation. Honours ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE`` and
    ``CURL_CA_BUNDLE``, as requests does.
    """

    def __init__(
        self,
        *,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None],
        connection_verify: bool | str,
    ) -> None:
        super().__init__(connection_timeout=10, read_timeout=60, connection_verify=connection_verify)
        self._seconds_left = seconds_left
        self._sleep = sleep

    def sleep(self, duration: float) -> None:
        """Sleep for ``duration`` seconds, but not beyond the time that is left."""
        self._sleep(max(0.0, min(duration, self._seconds_left())))

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send one request; raise ``ServiceRequestTimeoutError`` when no time is left for it."""
        left = self._seconds_left()
        if left <= 0:
            raise ServiceRequestTimeoutError("The time limit was reached before this request.")
        for option, configured in (
            ("connection_timeout", self.connection_config.timeout),
            ("read_timeout", self.connection_config.read_timeout),
        ):
            kwargs[option] = min(kwargs.get(option, configured), left)
        return super().send(request, **kwargs)


class BoundedRetry(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """Repeats what may succeed the next time, POST included; begins no wait that passes the call's or the run's limit.

    ``Retry-After`` is obeyed; without it the wait doubles from one second, with jitter. azure-core's own policy
    repeats a POST neither on 502 nor on a 429 without ``Retry-After``.
    """

    def __init__(
        self,
        *,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._clock = clock

    def send(self, request: "PipelineRequest[HttpRequest]") -> "PipelineResponse[HttpRequest, HttpResponse]":
        """Send until an answer stands; answer or raise the last attempt's outcome.

        The option ``seconds_left`` of a call stands in for the policy's own.
        """
        run_left: Callable[[], float] = request.context.options.pop("seconds_left", self._seconds_left)
        end = self._clock() + CALL_LIMIT
        for attempt in count(1):
            if run_left() <= 0:
                raise ServiceRequestTimeoutError("The time limit was reached before this request.")
            _rewind(request.http_request)
            try:
                response = self.next.send(request)
            except ClientAuthenticationError:
                raise
            except AzureError as error:
                wait = _backoff(attempt)
                if attempt >= _UNANSWERED_ATTEMPTS or _is_hopeless(error) or wait >= self._left(run_left, end):
                    raise
            else:
                if response.http_response.status_code not in RETRIED_STATUSES:
                    return response
                asked = retry_after(response.http_response.headers.get("Retry-After"))
                wait = _backoff(attempt) if asked is None else asked
                if attempt >= _ANSWERED_ATTEMPTS or wait >= self._left(run_left, end):
                    return response
            self._sleep(wait)
        raise AssertionError("count() has no end")

    def _left(self, run_left: Callable[[], float], end: float) -> float:
        return min(run_left(), end - self._clock())


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


class QuotaPolicy(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """Keeps to Resource Graph's quota: 15 queries in 5 seconds, or what its headers say is left.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    """

    QUERIES = 15
    WINDOW = 5.0

    def __init__(
        self,
        *,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._clock = clock
        self._lock = Lock()
        self._sent: deque[float] = deque(maxlen=self.QUERIES)
        self._not_before = 0.0

    def send(self, request: "PipelineRequest[HttpRequest]") -> "PipelineResponse[HttpRequest, HttpResponse]":
        """Wait for a free place in the quota, send, and remember what the answer says about the quota."""
        wait = self._reserve()
        if wait > 0:
            if wait >= self._seconds_left():
                raise ServiceRequestTimeoutError("Resource Graph's quota is used up for longer than the time limit.")
            self._sleep(wait)
        response = self.next.send(request)
        headers = response.http_response.headers
        self._learn(headers.get("x-ms-user-quota-remaining"), headers.get("x-ms-user-quota-resets-after"))
        return response

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            start = max(now, self._not_before)
            if len(self._sent) == self.QUERIES:
                start = max(start, self._sent[0] + self.WINDOW)
            self._sent.append(start)
            return start - now

    def _learn(self, remaining: str | None, resets_after: str | None) -> None:
        if remaining is None or remaining.strip() != "0":
            return
        pause = _hours_minutes_seconds(resets_after or "")
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + pause)


class BodyAside(SansIOHTTPPolicy["HttpRequest", "HttpResponse"]):
    """Sets the decoded answer aside before the Resource Graph client builds its model of it.

    The client would decode the body a second time and walk every value in it: 4 s for a page of 17 MB, against
    0.3 s for decoding it once. Stands outermost, so that it runs after the body was decoded and before the client
    looks at it, and lets go of the raw bytes.
    """

    KEY = "answer_body"

    def on_response(
        self,
        request: "PipelineRequest[HttpRequest]",  # noqa: ARG002 -- the policy's interface
        response: "PipelineResponse[HttpRequest, HttpResponse]",
    ) -> None:
        """Move the decoded body of a 200 answer to ``context["answer_body"]`` and leave an empty object behind."""
        if response.http_response.status_code != 200:
            return
        response.context[self.KEY] = response.context.pop("deserialized_data", None)
        response.http_response = _EmptyAnswer()  # type: ignore[assignment]  # all that the client asks of it


class _EmptyAnswer:
    status_code = 200
    body = b"{}"

    def __init__(self) -> None:
        self.headers = {"content-type": "application/json"}

    def text(self) -> str:
        return "{}"


def retry_after(value: str | None) -> float | None:
    """Read a ``Retry-After`` header, seconds or a date, as seconds from now; ``None``: absent or not readable."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(time.time(), UTC)).total_seconds())


def _backoff(attempt: int) -> float:
    return min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1)) * random.uniform(1.0, 1.5)  # noqa: S311 -- jitter, no secret


def _is_hopeless(error: AzureError) -> bool:
    """Tell a certificate that is not trusted: it will not be in a second either."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _rewind(request: "HttpRequest") -> None:
    seek = getattr(request.content, "seek", None)
    if seek is not None:
        seek(0)


def _hours_minutes_seconds(value: str) -> float:
    """Read ``hh:mm:ss``; what is not readable counts as one quota window."""
    try:
        hours, minutes, seconds = (float(part) for part in value.split(":"))
    except ValueError:
        return QuotaPolicy.WINDOW
    return hours * 3600 + minutes * 60 + seconds
