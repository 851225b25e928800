"""Rows of our tables as a Log Analytics workspace has them, through the query API.

https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
"""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError

from scanner.adapters.azure.connection import Connection
from scanner.errors import ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.event import Table

PAGE = 2_000
"""Rows of one query, about: wide ones, of which the API answers about 100 MB at once.

https://learn.microsoft.com/azure/azure-monitor/service-limits#query-api
"""
MOST_EVENTS = 20_000
"""Events and scans that are read, the newest: a report lists fewer."""


class WorkspaceRows:
    """Reads rows as the signed-in user; whoever may query the workspace may."""

    def __init__(
        self, connection: Connection, *, endpoint: str, audience: str, workspace_id: str, page: int = PAGE
    ) -> None:
        from azure.monitor.query import LogsQueryClient

        self._workspace_id = workspace_id
        self._page = page
        self._client = LogsQueryClient(
            connection.credential, endpoint=endpoint, audience=audience, **_options(connection, audience)
        )

    def rows(self, since: datetime, until: datetime, deployment: str | None = None) -> Iterator[dict[str, JsonValue]]:
        """Yield the last snapshot of a span of time, its scans and its events. Raises ``ReadFailedError``."""
        chosen = "" if deployment is None else f" | where Deployment == {kql_text(deployment)}"
        yield from self._newest(Table.SCANS, chosen, since, until)
        yield from self._newest(Table.EVENTS, chosen, since, until)
        yield from self._last_snapshot(chosen, since, until)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _newest(self, table: Table, chosen: str, since: datetime, until: datetime) -> Iterator[dict[str, JsonValue]]:
        return self._query(f"{table}{chosen} | top {MOST_EVENTS} by DetectedAt desc", since, until)

    def _last_snapshot(self, chosen: str, since: datetime, until: datetime) -> Iterator[dict[str, JsonValue]]:
        """Yield the rows of each deployment's newest snapshot, in slices by the hash of their ids."""
        newest = f"{Table.SNAPSHOT}{chosen} | summarize At = max(SnapshotAt) by Deployment"
        for found in list(self._query(newest, since, until)):
            ours = (
                f"{Table.SNAPSHOT} | where Deployment == {kql_text(str(found['Deployment'] or ''))}"
                f" and SnapshotAt == datetime({found['At']})"
            )
            counted = [row["Count"] for row in self._query(f"{ours} | count", since, until)]
            slices = max(1, math.ceil(int(str(counted[0])) / self._page)) if counted else 0
            for place in range(slices):
                yield from self._query(f"{ours} | where hash(ScaleSetId, {slices}) == {place}", since, until)

    def _query(self, text: str, since: datetime, until: datetime) -> Iterator[dict[str, JsonValue]]:
        from azure.monitor.query import LogsQueryResult

        try:
            answer = self._client.query_workspace(self._workspace_id, text, timespan=(since, until))
        except AzureError as error:
            raise ReadFailedError(f"Log Analytics did not answer: {plain(str(error), 1_000)}") from error
        if not isinstance(answer, LogsQueryResult):
            raise ReadFailedError(
                f"Log Analytics answered a part of the rows only, so none is shown: {plain(str(answer.partial_error), 600)}"
            )
        for table in answer.tables:
            for row in table.rows:
                yield {name: _plain(value) for name, value in zip(table.columns, row, strict=True)}


def kql_text(text: str) -> str:
    """Write a text as a string literal of KQL: what would end or escape it is escaped, what is not printable is left out.

    https://learn.microsoft.com/kusto/query/scalar-data-types/string
    """
    printable = "".join(char for char in text if char.isprintable())
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(value: Any) -> JsonValue:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            decoded: JsonValue = json.loads(value)  # dynamic columns come as JSON text
        except (ValueError, RecursionError):
            return value
        return decoded
    return value  # type: ignore[no-any-return]


def _options(connection: Connection, audience: str) -> Mapping[str, Any]:
    return connection.client_options(audience)
