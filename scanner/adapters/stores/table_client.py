"""The client of a table, built as every other client of Azure is."""

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.data.tables import TableClient

from scanner.adapters.azure.connection import Connection

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest
    from azure.core.rest import HttpRequest


def table_client(connection: Connection, *, endpoint: str, table_name: str, audience: str) -> TableClient:
    """Build a client; nothing is sent.

    The identity needs the role Storage Table Data Contributor. Locally use the address 127.0.0.1: the library takes
    ``localhost`` with any other port than 10002 for Cosmos DB. Left to itself, the library takes the audience of its
    tokens from whoever answers 401, follows redirects, and waits for days.
    https://learn.microsoft.com/azure/storage/tables/authorize-access-azure-active-directory
    """
    return TableClient(
        endpoint,
        table_name,
        credential=connection.credential,
        **connection.client_options(audience, innermost=[StorageRequest()]),
    )


class StorageRequest(SansIOHTTPPolicy["HttpRequest", "object"]):
    """Stands for the policies of the library that we leave out: dates each attempt, as Storage requires.

    https://learn.microsoft.com/rest/api/storageservices/representation-of-date-time-values-in-headers
    """

    def on_request(self, request: "PipelineRequest[HttpRequest]") -> None:
        """Add the header; and tell the client's pager that there is one location, as its own policies do."""
        request.context.options.pop("use_location", None)
        request.context["location_mode"] = "primary"
        request.http_request.headers["x-ms-date"] = formatdate(time.time(), usegmt=True)
