"""The fleet as Azure Resource Graph tells it: pages of raw scale sets, and what the identity can read.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import batched
from threading import Event
from typing import Any, cast

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import AzureFailure, read_failure
from scanner.adapters.azure.prefetch import Ahead
from scanner.errors import ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.ports.fleet import Coverage

API_VERSION = "2024-04-01"
PAGE_SIZE = 1000
"""Rows of one page: the most that Resource Graph gives."""

_SUBSCRIPTIONS_PER_QUERY = 300
_MANAGEMENT_GROUPS_PER_QUERY = 10
_PAGE_LIMIT = 480.0
"""Seconds after which a page that still trickles in is given up."""
_GRACE = 2.0
"""Seconds that a request, which ends by itself at the time limit, is given to do so."""

type Row = Mapping[str, JsonValue]
type Scope = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    query: str
    scope: Scope
    token: str | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    rows: Sequence[Row]
    token: str | None
    total: int | None
    """Rows of the whole answer, as Azure counted them for this page."""
    size: int
    """Rows that were asked for; the next page asks for as many."""


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
        from azure.mgmt.resourcegraph import ResourceGraphClient

        from scanner.adapters.azure.pipeline import BodyAside, QuotaPolicy

        self._seconds_left = connection.seconds_left
        self._scopes = _scopes(subscriptions, management_groups)
        self._page_size = page_size
        self._body_key = BodyAside.KEY
        quota = QuotaPolicy(seconds_left=connection.seconds_left, sleep=connection.sleep, clock=connection.clock)
        self._client = ResourceGraphClient(
            connection.credential,
            connection.arm_endpoint,
            **connection.arm_options(outermost=[BodyAside()], innermost=[quota]),
        )

    def coverage(self) -> Coverage:
        """Read the subscriptions that can be read, and the resource groups that another service manages.

        Raises ``ReadFailedError`` when the answer is incomplete or not understood.
        """
        subscriptions: dict[str, str] = {}
        managed: dict[str, str] = {}
        for scope in self._scopes:
            for page in self._pages_of(_query("coverage"), scope):
                for row in page:
                    _take_container(row, subscriptions, managed)
        return Coverage(subscriptions=subscriptions, managed_groups=managed)

    def pages(self) -> Iterator[Sequence[Row]]:
        """Yield pages of raw scale sets, each once and ordered by id, while the next page is already on its way.

        A row that is no object is yielded as it is, for the caller to report. Raises ``ReadFailedError`` when a page
        cannot be had or the answer turns out to be incomplete.
        """
        for scope in self._scopes:
            yield from self._pages_of(_query("scale_sets"), scope)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

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
            coming: Ahead[_Page] | None = self._ahead(_Wanted(query, scope, None, self._page_size), stop)
            while coming is not None:
                page = coming.result(min(self._seconds_left(), _PAGE_LIMIT) + _GRACE)
                coming = None
                rows = _unseen(page.rows, seen)
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
            _check_complete(received, smallest_total, pages)
        finally:
            stop.set()

    def _ahead(self, wanted: _Wanted, stop: Event) -> Ahead[_Page]:
        return Ahead(lambda: self._page(wanted, stop), name="resource-graph-page")

    def _page(self, wanted: _Wanted, stop: Event) -> _Page:
        """Read one page; where it would pass 16 MB, Azure refuses it and we ask for half as many rows."""
        while True:
            try:
                body = self._ask(wanted, stop)
            except _PageTooLargeError as error:
                if wanted.size == 1:
                    raise ReadFailedError(f"Resource Graph cannot send even one row: {error.said}.") from error
                wanted = replace(wanted, size=wanted.size // 2)
                continue
            return _read_page(body, wanted.size)

    def _ask(self, wanted: _Wanted, stop: Event) -> Any:
        from azure.core.exceptions import AzureError

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
        except (AzureError, ValueError, OSError, RecursionError) as error:
            # ValueError and OSError come from the token request and from bodies that are not text.
            said = read_failure(error)
            if said.status == 400 and "ResponsePayloadTooLarge" in said.codes:
                raise _PageTooLargeError(said) from error
            told = f"{_advice(said)} {said}" if said.status is None else f" {said}{_advice(said)}"
            raise ReadFailedError(f"Resource Graph was not read.{told}") from error


class _PageTooLargeError(Exception):
    def __init__(self, said: AzureFailure) -> None:
        super().__init__(str(said))
        self.said = said


@cache
def _query(name: str) -> str:
    return files("scanner.adapters.azure").joinpath("queries", f"{name}.kql").read_text("utf-8")


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


def _read_page(body: Any, size: int) -> _Page:
    if not isinstance(body, dict):
        raise ReadFailedError("Resource Graph's answer is no JSON object: a proxy may have answered in its place.")
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ReadFailedError("Resource Graph's answer has no list of rows under 'data'.")
    if str(body.get("resultTruncated", "false")).lower() != "false":
        raise ReadFailedError("Resource Graph truncated the answer: rows are missing and cannot be paged to.")
    counted = body.get("count")
    if isinstance(counted, int) and counted != len(rows):
        raise ReadFailedError(f"Resource Graph counted {counted} rows on a page and sent {len(rows)}.")
    token = body.get("$skipToken")
    if token is not None and not isinstance(token, str):
        raise ReadFailedError("Resource Graph's page token is no text.")
    total = body.get("totalRecords")
    return _Page(
        rows=cast("Sequence[Row]", rows),
        token=token or None,
        total=total if isinstance(total, int) else None,
        size=size,
    )


def _check_complete(received: int, total: int | None, pages: int) -> None:
    """Raise when fewer rows came than Azure counted.

    Between two pages the estate may change and a row slip past the edge: one for each edge may be missing. Whoever was
    missed keeps the last known state.
    """
    if total is not None and received < total - (pages - 1):
        raise ReadFailedError(f"Resource Graph counted {total} rows and sent {received}: the answer is incomplete.")


def _unseen(rows: Sequence[Row], seen: set[str]) -> Sequence[Row]:
    """Leave out the rows whose id was on this page or an earlier one: pages of a changing estate may overlap."""
    fresh: list[Row] = []
    for row in rows:
        scale_set_id = row.get("id") if isinstance(row, dict) else None
        if isinstance(scale_set_id, str):
            key = scale_set_id.lower()
            if key in seen:
                continue
            seen.add(key)
        fresh.append(row)
    return fresh


def _take_container(row: Any, subscriptions: dict[str, str], managed: dict[str, str]) -> None:
    """Put one row of the coverage query where its id says it belongs; coverage that we half understand is no coverage."""
    fields = row if isinstance(row, dict) else {}
    container, name, owner = fields.get("id"), fields.get("name"), fields.get("managedBy")
    match = _CONTAINER.fullmatch(container) if isinstance(container, str) else None
    if match is None:
        raise ReadFailedError(
            f"Resource Graph's list of subscriptions holds a row that is neither subscription nor group: {container!r:.200}"
        )
    if match["group"] is None:
        subscription = match["subscription"].lower()
        subscriptions[subscription] = name if isinstance(name, str) else subscription
    elif isinstance(owner, str) and owner:
        managed[match[0].lower()] = owner
    elif owner not in (None, ""):
        raise ReadFailedError("Resource Graph's list of resource groups holds one whose owner is no text.")


_CONTAINER = re.compile(r"/subscriptions/(?P<subscription>[^/]+)(/resourcegroups/(?P<group>[^/]+))?", re.IGNORECASE)


def _advice(said: AzureFailure) -> str:
    if said.status == 403:
        return " Grant the identity the Reader role on the subscriptions or management groups to watch."
    if said.status == 401:
        return " The token was not accepted: sign in again, and check the cloud and the tenant."
    if said.status == 429:
        return " The quota is used up by this identity: run less often, or let others use another identity."
    if said.is_sign_in:
        return " Sign in with az login, or set the AZURE_* variables; in Azure, give the app a managed identity."
    if said.status is None:
        return " Check network, proxy and trusted certificates."
    return ""
