"""The host's own address: the app's HTTP functions, and the admin address that runs any function now.

https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from functionshost.bindings import QueueTrigger, TimerTrigger
from functionshost.host import FunctionsHost
from functionshost.http_messages import HttpAnswer, HttpRequest, is_allowed

ADMIN = "/admin/functions/"
LARGEST_BODY = 1024 * 1024
"""Bytes. The functions here take no bodies; Azure's own limit is 210 MB."""


class HostServer(ThreadingHTTPServer):
    """Serves a host on an address of this machine."""

    daemon_threads = False
    """Requests in the making are finished before the server is gone."""

    def __init__(self, host: FunctionsHost, address: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self._runs: list[threading.Thread] = []
        super().__init__((address, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def run(self, name: str, text: str) -> HttpAnswer:
        """Run a function that has no HTTP trigger, behind the answer: 202, or 404 for an unknown one."""
        function = self.host.functions.get(name)
        match function and function.trigger:
            case TimerTrigger():
                run = threading.Thread(target=self.host.timer, args=(name,), name=f"admin-{name}")
            case QueueTrigger():
                run = threading.Thread(target=self.host.message, args=(name, text), name=f"admin-{name}")
            case _:
                return HttpAnswer(status=404)
        self._runs.append(run)
        run.start()
        return HttpAnswer(status=202)

    def server_close(self) -> None:
        """Stop listening, and wait for what was begun."""
        super().server_close()
        for run in self._runs:
            run.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def _serve(self) -> None:
        server = cast("HostServer", self.server)
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            return self._send(HttpAnswer(status=413))
        request = HttpRequest(
            method=self.command,
            url=f"{server.url}{self.path}",
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        return self._send(_answer(server, request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - http.server's names

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")  # else an idle caller holds up the end
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Stay quiet: an address may hold a key, and the host says which function ran."""


def _answer(server: HostServer, request: HttpRequest) -> HttpAnswer:
    if not request.path.startswith(ADMIN):
        return server.host.http(request)
    keys = server.host.keys
    if not is_allowed("admin", request, function_key=keys.function, master=keys.master):
        return HttpAnswer(status=401)
    if request.method != "POST":
        return HttpAnswer(status=404)
    try:
        asked = json.loads(request.body or b"{}")
        text = asked.get("input", "")
    except (ValueError, AttributeError):
        return HttpAnswer(status=400)
    return server.run(request.path.removeprefix(ADMIN), str(text))
