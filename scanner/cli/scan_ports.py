"""The ports of a scan from the command line: Azure as the user who is signed in, and a store that is given."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from scanner.adapters.azure.connect import as_person, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.sinks.memory_sink import MemorySink
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


@contextmanager
def ports_of(options: argparse.Namespace, connection: Connection, store: StateStore) -> Iterator[Ports]:
    """Open the ports of a scan of this command."""
    from scanner.adapters.azure.budgeted_compute import BudgetedCompute
    from scanner.adapters.azure.compute import ComputeReader
    from scanner.adapters.azure.compute_instances import ComputeInstances
    from scanner.adapters.azure.compute_rollouts import ComputeRollouts
    from scanner.adapters.azure.image_lists import ImageLists
    from scanner.adapters.azure.instance_census import GraphCensus
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    with ExitStack() as open_connections:
        fleet = open_connections.enter_context(
            closing(
                ResourceGraphFleet(
                    connection,
                    subscriptions=tuple(options.subscription),
                    management_groups=tuple(options.management_group),
                )
            )
        )
        compute = open_connections.enter_context(closing(ComputeReader(connection)))
        images = open_connections.enter_context(closing(ImageLists(connection)))
        asking = BudgetedCompute(connection)
        instances = open_connections.enter_context(closing(ComputeInstances(connection, utc_now, asking)))
        rollouts = open_connections.enter_context(closing(ComputeRollouts(connection, utc_now, asking)))
        yield Ports(
            fleet=fleet,
            compute=compute,
            store=store,
            sink=MemorySink(),
            now=utc_now,
            calls=connection.counter,
            begin=fleet.begin,
            images=images,
            tables=fleet,
            census=GraphCensus(fleet.graph),
            instances=instances,
            rollouts=rollouts,
        )


def _endpoint(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(f"--arm-endpoint is {given!r}; it must begin with https://, as tokens are sent to it.")
    return given.rstrip("/")
