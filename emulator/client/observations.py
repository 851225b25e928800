"""What happened in the local Azure: what was asked, and what arrived."""

import json
from datetime import datetime
from typing import Any

from emulator.client.connection import ControlConnection
from emulator.endpoint.journal import Entry


class ObservationsControl(ControlConnection):
    """Reads the journal and the rows of Log Analytics."""

    __slots__ = ()

    def requests(
        self,
        endpoint: str | None = None,
        *,
        contains: str = "",
        after: int = 0,
        status: int | None = None,
        done: bool = False,
    ) -> list[Entry]:
        """Answer the requests that match, oldest first."""
        answer = self.do("journal", endpoint=endpoint, contains=contains, after=after, status=status, done=done)
        return [Entry(**entry) for entry in answer["entries"]]

    def counters(self) -> dict[str, dict[str, int]]:
        """Numbers of requests by endpoint and status."""
        counters: dict[str, dict[str, int]] = self.do("status")["counters"]
        return counters

    def wait_for(  # noqa: PLR0913 - the fields of a selector, by name
        self,
        endpoint: str | None = None,
        *,
        contains: str = "",
        after: int = 0,
        status: int | None = None,
        done: bool = False,
        count: int = 1,
        timeout: float = 30.0,
    ) -> list[Entry]:
        """Wait until so many requests that match have arrived (``done``: were answered).

        Raises ``TimeoutError`` when they do not in ``timeout`` seconds.
        """
        answer = self.do(
            "journal/wait",
            endpoint=endpoint,
            contains=contains,
            after=after,
            status=status,
            done=done,
            count=count,
            timeout=timeout,
        )
        if not answer["reached"]:
            raise TimeoutError(
                f"{len(answer['entries'])} of {count} requests ({endpoint}, {contains!r}) in {timeout} s"
            )
        return [Entry(**entry) for entry in answer["entries"]]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Answer the rows of a Log Analytics table, in the order in which they arrived."""
        return [json.loads(line) for line in self.export(table).split("\n") if line]

    def export(self, table: str) -> str:
        """Answer the rows of a table as lines of JSON."""
        return self.send("GET", f"rows/{table}", None, self.timeout_seconds).decode()

    def load(self, table: str, lines: str) -> int:
        """Put exported rows back into a table, as they were received; answer how many."""
        rows: int = self.do("load", table=table, lines=lines)["rows"]
        return rows

    def save_function(self, name: str, body: str, parameters: str = "") -> None:
        """Save a KQL function in the workspace."""
        self.do("function", name=name, parameters=parameters, body=body)

    def query(self, kql: str) -> list[dict[str, Any]]:
        """Run KQL over the workspace; rows as objects."""
        rows: list[dict[str, Any]] = self.do("query", query=kql)["rows"]
        return rows

    def archive(self, before: datetime | None) -> None:
        """Let queries see no rows of before a moment, as beyond the interactive retention; ``None``: all again."""
        self.do("archive", before=None if before is None else before.isoformat())

    def search_job(self, name: str, table: str, start: datetime, end: datetime) -> int:
        """Run a search job over a table; answer the number of rows in the new table ``name``, which ends with _SRCH."""
        rows: int = self.do("search-job", name=name, query=table, start=start.isoformat(), end=end.isoformat())["rows"]
        return rows
