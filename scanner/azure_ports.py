"""The ports of a scan that ask Azure, on one connection: which adapter stands behind which of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from scanner.adapters.azure.connection import Connection
from scanner.garbage import collect_less_often
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.scan.request import GraphPorts, Ports

if TYPE_CHECKING:
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet


@contextmanager
def azure_ports(  # noqa: PLR0913 - what is read, and what the scan is given beside it
    connection: Connection,
    store: StateStore,
    sink: EventSink,
    now: Callable[[], datetime],
    *,
    subscriptions: Sequence[str] = (),
    management_groups: Sequence[str] = (),
) -> Iterator[Ports]:
    """Open all that a scan asks of Azure: the given subscriptions, or management groups, or all that can be read."""
    from scanner.adapters.azure.budgeted_compute import BudgetedCompute
    from scanner.adapters.azure.compute import ComputeReader
    from scanner.adapters.azure.compute_instances import ComputeInstances
    from scanner.adapters.azure.compute_rollouts import ComputeRollouts
    from scanner.adapters.azure.image_lists import ImageLists
    from scanner.adapters.azure.resource_graph import ResourceGraphFleet

    collect_less_often()
    with ExitStack() as opened:
        fleet = ResourceGraphFleet(connection, subscriptions=subscriptions, management_groups=management_groups)
        opened.enter_context(closing(fleet))
        asking = BudgetedCompute(connection)
        whole = on_graph_of(fleet)
        yield Ports(
            fleet=fleet,
            compute=opened.enter_context(closing(ComputeReader(connection, asking))),
            store=store,
            sink=sink,
            now=now,
            calls=connection.counter,
            begin=fleet.begin,
            graph_part=lambda part, queries: on_graph_of(fleet.part(part, queries)),
            images=opened.enter_context(closing(ImageLists(connection, asking))),
            tables=whole.tables,
            census=whole.census,
            instances=opened.enter_context(closing(ComputeInstances(connection, now, asking))),
            rollouts=opened.enter_context(closing(ComputeRollouts(connection, now, asking))),
        )


def on_graph_of(fleet: "ResourceGraphFleet") -> GraphPorts:
    """Let all that asks Resource Graph ask through one client: so it has one count of the quota."""
    from scanner.adapters.azure.instance_census import GraphCensus

    return GraphPorts(fleet=fleet, tables=fleet, census=GraphCensus(fleet.graph))
