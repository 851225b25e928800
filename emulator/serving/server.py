"""The HTTPS server: one thread per connection, HTTP/1.1 with keep-alive, certificates of its own."""

import contextlib
import socket
import ssl
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from emulator.endpoint.messages import Request, Response, error_response
from emulator.serving.application import Emulator
from emulator.serving.certificates import CertificateFiles
from emulator.serving.control import PREFIX, Control

MAX_BODY = 256 * 1024 * 1024
_IDLE_SECONDS = 300


class EmulatorServer(ThreadingHTTPServer):
    """Serves one emulator and its control surface."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, emulator: Emulator, files: CertificateFiles, *, verbose: bool) -> None:
        self.emulator = emulator
        self.control = Control(emulator)
        self.verbose = verbose
        settings = emulator.settings
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(files.certificate, files.key)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((settings.host, settings.port), _Handler)
        self.url = f"https://{settings.host}:{self.server_address[1]}"
        emulator.listen_at(self.url)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """Accept a connection; its handshake is left to its own thread."""
        connection, address = super().get_request()
        connection.settimeout(_IDLE_SECONDS)
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._open_lock:
            self._open.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and forget it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close every connection, and wait for what is under way on them."""
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):  # it went away by itself
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong here; say nothing of a client that goes away, unless asked to."""
        if self.verbose or not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests, writes responses."""

    protocol_version = "HTTP/1.1"
    server_version = "LocalAzure"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: EmulatorServer

    def do_GET(self) -> None:
        self._serve()

    # The base class looks for a method of this name for each HTTP method.
    do_POST = do_GET  # noqa: N815 - the base class names it
    do_PUT = do_GET  # noqa: N815 - the base class names it
    do_PATCH = do_GET  # noqa: N815 - the base class names it
    do_DELETE = do_GET  # noqa: N815 - the base class names it
    do_HEAD = do_GET  # noqa: N815 - the base class names it

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Log to standard error when asked to."""
        if self.server.verbose:
            super().log_message(format, *args)

    def _serve(self) -> None:
        request = self._read()
        if request is None:
            return
        control = request.path.startswith(PREFIX)
        try:
            response = self.server.control.handle(request) if control else self.server.emulator.handle(request)
        except OSError:
            raise  # Azurite cannot be reached, or the client went away: there is no answer
        except Exception as error:  # noqa: BLE001 - a service answers 500 whatever went wrong, and keeps the connection
            self.server.handle_error(self.request, self.client_address)
            response = error_response(500, "InternalServerError", f"{type(error).__name__}: {error}")
        if response is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._write(response)

    def _read(self) -> Request | None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._chunks() if "chunked" in headers.get("transfer-encoding", "").lower() else self._sized(headers)
        if body is None:
            self.close_connection = True
            self._write(Response(status=413))
            return None
        return Request(
            method=self.command,
            path=urllib.parse.unquote(path),
            target=self.path,
            query=dict(urllib.parse.parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
        )

    def _sized(self, headers: dict[str, str]) -> bytes | None:
        length = int(headers.get("content-length") or 0)
        return self.rfile.read(length) if length <= MAX_BODY else None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > MAX_BODY:
                return None
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def _write(self, response: Response) -> None:
        if "Date" in response.headers:
            self.send_response_only(response.status)
        else:
            self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and response.status != 204:
            self.wfile.write(response.body)
        self.wfile.flush()
