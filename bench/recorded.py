"""A Resource Graph of recorded pages, at the bottom of the real client: for fleets that no local Azure holds.

One page of a thousand scale sets is recorded from the local Azure and given again for each subscription, under its ids. The
real client sends, pages, decodes and keeps to the quota; time is simulated, so that waiting costs nothing.
"""

import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import requests
import urllib3
from azure.core.credentials import AccessTokenInfo

from bench.plain_pager import QUERY
from emulator.client.local import LocalAzure
from scanner.adapters.azure.cached_credential import CachedCredential
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits

PAGE = 1_000
LATENCY = 0.5
"""Simulated seconds of one answer."""


def subscription_id(number: int) -> str:
    """Name a subscription of the simulated fleet."""
    return f"5ca1ab1e-0000-4000-8000-{number:012d}"


def record(path: Path) -> None:
    """Record one page of a made-up fleet of one subscription."""
    with LocalAzure() as azure:
        azure.control.create_fleet(seed=1, subscriptions=1, scale_sets=PAGE, instances=0)
        environment = azure.environment()
        token = requests.get(
            environment["IDENTITY_ENDPOINT"],
            params={"resource": "https://management.azure.com", "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
            timeout=60,
            verify=environment["REQUESTS_CA_BUNDLE"],
        ).json()["access_token"]
        answer = requests.post(
            f"{azure.arm_endpoint}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01",
            json={"query": QUERY, "options": {"$top": PAGE, "resultFormat": "objectArray"}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            verify=environment["REQUESTS_CA_BUNDLE"],
        )
        answer.raise_for_status()
        rows = answer.json()["data"]
    (name,) = {row["subscriptionId"] for row in rows}
    path.write_text(json.dumps({"subscription": name, "rows": json.dumps(rows)}), encoding="utf-8")


@dataclass(slots=True)
class SimulatedTime:
    """Seconds that pass when somebody sleeps."""

    now: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self.lock:
            self.now += seconds


class RecordedGraph(requests.adapters.BaseAdapter):
    """Answers the queries of a scan from the recorded page, and remembers when each was sent."""

    def __init__(self, recorded: Path, subscriptions: int, time: SimulatedTime) -> None:
        super().__init__()
        page = json.loads(recorded.read_text(encoding="utf-8"))
        self._recorded, self._rows = page["subscription"], page["rows"]
        self._subscriptions = [subscription_id(number) for number in range(subscriptions)]
        self._time = time
        self.sent_at: list[float] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """Answer one query."""
        self.sent_at.append(self._time.now)
        self._time.sleep(LATENCY)
        asked = json.loads(cast("bytes", request.body))
        body = self._answer(asked["query"], asked.get("subscriptions") or self._subscriptions, asked["options"])
        headers = {"Content-Type": "application/json; charset=utf-8"}
        raw = urllib3.HTTPResponse(body=io.BytesIO(body), headers=headers, status=200, preload_content=False)
        answer = requests.Response()
        answer.status_code, answer.raw, answer.request, answer.url = 200, raw, request, str(request.url)
        answer.headers = requests.structures.CaseInsensitiveDict(headers)
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, query: str, scope: Sequence[str], options: Mapping[str, Any]) -> bytes:
        if query.lstrip().startswith("resourcecontainers"):
            return _body([_container(name) for name in scope], options)
        if query.lstrip().startswith("resourcechanges"):
            return _body([], options)
        if "summarize" in query:
            return _body([{"subscriptionId": name, "scaleSets": PAGE} for name in scope], options)
        number = int(options.get("$skipToken", 0))
        rows = self._rows.replace(self._recorded, scope[number])
        token = f',"$skipToken":"{number + 1}"' if number + 1 < len(scope) else ""
        head = f'{{"totalRecords":{len(scope) * PAGE},"count":{PAGE},"resultTruncated":"false","data":'
        return f"{head}{rows}{token}}}".encode()


def _container(name: str) -> Mapping[str, Any]:
    kind = "microsoft.resources/subscriptions"
    return {"id": f"/subscriptions/{name}", "name": name, "type": kind, "subscriptionId": name, "managedBy": ""}


def _body(rows: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> bytes:
    begin = int(options.get("$skipToken", 0))
    part = rows[begin : begin + options["$top"]]
    body: dict[str, Any] = {"totalRecords": len(rows), "count": len(part), "resultTruncated": "false", "data": part}
    if begin + len(part) < len(rows):
        body["$skipToken"] = str(begin + len(part))
    return json.dumps(body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedConnection(Connection):
    """A connection whose transport is the recorded graph."""

    graph: RecordedGraph

    def transport(self) -> Any:
        """Answer a transport that reaches nothing but the recorded graph."""
        transport = Connection.transport(self)
        transport.session.mount("https://", self.graph)
        return transport


def connect(recorded: Path, subscriptions: int, time: SimulatedTime) -> RecordedConnection:
    """Make a connection to the recorded graph, on simulated time, as an identity that needs no sign-in."""
    return RecordedConnection(
        graph=RecordedGraph(recorded, subscriptions, time),
        credential=CachedCredential(SimpleNamespace(get_token_info=lambda *_scopes, **_options: _token())),
        arm_endpoint="https://management.azure.com",
        arm_audience="https://management.azure.com",
        limits=Limits(seconds_left=lambda: float("inf"), sleep=time.sleep, clock=time.clock),
        certificates=True,
    )


def _token() -> AccessTokenInfo:
    return AccessTokenInfo("recorded", 4_102_444_800)
