"""Repeats of a request that may succeed the next time, within a call's and a run's time."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestTimeoutError
from azure.core.pipeline.policies import HTTPPolicy

from scanner.adapters.azure.limits import Limits
from scanner.times import http_date

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse

RETRIED_STATUSES = frozenset({408, 410, 429, 500, 502, 503, 504})
"""Answers that another attempt may change. 410: the instance metadata service is being updated, for a minute.

Every request of ours may be repeated: reads, rows whose id repeats, and writes that name what they replace.
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
"""

_ANSWERED_ATTEMPTS = 6
_UNANSWERED_ATTEMPTS = 3
_LONGEST_BACKOFF = 60.0

CALL_LIMIT = 300.0
"""Seconds within which a call's last attempt begins: the lease of a scan is renewed between calls, not during one."""


class HopelessError(Exception):
    """What a transport found will be found again: another attempt is in vain."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may go on: ``Retry-After`` is heeded, without it the wait doubles from one second, with jitter.

    No wait is begun that would pass the call's or the run's limit. azure-core's own policy sleeps through any
    ``Retry-After``, and repeats a POST neither on 502 nor on a 429 without one.
    """

    limits: Limits

    def run[T](
        self,
        send: Callable[[], T],
        answer_of: Callable[[T], Any],
        *,
        run_left: Callable[[], float] | None = None,
        is_usable: Callable[[Any], bool] = lambda _answer: True,
    ) -> T:
        """Send until an answer stands; answer it, or raise what the last attempt raised.

        ``run_left`` stands in for the seconds left of the run. An answer that is not usable is asked for again.
        """
        seconds_left = run_left or self.limits.seconds_left
        end = self.limits.clock() + CALL_LIMIT

        def left() -> float:
            return min(seconds_left(), end - self.limits.clock())

        for attempt in count(1):
            if seconds_left() <= 0:
                raise ServiceRequestTimeoutError("The time limit was reached before this request.")
            try:
                response = send()
            except ClientAuthenticationError:
                raise
            except AzureError as error:
                wait = _backoff(attempt)
                if attempt >= _UNANSWERED_ATTEMPTS or _is_hopeless(error) or wait >= left():
                    raise
            else:
                answer = answer_of(response)
                if answer.status_code not in RETRIED_STATUSES and is_usable(answer):
                    return response
                asked = retry_after(answer.headers.get("Retry-After"))
                wait = _backoff(attempt) if asked is None else asked
                if attempt >= _ANSWERED_ATTEMPTS or wait >= left():
                    return response
            self.limits.sleep(wait)
        raise AssertionError("count() has no end")


class BoundedRetry(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """Repeats what may succeed the next time, POST included.

    The option ``seconds_left`` of a call stands in for the seconds left of the run.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._patience = Patience(limits)

    def send(self, request: "PipelineRequest[HttpRequest]") -> "PipelineResponse[HttpRequest, HttpResponse]":
        """Send until an answer stands; answer or raise the last attempt's outcome."""
        run_left: Callable[[], float] | None = request.context.options.pop("seconds_left", None)

        def send() -> "PipelineResponse[HttpRequest, HttpResponse]":
            _rewind(request.http_request)
            if run_left is not None:
                request.context.options["answer_seconds"] = run_left()
            return self.next.send(request)

        return self._patience.run(send, lambda response: response.http_response, run_left=run_left)


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
    """Tell what will be the same in a second: a certificate that is not trusted, an answer that is too large."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error) or isinstance(error.inner_exception, HopelessError)


def _rewind(request: "HttpRequest") -> None:
    seek = getattr(request.content, "seek", None)
    if seek is not None:
        seek(0)
