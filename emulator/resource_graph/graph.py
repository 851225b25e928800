"""Resource Graph: the query text runs as KQL on DuckDB over what the caller can read.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb

from emulator.endpoint.access import AccessControl, Audience, Role
from emulator.endpoint.faults import Fault, FaultKind
from emulator.endpoint.messages import JSON_TYPE, Request, Response, iso
from emulator.estate.estate import Estate
from emulator.estate.gallery import COMMUNITY_TABLE
from emulator.estate.index import COLUMNS, TABLES
from emulator.kusto import kql, kql_text, values
from emulator.resource_graph import graph_limits
from emulator.resource_graph.graph_errors import bad_query, bad_request, no_access, throttled
from emulator.resource_graph.graph_quota import Quota
from emulator.resource_graph.graph_request import GraphRequest, read_request

PATH = "/providers/microsoft.resourcegraph/resources"
PAGE_BYTES = 16 * 1024 * 1024
CHANGES_KEPT = timedelta(days=14)
_RESULTS_KEPT = 4
_UNPAGEABLE = frozenset({"limit", "take", "top", "sample", "sample-distinct", "summarize", "distinct"})
_SCHEMA = dict.fromkeys(TABLES, COLUMNS)
_TABLE_TYPES = {
    "int": "integer", "long": "integer", "real": "number", "decimal": "number", "bool": "boolean", "dynamic": "object",
    "datetime": "datetime",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    table: kql.Table
    pageable: bool


class ResourceGraph:
    """The endpoint. A query's result is kept for its further pages, so that they agree with the first."""

    def __init__(self, estate: Estate, access: AccessControl, quota: Quota) -> None:
        self._estate = estate
        self._access = access
        self.quota = quota
        self.page_bytes = PAGE_BYTES
        self.change_delay_seconds = 0.0
        """How much later than a change its record is there."""
        self._lock = threading.Lock()
        self._results: OrderedDict[str, _Result] = OrderedDict()

    def reset(self) -> None:
        """Forget kept results, the quota used, and a changed page size."""
        with self._lock:
            self._results.clear()
        self.quota.reset()
        self.page_bytes = PAGE_BYTES
        self.change_delay_seconds = 0.0

    def handle(self, request: Request, faults: Sequence[Fault]) -> Response:
        """Answer one page."""
        started = time.perf_counter()
        principal = self._access.authenticate(request, Audience.ARM)
        allowance = self.quota.take(principal.client_id)
        if not allowance.allowed:
            return throttled(allowance.headers())
        asked = read_request(request, principal.client_id)
        scope = self._scope(asked, [
            key for key in self._estate.subscriptions if self._access.allows(principal, Role.READER, key)
        ])  # fmt: skip
        result = self._result(asked, scope, faults)
        body = self._page(asked, result, faults)
        elapsed = time.perf_counter() - started
        headers = {
            "Content-Type": JSON_TYPE,
            "x-ms-resource-graph-request-duration": f"0:00:00:{elapsed:010.7f}",
            **allowance.headers(),
        }
        return Response(status=200, body=body, headers=headers)

    def _scope(self, asked: GraphRequest, readable: list[str]) -> frozenset[str]:
        """Answer the subscriptions that count: asked for and readable. The rest is left out without a word."""
        scope = set(readable)
        if asked.subscriptions is not None:
            scope &= asked.subscriptions
        if asked.management_groups:
            scope = {
                key
                for key in scope
                if self._estate.subscriptions[key].management_group.lower() in asked.management_groups
            }
        if not scope:
            raise no_access()
        return frozenset(scope)

    def _result(self, asked: GraphRequest, scope: frozenset[str], faults: Sequence[Fault]) -> _Result:
        with self._lock:
            kept = self._results.get(asked.result_id)
        if kept is not None and not asked.first_page:
            return kept
        graph_limits.check(asked.query, _tables(asked.query))
        vanished = {item.lower() for fault in faults if fault.kind is FaultKind.VANISH for item in fault.ids}
        hidden = {item.lower() for fault in faults if fault.kind is FaultKind.HIDE for item in fault.ids}
        schema = "kept" if any(fault.kind is FaultKind.STALE for fault in faults) else "estate"
        self._estate.catch_up()
        cursor = self._estate.index.cursor()
        try:
            self._create_views(cursor, schema, scope - vanished, hidden, asked.query)
            table = _numbers_for_booleans(kql.run(cursor, asked.query, schema=_SCHEMA, now=self._estate.clock.now()))
        except kql.QueryError as error:
            raise bad_query(error) from error
        finally:
            cursor.close()
        pageable = not (kql_text.outer_operators(asked.query) & _UNPAGEABLE) and any(
            column.type != "dynamic" for column in table.columns
        )
        result = _Result(table=table, pageable=pageable)
        with self._lock:
            self._results[asked.result_id] = result
            self._results.move_to_end(asked.result_id)
            while len(self._results) > _RESULTS_KEPT:
                self._results.popitem(last=False)
        return result

    def _create_views(
        self,
        cursor: duckdb.DuckDBPyConnection,
        schema: str,
        scope: frozenset[str],
        hidden: set[str],
        query: str,
    ) -> None:
        """Give the query the tables as the caller sees them, for this cursor alone."""
        cursor.execute("SET TimeZone='UTC'")
        conditions = []
        if not scope.issuperset(self._estate.subscriptions):
            conditions.append(f"lower(subscriptionId) IN ({_literals(scope)})")
        if hidden:
            conditions.append(f"lower(id) NOT IN ({_literals(hidden)})")
        until = iso(self._estate.clock.now() - timedelta(seconds=self.change_delay_seconds))
        since = iso(self._estate.clock.now() - CHANGES_KEPT)
        for table in _tables(query):
            mine = list(conditions)
            if table == "resourcechanges":
                at = "properties->>'$.changeAttributes.timestamp'"
                mine += [f"{at} >= '{since}'", f"{at} <= '{until}'"]
            if table == COMMUNITY_TABLE:
                mine = []
            where = f" WHERE {' AND '.join(mine)}" if mine else ""
            source = self._estate.index.source(table, schema)
            cursor.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM ({source}){where}")  # noqa: S608 - quoted

    def _page(self, asked: GraphRequest, result: _Result, faults: Sequence[Fault]) -> bytes:
        kinds = {fault.kind for fault in faults}
        rows = result.table.rows[asked.skip : asked.skip + asked.top]
        end = asked.skip + len(rows)
        more = end < len(result.table.rows)
        truncated = more and not result.pageable
        token = asked.next_token(end) if more and result.pageable else ""
        if FaultKind.TRUNCATE in kinds:
            rows, truncated, token = rows[: len(rows) // 2], True, ""
        if FaultKind.CUT in kinds:
            truncated, token = False, ""
        if FaultKind.REPEAT_TOKEN in kinds:
            token = asked.token
        rows = _spoil(result.table.columns, rows, kinds)
        if asked.as_table:
            data = self._as_table(result.table, rows)
        else:
            data = "[" + ",".join(values.row_objects(result.table.columns, rows)) + "]"
        head = {
            "totalRecords": len(result.table.rows),
            "count": len(rows),
            "facets": [],
            "resultTruncated": "true" if truncated else "false",
        }
        if token:
            head["$skipToken"] = token
        body = f'{json.dumps(head)[:-1]},"data":{data}}}'.encode()
        if len(body) > self.page_bytes:
            raise bad_request(
                "ResponsePayloadTooLarge",
                f"Response payload size is {len(body)}, and has exceeded the limit of {self.page_bytes}. Please "
                "consider querying less data at a time and make paginated calls if needed.",
            )
        return body

    def _as_table(self, table: kql.Table, rows: Sequence[Sequence[Any]]) -> str:
        columns = [{"name": column.name, "type": _TABLE_TYPES.get(column.type, "string")} for column in table.columns]
        arrays = values.row_arrays(table.columns, rows, dynamic_as_text=False)
        return f'{{"columns":{json.dumps(columns)},"rows":[{",".join(arrays)}]}}'


def _tables(query: str) -> frozenset[str]:
    """Name the tables that a query reads, or may read."""
    return frozenset(name.lower() for name in kql_text.names(query)).intersection(TABLES)


def _numbers_for_booleans(table: kql.Table) -> kql.Table:
    """Write a boolean that the query computed as Azure does: 0 or 1. Those inside a document stay as they are."""
    places = [index for index, column in enumerate(table.columns) if column.type == "bool"]
    if not places:
        return table
    columns = tuple(kql.Column(name=item.name, type="long") if item.type == "bool" else item for item in table.columns)
    rows = [
        tuple(int(value) if index in places and value is not None else value for index, value in enumerate(row))
        for row in table.rows
    ]
    return kql.Table(columns=columns, rows=rows)


def _literals(texts: frozenset[str] | set[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(texts)) or "NULL"


def _spoil(columns: Sequence[kql.Column], rows: list[Any], kinds: set[FaultKind]) -> list[Any]:
    """Apply the faults that change rows."""
    names = [column.name.lower() for column in columns]
    if FaultKind.CHANGE_CASE in kinds and "id" in names:
        at = names.index("id")
        rows = [(*row[:at], str(row[at]).upper(), *row[at + 1 :]) for row in rows]
    if FaultKind.MALFORMED in kinds and rows:
        spoilt = {"id": None, "properties": '"not an object"'}
        first = tuple(spoilt.get(name, value) for name, value in zip(names, rows[0], strict=True))
        rows = [first, *rows[1:]]
    return rows
