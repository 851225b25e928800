"""A proxy between the service and all that it depends on: numbers every request, and treats each as an attack says."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.serving.certificates import CertificateFiles, create_certificates

_ENDPOINTS = (
    ("/msi/token", "identity"),
    ("/providers/microsoft.resourcegraph/", "graph"),
    ("/datacollectionrules/", "ingestion"),
    ("/devstoreaccount1", "table"),
    ("/subscriptions", "compute"),
)
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the service."""

    number: int
    """1 for the first since the last ``begin``."""
    endpoint: str
    """identity, graph, compute, ingestion or table."""
    method: str
    target: str
    body: bytes

    @property
    def text(self) -> str:
        """Method, target and, where there is one, the query."""
        query = ""
        if self.endpoint == "graph":
            with contextlib.suppress(ValueError, AttributeError):
                query = str(json.loads(self.body).get("query", ""))
        return f"{self.method} {self.target} {query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to the service."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Exchange:
    """One request, and the ways to answer it. A treatment uses one of them."""

    def __init__(self, asked: Asked, handler: "_Handler", headers: Mapping[str, str]) -> None:
        self.asked = asked
        self._handler = handler
        self._headers = headers

    def forward(self) -> Answer:
        """Let the dependency do its work; answer what it says."""
        return self._handler.upstream(self.asked, self._headers)

    def send(self, answer: Answer, *, part: float = 1.0) -> None:
        """Send an answer, or the first part of it: the length in its headers is the whole one's."""
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        named = {name.lower() for name, _ in answer.headers}
        if answer.status != 204 and not named & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(answer.body)}")
        whole = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + answer.body
        self.raw(whole[: int(len(whole) * part)])

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def close(self) -> None:
        """Close the connection."""
        self._handler.close_connection = True
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Reset the connection: what is on its way is lost."""
        self._handler.close_connection = True
        connection = self._handler.connection
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(connection.detach())

    @property
    def ended(self) -> threading.Event:
        """Set when the proxy ends: a treatment that holds a request waits for it."""
        return self._handler.server.ended


type Treatment = Callable[[Exchange], None]
type Plan = Callable[[Asked], Treatment | None]


def pass_on(exchange: Exchange) -> None:
    """Ask the dependency and send what it says."""
    exchange.send(exchange.forward())


@dataclass
class Proxy:
    """Context manager around the proxy's server; ``begin`` sets the plan for the requests that follow."""

    upstream: str
    ca_file: Path
    folder: Path
    asked: list[Asked] = field(default_factory=list)
    """The requests since the last ``begin``."""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._plan: Plan = lambda _asked: None
        files = create_certificates(self.folder, ("127.0.0.1", "localhost"))
        self._server = _Server(self, files)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.certificate = files.ca
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def begin(self, plan: Plan = lambda _asked: None) -> None:
        """Count from 1 again, and treat requests as the plan says."""
        with self._lock:
            self.asked = []
            self._plan = plan

    def take(self, endpoint: str, method: str, target: str, body: bytes) -> tuple[Asked, Treatment]:
        """Give a request its number, and choose how it is treated."""
        with self._lock:
            asked = Asked(number=len(self.asked) + 1, endpoint=endpoint, method=method, target=target, body=body)
            self.asked.append(asked)
            return asked, self._plan(asked) or pass_on


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, proxy: Proxy, files: CertificateFiles) -> None:
        self.proxy = proxy
        self.ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self.to_upstream = ssl.create_default_context(cafile=str(proxy.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = super().get_request()
        connection.settimeout(600)
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._open_lock:
            self._open.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: services are killed here, in the middle of everything."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    _to: http.client.HTTPSConnection | None = None

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self._chunks() if "chunked" in (self.headers.get("transfer-encoding") or "") else self.rfile.read(length)
        path = self.path.lower()
        endpoint = next((name for prefix, name in _ENDPOINTS if path.startswith(prefix)), "other")
        asked, treatment = self.server.proxy.take(endpoint, self.command, self.path, body)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP | {"host"}}
        treatment(Exchange(asked, self, headers))

    def finish(self) -> None:
        if self._to is not None:
            self._to.close()
        with contextlib.suppress(OSError):
            super().finish()

    do_POST = do_GET  # noqa: N815 - the base class names it
    do_PUT = do_GET  # noqa: N815 - the base class names it
    do_PATCH = do_GET  # noqa: N815 - the base class names it
    do_DELETE = do_GET  # noqa: N815 - the base class names it
    do_HEAD = do_GET  # noqa: N815 - the base class names it
    do_MERGE = do_GET  # noqa: N815 - the base class names it

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""

    def upstream(self, asked: Asked, headers: Mapping[str, str]) -> Answer:
        """Send the request on, over one connection for each of the service's own."""
        if self._to is None:
            address = urllib.parse.urlsplit(self.server.proxy.upstream).netloc
            self._to = http.client.HTTPSConnection(address, context=self.server.to_upstream, timeout=120)
        try:
            self._to.request(asked.method, asked.target, body=asked.body, headers=dict(headers))
            answer = self._to.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._to.close()
            raise
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        return Answer(status=answer.status, headers=kept, body=body)
