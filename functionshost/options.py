"""``host.json``, as far as this host follows it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from azureformats.time_span import read_time_span


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """Defaults are Azure's: https://learn.microsoft.com/azure/azure-functions/functions-host-json."""

    route_prefix: str = "api"
    max_dequeue_count: int = 5
    """How often a message is tried before it goes to the poison queue."""
    visibility_timeout: timedelta = timedelta(0)
    """How long a message rests after a failure."""
    function_timeout: timedelta = timedelta(minutes=30)


def read_options(file: Path) -> HostOptions:
    """Read ``host.json``. Raises ``OSError``, and ``ValueError`` for what is no JSON or no time span."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    extensions = document.get("extensions", {})
    queues = extensions.get("queues", {})
    return HostOptions(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api"),
        max_dequeue_count=int(queues.get("maxDequeueCount", 5)),
        visibility_timeout=read_time_span(queues.get("visibilityTimeout", "00:00:00")),
        function_timeout=read_time_span(document.get("functionTimeout", "00:30:00")),
    )
