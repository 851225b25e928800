"""The client of a table, built as every other client of Azure is."""

import time
from datetime import datetime
from email.utils import format_datetime, formatdate
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.data.tables import TableClient

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.service_clock import ServiceClock
from scanner.times import http_date

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse


class DatedTableClient(TableClient):
    """A client of one table that knows what time it is at the service.

    The identity needs the role Storage Table Data Contributor. Locally use the address 127.0.0.1: the library takes
    ``localhost`` with any other port than 10002 for Cosmos DB. Left to itself, the library takes the audience of its
    tokens from the answer 401, follows redirects, and waits for days.
    https://learn.microsoft.com/azure/storage/tables/authorize-access-azure-active-directory
    """

    def __init__(self, connection: Connection, *, endpoint: str, table_name: str, audience: str) -> None:
        self._storage = StorageRequest(connection.clock)
        options = connection.client_options(audience, innermost=[self._storage])
        super().__init__(endpoint, table_name, credential=connection.credential, **options)

    @property
    def answered_at(self) -> datetime | None:
        """The ``Date`` of the service's last answer; ``None``: there was none, or it had none."""
        return self._storage.answered_at


class StorageRequest(SansIOHTTPPolicy["HttpRequest", "HttpResponse"]):
    """Stands for the policies of the library that we leave out: dates each attempt, as Storage requires.

    https://learn.microsoft.com/rest/api/storageservices/representation-of-date-time-values-in-headers
    """

    def __init__(self, clock: ServiceClock) -> None:
        super().__init__()
        self._clock = clock
        self.answered_at: datetime | None = None

    def on_request(self, request: "PipelineRequest[HttpRequest]") -> None:
        """Add the header; and tell the client's pager that there is one location, as its own policies do."""
        request.context.options.pop("use_location", None)
        request.context["location_mode"] = "primary"
        request.http_request.headers["x-ms-date"] = formatdate(time.time(), usegmt=True)

    def on_response(
        self,
        request: "PipelineRequest[HttpRequest]",  # noqa: ARG002 -- the policy's interface
        response: "PipelineResponse[HttpRequest, HttpResponse]",
    ) -> None:
        """Keep the answer's time; one that the library could not read, and would fail on, is taken out."""
        headers: Any = response.http_response.headers
        self.answered_at = http_date(headers.get("Date"))
        self._clock.heard(self.answered_at)
        if self.answered_at is not None:
            headers["Date"] = format_datetime(self.answered_at, usegmt=True)
        elif "Date" in headers:
            del headers["Date"]


def table_client(connection: Connection, *, endpoint: str, table_name: str, audience: str) -> DatedTableClient:
    """Build a client; nothing is sent."""
    return DatedTableClient(connection, endpoint=endpoint, table_name=table_name, audience=audience)
