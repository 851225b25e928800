"""The Log Analytics query API.

https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
"""

import json
import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from emulator.endpoint.access import AccessControl, Audience, Role
from emulator.endpoint.faults import Fault, FaultKind
from emulator.endpoint.messages import JSON_TYPE, RefusedError, Request, Response, json_response, parse_time, read_json
from emulator.estate.clock import DomainClock
from emulator.kusto import kql, kql_text, values
from emulator.kusto.kql_text import RECEIVED
from emulator.log_analytics.workspace import Workspace

MAX_ROWS = 500_000
_PATH = re.compile(r"^/v1/workspaces/(?P<workspace>[^/]+)/query$", re.IGNORECASE)
_DURATION = re.compile(
    r"^P(?:(?P<weeks>\d+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?$"
)


def _error(status: int, code: str, message: str, inner: dict[str, Any] | None = None) -> RefusedError:
    error: dict[str, Any] = {"message": message, "code": code, "correlationId": str(uuid.uuid4())}
    if inner is not None:
        error["innererror"] = inner
    return RefusedError(json_response({"error": error}, status))


def _bad_query(error: kql.QueryError) -> RefusedError:
    if error.line is not None:
        deepest = {
            "code": "SYN0002",
            "message": str(error),
            "line": error.line,
            "pos": error.position,
        }
        inner = {"code": "SyntaxError", "message": "A recognition error occurred in the query.", "innererror": deepest}
    else:
        deepest = {"code": "SEM0100", "message": str(error)}
        inner = {"code": "SemanticError", "message": "A semantic error occurred.", "innererror": deepest}
    return _error(400, "BadArgumentError", "The request had some invalid properties", inner)


class LogsQuery:
    """Answers KQL over the workspace's rows and saved functions."""

    def __init__(self, workspace: Workspace, access: AccessControl, clock: DomainClock, *, workspace_id: str) -> None:
        self._workspace = workspace
        self._access = access
        self._clock = clock
        self.workspace_id = workspace_id

    def handle(self, request: Request, faults: Sequence[Fault]) -> Response:
        """Answer one query, asked by POST or by GET."""
        principal = self._access.authenticate(request, Audience.LOGS)
        match = _PATH.match(request.path)
        if match is None or request.method not in ("POST", "GET"):
            raise _error(404, "PathNotFoundError", f"The requested path does not exist: {request.path}")
        if match["workspace"].lower() != self.workspace_id.lower():
            raise _error(404, "WorkspaceNotFoundError", f"The workspace {match['workspace']} could not be found")
        if not self._access.allows(principal, Role.LOGS_READER, self.workspace_id):
            raise _error(
                403,
                "InsufficientAccessError",
                "The provided credentials have insufficient access to perform the requested operation",
            )
        asked = _asked(request)
        start, end = self._timespan(asked.get("timespan"))
        table = self.run(str(asked["query"]), start, end)
        partial = any(fault.kind is FaultKind.PARTIAL for fault in faults)
        return _answer(table, partial=partial)

    def run(self, query: str, start: datetime | None = None, end: datetime | None = None) -> kql.Table:
        """Run a query over the rows of a time range. Refuses with 400 one that does not run."""
        cursor = self._workspace.cursor(start, end)
        try:
            table = kql.run(
                cursor,
                query,
                schema=self._workspace.schema(),
                now=self._clock.now(),
                functions=list(self._workspace.functions.values()),
            )
        except kql.QueryError as error:
            raise _bad_query(error) from error
        finally:
            cursor.close()
        return table if RECEIVED in kql_text.names(query) else _without_received(table)

    def _timespan(self, text: object) -> tuple[datetime | None, datetime | None]:
        """Read ``start/end``, ``start/duration``, ``duration/end`` or ``duration`` (which ends now)."""
        if text is None:
            return None, None
        if not isinstance(text, str):
            raise _error(400, "BadArgumentError", f"The timespan {text!r} is not ISO 8601.")
        first, slash, second = text.partition("/")
        try:
            if not slash:
                end = self._clock.now()
                return end - _duration(first), end
            if first.startswith("P"):
                end = parse_time(second)
                return end - _duration(first), end
            start = parse_time(first)
            return start, start + _duration(second) if second.startswith("P") else parse_time(second)
        except ValueError as error:
            raise _error(400, "BadArgumentError", f"The timespan {text!r} is not ISO 8601: {error}") from error


def _duration(text: str) -> timedelta:
    match = _DURATION.match(text)
    if match is None or text in ("P", "PT"):
        raise ValueError(f"{text!r} is not a duration")
    return timedelta(**{unit: float(number) for unit, number in match.groupdict().items() if number})


def _asked(request: Request) -> dict[str, Any]:
    try:
        asked = read_json(request.body) if request.method == "POST" else dict(request.query)
    except ValueError as error:
        raise _error(400, "BadArgumentError", f"The body is not JSON: {error}") from error
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"].strip():
        raise _error(400, "BadArgumentError", "The request must have a query.")
    return asked


def _without_received(table: kql.Table) -> kql.Table:
    """Take away the hidden column, which Azure shows only to a query that names it."""
    kept = [index for index, column in enumerate(table.columns) if not column.name.startswith(RECEIVED)]
    if len(kept) == len(table.columns):
        return table
    return kql.Table(
        columns=tuple(table.columns[index] for index in kept),
        rows=[tuple(row[index] for index in kept) for row in table.rows],
    )


def _answer(table: kql.Table, *, partial: bool) -> Response:
    rows = table.rows[: len(table.rows) // 2] if partial else table.rows[:MAX_ROWS]
    columns = json.dumps([{"name": column.name, "type": column.type} for column in table.columns])
    arrays = ",".join(values.row_arrays(table.columns, rows, dynamic_as_text=True))
    body = f'{{"tables":[{{"name":"PrimaryResult","columns":{columns},"rows":[{arrays}]}}]'
    if partial or len(table.rows) > MAX_ROWS:
        inner = {
            "code": "-2133196797",
            "message": f"The results of this query exceed the set limit of {MAX_ROWS} records.",
        }
        error = {
            "code": "PartialError",
            "message": "There were some errors when processing your query.",
            "details": [
                {
                    "code": "EngineError",
                    "message": "Something went wrong processing your query on the server.",
                    "innererror": inner,
                }
            ],
        }
        body += f',"error":{json.dumps(error)}'
    return Response(status=200, body=(body + "}").encode(), headers={"Content-Type": JSON_TYPE})
