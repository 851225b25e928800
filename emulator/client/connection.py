"""The way to the control surface of a running emulator, on the standard library alone."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SLACK_SECONDS = 30.0


class ControlError(Exception):
    """The control surface refused an action, or cannot be reached. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlConnection:
    """Where the control surface is, and the key that opens it."""

    url: str
    key: str
    ca_file: Path
    timeout_seconds: float = 120.0
    _context: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    def do(self, action: str, **asked: Any) -> Any:
        """Do an action; answer what the emulator answers. Raises ``ControlError``."""
        patience = self.timeout_seconds + float(asked.get("timeout", 0.0))
        return json.loads(self.send("POST", action, json.dumps(asked).encode(), patience))

    def send(self, method: str, action: str, body: bytes | None, timeout: float) -> bytes:
        """Send a request to the control surface; answer the body. Raises ``ControlError``."""
        if not self._context:
            self._context.append(ssl.create_default_context(cafile=str(self.ca_file)))
        request = urllib.request.Request(  # noqa: S310 - the emulator's own https address
            f"{self.url}/_control/{action}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context[0])
        )
        try:
            with opener.open(request, timeout=timeout + _SLACK_SECONDS) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(f"{action}: {error.status}: {error.read().decode(errors='replace')}") from error
        except urllib.error.URLError as error:
            raise ControlError(f"{action}: {self.url} cannot be reached: {error.reason}") from error
