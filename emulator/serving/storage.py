"""Table Storage behind the scripted faults: requests go on to Azurite, and its answers come back unless a fault strikes.

An application that uses this address meets what Azurite alone never shows: an answer that was lost after the work was
done, a throttled write, a store that hangs.
"""

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Sequence
from email.utils import format_datetime
from pathlib import Path

from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import Request, Response
from emulator.estate.clock import DomainClock
from emulator.serving.azurite import ACCOUNT

PATH = f"/{ACCOUNT}"
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te", "upgrade"})
_TIMEOUT_SECONDS = 60.0


class WatchedTables:
    """Hands requests on to Azurite's table service, over one connection for each thread."""

    def __init__(self, endpoint: str, ca_file: Path, clock: DomainClock) -> None:
        self._clock = clock
        self._address = urllib.parse.urlsplit(endpoint).netloc
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._local = threading.local()

    def handle(self, request: Request, _faults: Sequence[Fault]) -> Response:
        """Answer as Azurite does, at the time of the domain clock. Raises ``OSError`` when it cannot be reached."""
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        connection = self._connection()
        try:
            connection.request(request.method, request.target, body=request.body, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP | {"date"}}
        kept["Date"] = format_datetime(self._clock.now(), usegmt=True)
        return Response(status=answer.status, body=body, headers=kept)

    def _connection(self) -> http.client.HTTPSConnection:
        connection: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=_TIMEOUT_SECONDS)
            self._local.connection = connection
        return connection
