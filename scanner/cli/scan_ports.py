"""The ports of a scan from the command line: Azure as the user who is signed in, and a store that is given."""

import argparse
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from scanner.adapters.azure.connect import as_person, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.azure_ports import azure_ports
from scanner.bootstrap import utc_now
from scanner.cli.progress import Progress
from scanner.cli.waiting import telling_sleep
from scanner.clouds import CLOUDS
from scanner.errors import SettingsError
from scanner.ports.store import StateStore
from scanner.scan.request import Ports

TIME_LIMIT = timedelta(minutes=60)


def connection_of(options: argparse.Namespace, shown: Progress) -> Connection:
    """Connect as the user who is signed in; long waits are shown."""
    cloud = CLOUDS[options.cloud]
    connection = connect(cloud, as_person(cloud), TIME_LIMIT, arm_endpoint=_endpoint(options.arm_endpoint) or "")
    sleep = telling_sleep(connection.counter, shown, is_quiet=options.quiet)
    return replace(connection, limits=replace(connection.limits, sleep=sleep))


def ports_of(options: argparse.Namespace, connection: Connection, store: StateStore) -> AbstractContextManager[Ports]:
    """Open the ports of a scan of this command."""
    return azure_ports(
        connection,
        store,
        MemorySink(),
        utc_now,
        subscriptions=tuple(options.subscription),
        management_groups=tuple(options.management_group),
    )


def _endpoint(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(f"--arm-endpoint is {given!r}; it must begin with https://, as tokens are sent to it.")
    return given.rstrip("/")
