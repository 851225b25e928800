"""The network below every Azure client: each wait is cut to the time that is left.

Imported only when a client is built, as azure-core takes a tenth of a second to load.
"""

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import ServiceRequestTimeoutError
from azure.core.pipeline.transport import RequestsTransport


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
