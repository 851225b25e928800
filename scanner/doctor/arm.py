"""Questions to Azure Resource Manager that only the doctor asks, and what the answers say of the time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.connection import Connection
from scanner.times import http_date

if TYPE_CHECKING:
    from datetime import datetime

_SUBSCRIPTIONS_VERSION = "2022-12-01"
_GRAPH_VERSION = "2024-04-01"
_ABLE = frozenset({"", "enabled", "warned", "pastdue"})


_NOT_JSON = "the answer is not a JSON object: a proxy may have answered"


class Arm:
    """A few reads through the policies and transport of the service's own clients.

    Every method raises ``AzureError``, ``ValueError`` or ``OSError``; ``read_failure`` explains them.
    """

    def __init__(self, connection: Connection) -> None:
        from azure.core import PipelineClient
        from azure.core.pipeline import Pipeline

        options = connection.arm_options()
        pipeline: Pipeline[Any, Any] = Pipeline(options["transport"], options["policies"])
        self._endpoint = connection.arm_endpoint
        self._client: PipelineClient[Any, Any] = PipelineClient(connection.arm_endpoint, pipeline=pipeline)
        self.azure_time: datetime | None = None
        """What Azure's last answer gave as its time, to the second."""

    def subscriptions(self) -> dict[str, str]:
        """List the subscriptions in use that the identity has any role in: name by id, in lower case."""
        body = self._send("GET", f"/subscriptions?api-version={_SUBSCRIPTIONS_VERSION}")
        rows = [each for each in _rows(body, "value") if isinstance(each, dict)]
        return {
            str(each.get("subscriptionId")).lower(): str(each.get("displayName", ""))
            for each in rows
            if str(each.get("state", "")).lower() in _ABLE
        }

    def query(self, kql: str, scope: Mapping[str, Any], top: int) -> tuple[int, list[Any]]:
        """Ask Resource Graph: how many rows there are, and the first ones."""
        options = {"$top": top, "resultFormat": "objectArray"}
        path = f"/providers/Microsoft.ResourceGraph/resources?api-version={_GRAPH_VERSION}"
        body = self._send("POST", path, {**scope, "query": kql, "options": options})
        rows = [each for each in _rows(body, "data") if isinstance(each, dict)]
        total = body.get("totalRecords")
        return total if isinstance(total, int) else len(rows), rows

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, f"{self._endpoint}{path}", json=body)
        response = self._client.send_request(request)
        self.azure_time = http_date(response.headers.get("Date")) or self.azure_time
        response.raise_for_status()
        try:
            answer = response.json()
        except Exception as error:  # an answer of another form raises in the client whatever it stumbles over
            raise ValueError(f"{_NOT_JSON} ({type(error).__name__})") from error
        if not isinstance(answer, dict):
            raise ValueError(_NOT_JSON)  # noqa: TRY004 - a kind of answer
        return answer


def _rows(body: Mapping[str, Any], name: str) -> list[Any]:
    rows = body.get(name)
    if not isinstance(rows, list):
        raise ValueError(f"the answer has no list {name!r}: a proxy may have answered")  # noqa: TRY004 - as above
    return rows
