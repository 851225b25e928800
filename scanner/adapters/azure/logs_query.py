"""Rows from a Log Analytics workspace, for evidence: whole or not at all.

https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.row_sources import SEARCH_LIMIT
from scanner.errors import ReadFailedError
from scanner.plain_text import plain
from scanner.ports.event import Table
from scanner.times import iso, iso_to_millisecond

type Row = Mapping[str, Any]

PAGE_ROWS = 10_000
"""Snapshot rows that one query asks for, about 30 MB; an answer is cut at 500,000 rows or 100 MB.
https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language"""
_LATE = timedelta(days=8)
"""A row may be sent so long after the moment that it is about: the outbox keeps a week."""
_MOMENT: Mapping[Table, str] = {Table.EVENTS: "DetectedAt", Table.SCANS: "DetectedAt", Table.SNAPSHOT: "SnapshotAt"}
_ORDER: Mapping[Table, str] = {
    Table.EVENTS: "DetectedAt asc, ScaleSetId asc, Revision asc, Ordinal asc, EventId asc",
    Table.SCANS: "DetectedAt asc, EventId asc",
}


class WorkspaceRows:
    """The source of evidence that is a workspace. Every method raises ``ReadFailedError`` where rows may be missing."""

    def __init__(  # noqa: PLR0913 - each says where the rows are
        self,
        connection: Connection,
        *,
        endpoint: str,
        audience: str,
        workspace_id: str,
        tables: Mapping[Table, str] | None = None,
        search_limit: int = SEARCH_LIMIT,
    ) -> None:
        """``tables`` names the tables to ask where they are results of search jobs: their rows are generated when the job runs."""
        from azure.monitor.query import LogsQueryClient

        self._client = LogsQueryClient(connection.credential, endpoint=endpoint, **connection.client_options(audience))
        self._workspace_id = workspace_id
        self._tables = tables or {table: table.value for table in Table}
        self._is_searched, self._search_limit = tables is not None, search_limit
        self.name = f"Log Analytics workspace {workspace_id}{', results of search jobs' if tables else ''}"

    def deployments(self, first: datetime, end: datetime) -> Sequence[str]:
        """List the deployments whose events are there."""
        if self._is_searched:
            self._refuse_cut_results(first, end)
        query = f"{self._between(Table.EVENTS, None, first, end)} | distinct Deployment | sort by Deployment asc"
        return [str(row["Deployment"]) for row in self._ask(query, first, end)]

    def rows(self, table: Table, deployment: str, first: datetime, end: datetime) -> Iterator[Row]:
        """Yield the events or scans, by moment; a day at a time."""
        day = first
        while day < end:
            until = min(day + timedelta(days=1), end)
            yield from self._ask(
                f"{self._between(table, deployment, day, until)} | sort by {_ORDER[table]}", day, until
            )
            day = until

    def snapshot(self, deployment: str, at: str) -> Iterator[Row]:
        """Yield the rows of the snapshot of a moment, by scale set: some subscriptions at a time."""
        moment = datetime.fromisoformat(at)
        after = moment + timedelta(milliseconds=1)
        rows = self._between(Table.SNAPSHOT, deployment, moment, after)
        counted = self._ask(
            f"{rows} | summarize Rows = count() by AzureSubscriptionId | sort by AzureSubscriptionId asc", moment, after
        )
        for subscriptions in _batches([(str(row["AzureSubscriptionId"]), int(row["Rows"])) for row in counted]):
            among = f"where AzureSubscriptionId in ({', '.join(map(_text, subscriptions))})"
            yield from self._ask(f"{rows} | {among} | sort by ScaleSetId asc", moment, after)

    def attempts(self, deployment: str, first: datetime, end: datetime) -> Mapping[str, int]:
        """Count the snapshot rows of each moment."""
        query = f"{self._between(Table.SNAPSHOT, deployment, first, end)} | summarize Rows = count() by SnapshotAt"
        counted = self._ask(query, first, end)
        return {iso_to_millisecond(row["SnapshotAt"].isoformat()): int(row["Rows"]) for row in counted}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _refuse_cut_results(self, first: datetime, end: datetime) -> None:
        for name in self._tables.values():
            (row,) = self._ask(f"{name} | count", first, end)
            if int(row["Count"]) >= self._search_limit:
                raise ReadFailedError(
                    f"{name} has {row['Count']:,} rows: its search job ended at its limit. Search for fewer days."
                )

    def _between(self, table: Table, deployment: str | None, first: datetime, end: datetime) -> str:
        moment = _MOMENT[table]
        query = f"{self._tables[table]} | where {moment} >= datetime({iso(first)}) and {moment} < datetime({iso(end)})"
        return query if deployment is None else f"{query} | where Deployment == {_text(deployment)}"

    def _ask(self, query: str, first: datetime, end: datetime) -> list[Row]:
        """Ask one query; answer its rows by column."""
        from azure.monitor.query import LogsQueryResult

        try:
            timespan = None if self._is_searched else (first - timedelta(days=1), end + _LATE)
            answer = self._client.query_workspace(self._workspace_id, query, timespan=timespan, server_timeout=600)
        except Exception as error:
            said = read_failure(error)
            raise ReadFailedError(f"Log Analytics did not answer: {said}{self._advice(said.status)}", said) from error
        if not isinstance(answer, LogsQueryResult):
            said_so = plain(str(getattr(answer, "partial_error", "")), 300)
            raise ReadFailedError(f"Log Analytics answered a part of the rows only: {said_so} Ask for fewer days.")
        try:
            table = answer.tables[0]
            return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        except (IndexError, ValueError, TypeError, AttributeError) as error:
            raise ReadFailedError("Log Analytics' answer is not a table of rows; ask again.") from error

    def _advice(self, status: int | None) -> str:
        if status == 400 and self._is_searched:
            return f" Search jobs make the tables {', '.join(self._tables.values())}: are they there, and complete?"
        if status == 403:
            return " The reader needs the role Log Analytics Reader on the workspace."
        if status == 404:
            return " --workspace is the workspace's id (a GUID), not its name."
        return ""


def _batches(counted: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for subscription_id, count in counted:
        if batch and size + count > PAGE_ROWS:
            yield batch
            batch, size = [], 0
        batch.append(subscription_id)
        size += count
    if batch:
        yield batch


def _text(value: str) -> str:
    """Write a text as KQL takes it; nothing in it can end the text."""
    return json.dumps(value)
