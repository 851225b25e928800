"""Rows to Log Analytics through a data collection rule.

https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
"""

import gzip
import io
import json
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.sinks.declared_tables import streams
from scanner.errors import CallFailure
from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.ports.sink import Refusal

CHUNK_BYTES = 900_000
"""Uncompressed bytes of one call that we fill; Azure refuses more than 1 MB, compressed or not."""

ROW_BYTES = 1_000_000
"""A row longer than this fits into no call and is refused here."""

BISECT_CALLS = 512
"""Calls that halving may take in one hand-over, unless the caller says otherwise."""

_PARALLEL_UPLOADS = 4
_SPLITTABLE = frozenset({400, 413})
"""Statuses that speak of the rows; any other speaks of the service, the network or our access to them."""

_UNSPLITTABLE_CODES = frozenset({"InvalidStream"})
"""Codes of a 400 that speak of the collection rule: no row would be taken."""


@dataclass(frozen=True, slots=True)
class _Line:
    index: int
    json: bytes


class LogAnalyticsSink:
    """The ``EventSink`` port on the Logs Ingestion API.

    Adds nothing to a row and cuts nothing from it: Azure cuts a field above 64 KB without a word, so callers keep
    their values below that. Answer 204 accepts a call's rows as a whole; there is no answer per row.
    """

    def __init__(
        self, connection: Connection, *, endpoint: str, rule_id: str, audience: str, bisect_calls: int = BISECT_CALLS
    ) -> None:
        from azure.monitor.ingestion import LogsIngestionClient

        self._rule_id = rule_id
        self._bisect_calls = bisect_calls
        self._client = LogsIngestionClient(endpoint, connection.credential, **connection.client_options(audience))

    def accept(self, table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        """Upload the rows; answer those that were refused, with what Azure said, ordered by position.

        A call refused for its content (400, 413) is halved until the rows that caused it stand alone. Any other
        failure refuses the call's rows and all that were not sent yet.
        """
        refusals: list[Refusal] = []
        chunks = _chunks(rows, refusals)
        stream = streams()[table]
        stopped = Event()
        halving: deque[tuple[Sequence[_Line], CallFailure]] = deque()
        for chunk, said in self._upload_all(stream, chunks, stopped):
            if said is not None and _is_about_rows(said) and len(chunk) > 1:
                halving.append((chunk, said))
            elif said is not None:
                refusals.extend(_refuse(chunk, said))
        self._halve(stream, halving, refusals, stopped)
        return sorted(refusals, key=lambda refusal: refusal.index)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _upload_all(
        self, stream: str, chunks: Sequence[Sequence[_Line]], stopped: Event
    ) -> list[tuple[Sequence[_Line], CallFailure | None]]:
        """Upload the first chunk alone, so that a service that is down is asked once, and then the others together."""
        outcomes = [(chunk, self._upload(stream, chunk, stopped)) for chunk in chunks[:1]]
        if len(chunks) > 1:
            with ThreadPoolExecutor(_PARALLEL_UPLOADS, thread_name_prefix="log-analytics") as pool:
                answers = pool.map(lambda chunk: self._upload(stream, chunk, stopped), chunks[1:])
                outcomes.extend(zip(chunks[1:], answers, strict=True))
        return outcomes

    def _halve(
        self,
        stream: str,
        waiting: deque[tuple[Sequence[_Line], CallFailure]],
        refusals: list[Refusal],
        stopped: Event,
    ) -> None:
        """Find the refused rows within a bounded number of calls, so that each scan gets some more good rows through.

        Widest pieces first, which frees long runs of good rows; with half of the calls used, narrowest first, which
        frees good rows among bad ones.
        """
        calls = 0
        while waiting:
            lines, said = waiting.popleft() if calls < self._bisect_calls // 2 else waiting.pop()
            if len(lines) == 1 or calls >= self._bisect_calls:
                refusals.extend(_refuse(lines, said))
                continue
            middle = len(lines) // 2
            for half in (lines[:middle], lines[middle:]):
                calls += 1
                answer = self._upload(stream, half, stopped)
                if answer is None:
                    continue
                if _is_about_rows(answer):
                    waiting.append((half, answer))
                else:
                    refusals.extend(_refuse(half, answer))

    def _upload(self, stream: str, lines: Sequence[_Line], stopped: Event) -> CallFailure | None:
        """Send one call; answer what went wrong. After a failure that is not about the rows, nothing more is sent."""
        if stopped.is_set():
            return CallFailure(status=None, codes=(), message="Not sent, as Log Analytics had just refused other rows.")
        body = b"[" + b",".join(line.json for line in lines) + b"]"
        try:
            # A stream is sent as it is. Given rows, the SDK would encode each twice and fill calls beyond 1 MB.
            self._client.upload(self._rule_id, stream, io.BytesIO(gzip.compress(body, compresslevel=6)))
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it was not accepted
            said = read_failure(error)
            if not _is_about_rows(said):
                stopped.set()
            return said
        return None


def _chunks(rows: Sequence[Mapping[str, JsonValue]], refusals: list[Refusal]) -> list[list[_Line]]:
    """Encode the rows and group them into calls; separators and brackets are counted."""
    chunks: list[list[_Line]] = []
    size = CHUNK_BYTES
    for index, row in enumerate(rows):
        try:
            # A lone surrogate becomes its JSON escape: Azure may refuse it, but it does not stop the others.
            encoded = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
                "utf-8", "backslashreplace"
            )
        except (TypeError, ValueError, RecursionError) as error:
            refusals.append(Refusal(index=index, error=f"The row is not JSON: {error}", is_about_row=True))
            continue
        if len(encoded) > ROW_BYTES:
            message = f"The row has {len(encoded)} bytes; a call to Log Analytics takes {ROW_BYTES} of them."
            refusals.append(Refusal(index=index, error=message, is_about_row=True))
            continue
        if size + 1 + len(encoded) > CHUNK_BYTES:
            chunks.append([])
            size = 1
        chunks[-1].append(_Line(index, encoded))
        size += 1 + len(encoded)
    return chunks


def _is_about_rows(said: CallFailure) -> bool:
    return said.status in _SPLITTABLE and not _UNSPLITTABLE_CODES.intersection(said.codes)


def _refuse(lines: Sequence[_Line], said: CallFailure) -> list[Refusal]:
    error, is_access = f"Log Analytics: {said}{_advice(said)}", said.status == 403
    alone = len(lines) == 1 and _is_about_rows(said)
    return [Refusal(index=line.index, error=error, is_access=is_access, is_about_row=alone) for line in lines]


def _advice(said: CallFailure) -> str:
    if said.status == 403:
        return " The identity needs Monitoring Metrics Publisher on the collection rule; a new grant takes up to 30 minutes."
    if said.status == 404 or _UNSPLITTABLE_CODES.intersection(said.codes):
        return " Check VMSS_INGESTION_ENDPOINT, VMSS_COLLECTION_RULE_ID and the rule's streams."
    return ""
