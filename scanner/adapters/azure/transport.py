"""The network below every Azure client: each answer has an end, in time and in bytes.

Imported only when a client is built, as azure-core takes a tenth of a second to load.
"""

import threading
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import RequestsTransport

from scanner.adapters.azure.limits import Limits
from scanner.adapters.azure.prefetch import Prefetch
from scanner.adapters.azure.retry import HopelessError, Patience

_PIECE = 64 * 1024
_GRACE = 2.0
"""Seconds that a request, whose own waits end at the limit, is given to say so itself."""


class AnswerTooLargeError(HopelessError, requests.RequestException):
    """An answer had more bytes than any that is meant for us; the next one would too."""


class BoundedTransport(RequestsTransport):  # type: ignore[misc]  # azure-core gives it by a module __getattr__
    """The requests library under azure-core, with every wait and every answer cut to what is allowed.

    Without this, a ``Retry-After`` of an hour is slept through (azure-core limits neither the sleep nor, short of
    seven days, the whole operation), a byte now and then keeps a request alive for ever, and an answer may fill the
    memory. Follows no redirect. Honours ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE``,
    as requests does.
    """

    def __init__(self, limits: Limits, *, connection_verify: bool | str) -> None:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _BoundedAdapter(limits.answer_bytes))
        super().__init__(session=session, connection_timeout=10, read_timeout=60, connection_verify=connection_verify)
        self._limits = limits

    def sleep(self, duration: float) -> None:
        """Sleep for ``duration`` seconds, but not beyond the time that is left."""
        self._limits.sleep(max(0.0, min(duration, self._limits.seconds_left())))

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send one request and read its answer whole; raise ``AzureError`` when that cannot be done in time.

        The option ``answer_seconds`` of a call is another limit for its answer.
        """
        allowed = self._limits.answer_seconds
        left = min(self._limits.seconds_left(), allowed, kwargs.pop("answer_seconds", allowed))
        if left <= 0:
            raise ServiceRequestTimeoutError("The time limit was reached before this request.")
        for option, configured in (
            ("connection_timeout", self.connection_config.timeout),
            ("read_timeout", self.connection_config.read_timeout),
        ):
            kwargs[option] = min(kwargs.get(option, configured), left)
        given_up = threading.Event()

        def exchange() -> Any:
            _current.given_up = given_up
            return super(BoundedTransport, self).send(request, **kwargs)

        # In a thread of its own: no time limit of a socket ends an answer of which a byte comes now and then.
        try:
            return Prefetch(exchange, name="azure-request").result(left + min(left, _GRACE))
        except TimeoutError as error:
            given_up.set()
            raise ServiceResponseTimeoutError(f"No whole answer came within {left:.0f} seconds.") from error


class RepeatingTransport(BoundedTransport):
    """A transport that repeats by itself, for clients that bring a pipeline of their own: those of azure-identity."""

    def __init__(self, limits: Limits, *, connection_verify: bool | str, is_usable: Callable[[Any], bool]) -> None:
        super().__init__(limits, connection_verify=connection_verify)
        self._patience = Patience(limits)
        self._is_usable = is_usable

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send until an answer stands; one that is not usable is asked for again."""
        send = super().send
        return self._patience.run(lambda: send(request, **kwargs), lambda answer: answer, is_usable=self._is_usable)


class _BoundedAdapter(requests.adapters.HTTPAdapter):
    """Reads each answer whole, as requests would, but in small pieces and to a limit."""

    def __init__(self, most: int) -> None:
        super().__init__(max_retries=0)
        self._most = most

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send and read. Raises what requests raises, and ``AnswerTooLargeError``."""
        response = super().send(request, *args, **{**kwargs, "stream": True})
        try:
            # What requests itself sets once it has read an answer.
            response._content = _read_whole(response.raw, self._most)  # noqa: SLF001 - it has no other way to read piece by piece
            response._content_consumed = True  # noqa: SLF001 - as above
        except urllib3.exceptions.ReadTimeoutError as error:
            response.close()
            raise requests.ReadTimeout(error, request=request) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError(
                urllib3.exceptions.ProtocolError(str(error), error), request=request
            ) from error
        return response


_current = threading.local()


def _read_whole(raw: Any, most: int) -> bytes:
    given_up: threading.Event = _current.given_up
    pieces: list[bytes] = []
    size = 0
    while piece := raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > most:
            raise AnswerTooLargeError(f"The answer has more than {most:,} bytes.")
        if given_up.is_set():
            raise requests.ReadTimeout("The answer came too late.")
        pieces.append(piece)
    return b"".join(pieces)
