"""Repeats of a request that may succeed the next time, within a call's and a run's time."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestTimeoutError
from azure.core.pipeline.policies import HTTPPolicy

from scanner.times import http_date

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


def retry_after(value: str | None) -> float | None:
    """Read a ``Retry-After`` header, seconds or a date, as seconds from now; ``None``: absent or not readable."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    moment = http_date(value)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _backoff(attempt: int) -> float:
    return min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1)) * random.uniform(1.0, 1.5)  # noqa: S311 -- jitter, no secret


def _is_hopeless(error: AzureError) -> bool:
    """Tell a certificate that is not trusted: it will not be in a second either."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _rewind(request: "HttpRequest") -> None:
    seek = getattr(request.content, "seek", None)
    if seek is not None:
        seek(0)
