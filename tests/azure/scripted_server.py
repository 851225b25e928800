"""An HTTPS server on 127.0.0.1 that answers as a test tells it to, and a proxy that reads what passes through it."""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Event, Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from emulator.serving.certificates import CertificateFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send back.

    ``wait`` holds it until the event is set, ``meet`` until others wait as well. ``drop`` closes the connection instead,
    ``cut`` closes it in the middle of the body. ``trickle`` sends a byte of the body now and then, ``trickle_head`` one
    of the headers.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: bool = False
    trickle_head: bool = False
    trickle: bool = False
    wait: Event | None = None
    meet: Barrier | None = None


def as_json(body: Any, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json", **named})


def refusal(status: int, code: str = "Refused", message: str = "No.", *details: str, **headers: str) -> Answer:
    """Answer with an error in Azure's form."""
    error = {"code": code, "message": message, "details": [{"code": detail, "message": detail} for detail in details]}
    return as_json({"error": error}, status, **headers)


class ScriptedServer:
    """Serves ``respond``; remembers what was asked. As a proxy it answers for every host, with its own certificate."""

    def __init__(self, certificates: CertificateFiles, *, proxy: bool = False) -> None:
        self.respond: Callable[[Asked], Answer] = lambda _asked: Answer(status=404)
        self.asked: list[Asked] = []
        self.lock = Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificates.certificate, certificates.key)
        self._http = _Http(self, proxy=proxy)
        scheme = "http" if proxy else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def script(self, *answers: Answer) -> None:
        """Give these answers in turn, and the last one again and again."""
        left = list(answers)

        def respond(_asked: Asked) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        self.respond = respond


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, scripted: ScriptedServer, *, proxy: bool) -> None:
        self.scripted = scripted
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(30)
        if self.proxy:
            return connection, address
        tls = self.scripted.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return tls, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that does not trust us goes away, and that is what a test wants."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it
        """Say nothing."""

    def do_CONNECT(self) -> None:
        """Answer as a proxy, and go on reading the same connection as the server that was asked for."""
        self.send_response(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        self.connection = self.request = self.server.scripted.tls.wrap_socket(self.connection, server_side=True)
        self.setup()
        self.handle()
        self.close_connection = True
        self.connection.close()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            host=self.headers.get("Host", ""),
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        with self.server.scripted.lock:
            self.server.scripted.asked.append(asked)
            answer = self.server.scripted.respond(asked)
        if answer.wait is not None:
            answer.wait.wait(30)
        if answer.meet is not None:
            answer.meet.wait()
        if answer.drop:
            self.close_connection = True
            return
        if answer.trickle_head:
            self._trickle(f"HTTP/1.1 200 OK\r\nX-Long: {'x' * 100}".encode())
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body) + (1000 if answer.cut else 0)))
        self.end_headers()
        if answer.trickle:
            self._trickle(answer.body)
        elif answer.status != 204:
            self.wfile.write(answer.body)
        self.wfile.flush()
        if answer.cut:
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 -- the base class names them

    def _trickle(self, body: bytes) -> None:
        pause = Event()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            pause.wait(0.05)
