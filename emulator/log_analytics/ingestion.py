"""The Logs Ingestion endpoint of one data collection rule.

https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
"""

import re
import zlib
from collections.abc import Sequence

from emulator.endpoint.access import AccessControl, Audience, Role
from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import Request, Response, read_json, refuse
from emulator.estate.clock import DomainClock
from emulator.log_analytics.records import Intake, RecordError
from emulator.log_analytics.workspace import Workspace

API_VERSIONS = frozenset({"2021-11-01-preview", "2023-01-01"})
MAX_BODY_BYTES = 1_048_576
_PATH = re.compile(r"^/datacollectionrules/(?P<rule>[^/]+)/streams/(?P<stream>[^/]+)$", re.IGNORECASE)


class LogsIngestion:
    """Takes rows for the declared streams."""

    def __init__(
        self, workspace: Workspace, access: AccessControl, clock: DomainClock, *, rule_id: str, strict: bool
    ) -> None:
        self._workspace = workspace
        self._access = access
        self._clock = clock
        self.rule_id = rule_id
        self.strict = strict

    def handle(self, request: Request, _faults: Sequence[Fault]) -> Response:
        """Store the rows of the body; answer 204 when they were taken."""
        principal = self._access.authenticate(request, Audience.INGESTION)
        match = _PATH.match(request.path)
        if match is None or request.method != "POST":
            raise refuse(404, "NotFound", f"There is nothing at {request.method} {request.path}.")
        if request.query.get("api-version") not in API_VERSIONS:
            raise refuse(400, "InvalidApiVersion", f"The api-version must be one of {sorted(API_VERSIONS)}.")
        rule = match["rule"]
        if rule.lower() != self.rule_id.lower():
            raise refuse(404, "NotFound", f"Data collection rule with immutable Id '{rule}' not found.")
        if not self._access.allows(principal, Role.METRICS_PUBLISHER, self.rule_id):
            raise refuse(
                403,
                "OperationFailed",
                "The authentication token provided does not have access to ingest data for the data collection rule "
                f"with immutable Id '{rule}'.",
            )
        table = self._workspace.streams.get(match["stream"].lower())
        if table is None:
            raise refuse(
                400, "InvalidStream", f"Stream '{match['stream']}' was not found in data collection rule '{rule}'."
            )
        received = self._clock.now()
        intake = Intake(table=table, received=received, strict=self.strict)
        try:
            rows = [intake.read(index, record) for index, record in enumerate(_records(_body(request)))]
        except RecordError as error:
            raise refuse(400, "InvalidRecord", str(error)) from error
        self._workspace.insert(table, rows, received)
        return Response(status=204)


def _too_large() -> Exception:
    return refuse(413, "ContentLengthLimitExceeded", f"Maximum allowed content length: {MAX_BODY_BYTES} bytes (1 MB).")


def _body(request: Request) -> bytes:
    """Answer the body, uncompressed; it may be over the limit neither way."""
    if len(request.body) > MAX_BODY_BYTES:
        raise _too_large()
    encoding = request.headers.get("content-encoding", "").lower()
    if encoding in ("", "identity"):
        return request.body
    if encoding != "gzip":
        raise refuse(415, "UnsupportedMediaType", f"The content encoding {encoding!r} is not supported.")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = inflater.decompress(request.body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise refuse(400, "InvalidContent", f"The body is not gzip: {error}.") from error
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    if not inflater.eof:
        raise refuse(400, "InvalidContent", "The gzip body ends too early.")
    return body


def _records(body: bytes) -> list[object]:
    try:
        records = read_json(body)
    except ValueError as error:
        raise refuse(400, "InvalidContent", f"The body is not JSON: {error}.") from error
    if not isinstance(records, list):
        raise refuse(400, "InvalidContent", "The body must be a JSON array of records.")
    return records
