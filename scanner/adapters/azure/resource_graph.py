"""The fleet as Azure Resource Graph tells it: pages of raw scale sets, and what the identity can read.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from itertools import batched

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.graph_answers import Row, take_container
from scanner.adapters.azure.graph_client import PAGE_SIZE, GraphClient, Scope, query_text
from scanner.adapters.azure.prefetch import Prefetch
from scanner.errors import ReadFailedError
from scanner.ports.fleet import QUERIES, Coverage
from scanner.ports.tables import Beside
from scanner.times import iso

_NAMED = "{named}"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What may be put into the text of a query: nothing that could end a text in KQL."""
_SUBSCRIPTIONS_PER_QUERY = 300
_MANAGEMENT_GROUPS_PER_QUERY = 10
_ABOUT_SCALE_SETS = frozenset({Beside.PATCH_RUNS, Beside.PATCH_ASSESSMENTS, Beside.FLEXIBLE_INSTANCES})
"""What is read of the subscriptions of the scale sets alone: their machines are there too."""
_SUBSCRIPTIONS_COUNTED = 900
"""Subscriptions whose counts surely fit into one answer, with some that are not known yet."""


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
        self._whole = self._scopes = _scopes(subscriptions, management_groups)
        self.graph = GraphClient(connection, page_size=page_size)
        """Its client, for others who ask Resource Graph too: the quota is one."""
        self._coverage: Prefetch[Coverage] | None = None
        self._pages: tuple[Iterator[Sequence[Row]], Prefetch[Sequence[Row] | None]] | None = None

    def begin(self) -> None:
        """Begin to read the coverage and the first page, side by side, while the caller does something else.

        What goes wrong is raised where the answer is asked for, once.
        """
        self.graph.open()
        self._coverage = Prefetch(self._read_coverage, name="resource-graph-coverage")
        pages = self._read_pages()
        self._pages = pages, Prefetch(lambda: next(pages, None), name="resource-graph-first-page")

    def coverage(self) -> Coverage:
        """Read the subscriptions that can be read, and the resource groups that another service manages.

        Raises ``ReadFailedError`` when the answer is incomplete or not understood.
        """
        coming, self._coverage = self._coverage, None
        return self._read_coverage() if coming is None else self.graph.wait_for(coming)

    def _read_coverage(self) -> Coverage:
        subscriptions: dict[str, str] = {}
        managed: dict[str, str] = {}
        for scope in self._scopes:
            for page in self.graph.pages_of(query_text("coverage"), scope):
                for row in page:
                    take_container(row, subscriptions, managed)
        return Coverage(subscriptions=subscriptions, managed_groups=managed)

    def pages(self) -> Iterator[Sequence[Row]]:
        """Yield pages of raw scale sets, each once and ordered by id, while the next page is already on its way.

        A row that is not an object is yielded as it is, for the caller to report. Raises ``ReadFailedError`` when a page
        cannot be had or the answer turns out to be incomplete.
        """
        begun, self._pages = self._pages, None
        if begun is None:
            yield from self._read_pages()
            return
        pages, coming = begun
        first = self.graph.wait_for(coming)
        del begun, coming
        if first is not None:
            yield first
            del first
            yield from pages

    def _read_pages(self) -> Iterator[Sequence[Row]]:
        for scope in self._scopes:
            yield from self.graph.pages_of(query_text("scale_sets"), scope)

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
            rows = self.graph.summary(query_text("counts"), scope)
            if rows is None:
                raise ReadFailedError("Resource Graph's counts of scale sets are incomplete.")
            counted.update(_count(row) for row in rows)
        return counted

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "ResourceGraphFleet":
        """Answer the same fleet, but for some subscriptions alone, and with its part of the quota; do not close it.

        Its tables are the whole ones, but for those about scale sets: images and maintenance windows may lie anywhere.
        """
        part = copy(self)
        part._take_part(subscriptions, queries)  # noqa: SLF001 - its own copy
        return part

    def _take_part(self, subscriptions: Sequence[str], queries: int) -> None:
        self._scopes = _scopes(subscriptions, ())
        if queries < QUERIES:
            self.graph = self.graph.part(queries)

    def changes(self, since: datetime) -> Iterator[Sequence[Row]]:
        """Yield pages of the records of changes after a moment. Raises ``ReadFailedError`` as ``pages`` does."""
        query = query_text("changes").replace("{since}", iso(since))
        for scope in self._scopes:
            yield from self.graph.pages_of(query, scope)

    def rows(self, what: Beside, named: str = "") -> Iterator[Sequence[Row]]:
        """Yield pages of what lies beside the scale sets, each row once and ordered by id.

        Raises ``ReadFailedError`` as ``pages`` does, and for a name that cannot stand in a query.
        """
        query = query_text(what.value)
        if _NAMED in query:
            if not _PLAIN_NAME.fullmatch(named):
                raise ReadFailedError("A name was not asked for, as it holds other characters than Azure allows.")
            query = query.replace(_NAMED, named)
        for scope in self._scopes if what in _ABOUT_SCALE_SETS else self._whole:
            yield from self.graph.pages_of(query, scope)

    def close(self) -> None:
        """Close the connections, those of its parts too."""
        self.graph.close()


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
