"""The fleet as Azure Resource Graph tells it: pages of raw scale sets, and what the identity can read.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import batched
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.graph_answers import (
    GraphPage,
    Row,
    advice_on,
    check_complete,
    read_page,
    take_container,
    unseen,
)
from scanner.adapters.azure.prefetch import Prefetch
from scanner.errors import CallFailure, ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.ports.fleet import QUERIES, Coverage

if TYPE_CHECKING:
    from azure.mgmt.resourcegraph import ResourceGraphClient

API_VERSION = "2024-04-01"
PAGE_SIZE = 1000
"""Rows of one page: the most that Resource Graph gives."""

_SUBSCRIPTIONS_PER_QUERY = 300
_MANAGEMENT_GROUPS_PER_QUERY = 10
_SUBSCRIPTIONS_COUNTED = 900
"""Subscriptions whose counts surely fit into one answer of 1,000 rows, with some that are not known yet."""
_PAGE_LIMIT = 480.0
"""Seconds after which a page that still trickles in is given up."""
_GRACE = 2.0
"""Seconds that a request, which ends by itself at the time limit, is given to do so."""

type Scope = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    query: str
    scope: Scope
    token: str | None
    size: int


class ResourceGraphFleet:
    """The ``Fleet`` port on Azure Resource Graph.

    Reads the given subscriptions, or what is below the given management groups, or all that the identity can read.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        subscriptions: Sequence[str] = (),
        management_groups: Sequence[str] = (),
        page_size: int = PAGE_SIZE,
    ) -> None:
        from scanner.adapters.azure.decoded_body import DecodedBody

        self._connection = connection
        self._seconds_left = connection.limits.seconds_left
        self._scopes = _scopes(subscriptions, management_groups)
        self._page_size = page_size
        self._body_key = DecodedBody.KEY
        self._client = _client(connection, QUERIES)
        self._clients = [self._client]

    def coverage(self) -> Coverage:
        """Read the subscriptions that can be read, and the resource groups that another service manages.

        Raises ``ReadFailedError`` when the answer is incomplete or not understood.
        """
        subscriptions: dict[str, str] = {}
        managed: dict[str, str] = {}
        for scope in self._scopes:
            for page in self._pages_of(_query("coverage"), scope):
                for row in page:
                    take_container(row, subscriptions, managed)
        return Coverage(subscriptions=subscriptions, managed_groups=managed)

    def pages(self) -> Iterator[Sequence[Row]]:
        """Yield pages of raw scale sets, each once and ordered by id, while the next page is already on its way.

        A row that is not an object is yielded as it is, for the caller to report. Raises ``ReadFailedError`` when a page
        cannot be had or the answer turns out to be incomplete.
        """
        for scope in self._scopes:
            yield from self._pages_of(_query("scale_sets"), scope)

    def counts(self, coverage: Coverage) -> Mapping[str, int]:
        """Count the scale sets by subscription, in one query that also finds what the coverage left out.

        Such an answer has one page. Where the subscriptions may not fit on it, those that are covered are asked about in
        chunks. Raises ``ReadFailedError`` when the answer is incomplete.
        """
        scopes = self._scopes
        if len(coverage.subscriptions) > _SUBSCRIPTIONS_COUNTED:
            scopes = _scopes(tuple(coverage.subscriptions), ())
        counted: dict[str, int] = {}
        for scope in scopes:
            for page in self._pages_of(_query("counts"), scope):
                counted.update(_count(row) for row in page)
        return counted

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "ResourceGraphFleet":
        """Answer the same fleet, but for some subscriptions alone, and with its part of the quota; do not close it."""
        part = copy(self)
        part._take_part(subscriptions, queries)  # noqa: SLF001 - its own copy
        return part

    def _take_part(self, subscriptions: Sequence[str], queries: int) -> None:
        self._scopes = _scopes(subscriptions, ())
        if queries < QUERIES:
            self._client = _client(self._connection, queries)
            self._clients.append(self._client)

    def close(self) -> None:
        """Close the connections, those of its parts too."""
        for client in self._clients:
            client.close()

    def _pages_of(self, query: str, scope: Scope) -> Iterator[Sequence[Row]]:
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
                try:
                    page = coming.result(min(self._seconds_left(), _PAGE_LIMIT) + _GRACE)
                except TimeoutError as error:
                    raise ReadFailedError("The time limit was reached while an answer was still on its way.") from error
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
                seconds_left=lambda: 0.0 if stop.is_set() else self._seconds_left(),
                cls=lambda response, _model, _headers: response.context[self._body_key],
            )
        except Exception as error:  # an answer of another form raises in the client whatever it stumbles over
            said = read_failure(error)
            if said.status == 400 and "ResponsePayloadTooLarge" in said.codes:
                raise _PageTooLargeError(said) from error
            told = f"{advice_on(said)} {said}" if said.status is None else f" {said}{advice_on(said)}"
            raise ReadFailedError(f"Resource Graph was not read.{told}", said) from error


def _client(connection: Connection, queries: int) -> "ResourceGraphClient":
    from azure.mgmt.resourcegraph import ResourceGraphClient

    from scanner.adapters.azure.decoded_body import DecodedBody
    from scanner.adapters.azure.quota import QuotaPolicy

    quota = QuotaPolicy(connection.limits, queries)
    return ResourceGraphClient(
        connection.credential,
        connection.arm_endpoint,
        **connection.arm_options(outermost=[DecodedBody()], innermost=[quota]),
    )


class _PageTooLargeError(Exception):
    def __init__(self, said: CallFailure) -> None:
        super().__init__(str(said))
        self.said = said


@cache
def _query(name: str) -> str:
    return files("scanner.adapters.azure").joinpath("queries", f"{name}.kql").read_text("utf-8")


def _count(row: Row) -> tuple[str, int]:
    subscription, count = row.get("subscriptionId"), row.get("scaleSets")
    if not isinstance(subscription, str) or not isinstance(count, int):
        raise ReadFailedError("Resource Graph's counts of scale sets hold a row that is not understood.")
    return subscription.lower(), count


def _scopes(subscriptions: Sequence[str], management_groups: Sequence[str]) -> tuple[Scope, ...]:
    """Split what was asked for into queries that Azure takes; in order, so that the ids of all pages are."""
    if subscriptions:
        wanted = sorted({subscription.lower() for subscription in subscriptions})
        return tuple({"subscriptions": chunk} for chunk in batched(wanted, _SUBSCRIPTIONS_PER_QUERY, strict=False))
    if management_groups:
        wanted = sorted(set(management_groups))
        return tuple(
            {"managementGroups": chunk} for chunk in batched(wanted, _MANAGEMENT_GROUPS_PER_QUERY, strict=False)
        )
    return ({},)
