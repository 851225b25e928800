"""A client of Azure Resource Graph: queries, answered page by page, within its quota and the time left.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from threading import Event
from typing import Any, cast

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.graph_answers import (
    GraphPage,
    Row,
    TruncatedError,
    advice_on,
    check_complete,
    read_page,
    unseen,
)
from scanner.adapters.azure.prefetch import Prefetch
from scanner.errors import CallFailure, ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.ports.fleet import QUERIES

API_VERSION = "2024-04-01"
PAGE_SIZE = 1000
"""Rows of one page: the most that Resource Graph gives."""

_PAGE_LIMIT = 480.0
"""Seconds after which a page that still trickles in is given up."""
_GRACE = 2.0
"""Seconds that a request, which ends by itself at the time limit, is given to do so."""

type Scope = Mapping[str, Sequence[str]]
"""What a query is asked of: ``subscriptions`` or ``managementGroups``, or all that the identity can read."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    query: str
    scope: Scope
    token: str | None
    size: int


class GraphClient:
    """Asks Resource Graph. One client keeps one count of the quota: whoever asks shares it."""

    def __init__(self, connection: Connection, *, page_size: int = PAGE_SIZE, queries: int = QUERIES) -> None:
        from azure.mgmt.resourcegraph import ResourceGraphClient

        from scanner.adapters.azure.decoded_body import DecodedBody
        from scanner.adapters.azure.quota import QuotaPolicy

        self._connection = connection
        self._parts: list[GraphClient] = []
        self.seconds_left = connection.limits.seconds_left
        """Tells the seconds left of the run."""
        self._page_size = page_size
        self._body_key = DecodedBody.KEY
        quota = QuotaPolicy(connection.limits, queries)
        self._client = ResourceGraphClient(
            connection.credential,
            connection.arm_endpoint,
            **connection.arm_options(outermost=[DecodedBody()], innermost=[quota]),
        )

    def open(self) -> None:
        """Open the connections, before several threads would at once."""
        self._client.__enter__()

    def part(self, queries: int) -> "GraphClient":
        """Make a client that has a part of the quota to itself; it is closed with this one."""
        part = GraphClient(self._connection, page_size=self._page_size, queries=queries)
        self._parts.append(part)
        return part

    def close(self) -> None:
        """Close the connections."""
        for part in self._parts:
            part.close()
        self._client.close()

    def wait_for[T](self, coming: Prefetch[T]) -> T:
        """Wait for an answer that is on its way, no longer than the time left. Raises ``ReadFailedError``."""
        try:
            return coming.result(min(self.seconds_left(), _PAGE_LIMIT) + _GRACE)
        except TimeoutError as error:
            raise ReadFailedError("The time limit was reached while an answer was still on its way.") from error

    def summary(self, query: str, scope: Scope) -> Sequence[Row] | None:
        """Ask for a result that is summed up, which has one page; ``None``: rows may be missing.

        A full page may be the beginning of more: it is never answered as whole. Raises ``ReadFailedError``.
        """
        try:
            page = self._page(_Wanted(query, scope, None, self._page_size), Event())
        except TruncatedError:
            return None
        is_whole = len(page.rows) < page.size and page.size == self._page_size and page.token is None
        return page.rows if is_whole else None

    def pages_of(self, query: str, scope: Scope) -> Iterator[Sequence[Row]]:
        """Follow the tokens of one query. Never more than the caller's page and the next one are held.

        A row whose id came before is left out, and does not count as one that was received.
        """
        tokens: set[str] = set()
        seen: set[str] = set()
        received = pages = 0
        smallest_total: int | None = None
        stop = Event()
        try:
            coming: Prefetch[GraphPage] | None = self._ahead(_Wanted(query, scope, None, self._page_size), stop)
            while coming is not None:
                page = self.wait_for(coming)
                coming = None
                rows = unseen(page.rows, seen)
                pages += 1
                received += len(rows)
                if page.total is not None:
                    smallest_total = page.total if smallest_total is None else min(smallest_total, page.total)
                if page.token in tokens:
                    raise ReadFailedError("Resource Graph repeated a page token: the answer would never end.")
                if page.token is not None:
                    tokens.add(page.token)
                    coming = self._ahead(_Wanted(query, scope, page.token, page.size), stop)
                del page
                yield rows
                del rows
            check_complete(received, smallest_total, pages)
        finally:
            stop.set()

    def _ahead(self, wanted: _Wanted, stop: Event) -> Prefetch[GraphPage]:
        return Prefetch(lambda: self._page(wanted, stop), name="resource-graph-page")

    def _page(self, wanted: _Wanted, stop: Event) -> GraphPage:
        """Read one page; where it would pass 16 MB, Azure refuses it and we ask for half as many rows."""
        while True:
            try:
                body = self._ask(wanted, stop)
            except _PageTooLargeError as error:
                if wanted.size == 1:
                    raise ReadFailedError(
                        f"Resource Graph cannot send even one row: {error.said}.", error.said
                    ) from error
                wanted = replace(wanted, size=wanted.size // 2)
                continue
            return read_page(body, wanted.size)

    def _ask(self, wanted: _Wanted, stop: Event) -> Any:
        options: dict[str, JsonValue] = {"$top": wanted.size, "resultFormat": "objectArray"}
        if wanted.token is not None:
            options["$skipToken"] = wanted.token
        request = json.dumps({**wanted.scope, "query": wanted.query, "options": options}).encode()
        try:
            return self._client.resources(
                cast("Any", request),  # the SDK takes bytes; its annotation says a model or a stream
                api_version=API_VERSION,
                seconds_left=lambda: 0.0 if stop.is_set() else self.seconds_left(),
                cls=lambda response, _model, _headers: response.context[self._body_key],
            )
        except Exception as error:  # an answer of another form raises in the client whatever it stumbles over
            said = read_failure(error)
            if said.status == 400 and "ResponsePayloadTooLarge" in said.codes:
                raise _PageTooLargeError(said) from error
            told = f"{advice_on(said)} {said}" if said.status is None else f" {said}{advice_on(said)}"
            raise ReadFailedError(f"Resource Graph was not read.{told}", said) from error


class _PageTooLargeError(Exception):
    def __init__(self, said: CallFailure) -> None:
        super().__init__(str(said))
        self.said = said


@cache
def query_text(name: str) -> str:
    """Read a query by the name of its file."""
    return files("scanner.adapters.azure").joinpath("queries", f"{name}.kql").read_text("utf-8")
