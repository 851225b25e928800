"""Shards that run side by side share Resource Graph's quota: Azure never has to refuse one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from emulator.client.local import LocalAzure
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.azure_ports import on_graph_of
from scanner.ports.fleet import QUERIES
from scanner.ports.tables import Beside
from scanner.scan.plan import RESERVED
from scanner.scan.request import GraphPorts
from tests.scale_sets import OTHER, SUBSCRIPTION, document
from tests.world import connection_to, identity_of

SCALE_SETS = 8
PAGE = 2
BESIDE = (Beside.GALLERY_IMAGES, Beside.ASSIGNMENTS)


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with two subscriptions of as many scale sets."""
    with LocalAzure() as started, identity_of(started):
        started.control.reset()
        for subscription in (SUBSCRIPTION, OTHER):
            started.control.put_subscription(subscription, subscription[-2:])
            for number in range(SCALE_SETS):
                started.control.put_scale_set(document(f"web-{number:02}", subscription))
        yield started


def test_two_shards_keep_to_the_quota(azure: LocalAzure) -> None:
    """Planning has just asked twice; then both read 9 answers each at once, whatever is asked: none is answered with 429."""
    connection = connection_to(azure)
    whole = ResourceGraphFleet(connection)
    with closing(whole), closing(ResourceGraphFleet(connection, page_size=PAGE)) as fleet:
        counts = whole.counts(whole.coverage())
        parts = [on_graph_of(fleet.part((subscription,), (QUERIES - RESERVED) // 2)) for subscription in sorted(counts)]

        def read(part: GraphPorts) -> int:
            (subscription,) = part.fleet.coverage().subscriptions
            assert part.tables is not None
            assert part.census is not None
            assert part.census.count({subscription: SCALE_SETS}).uniform == {subscription}
            for what in BESIDE:
                assert list(part.tables.rows(what)) == [[]]
            return sum(len(page) for page in part.fleet.pages())

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(read, parts)) == [SCALE_SETS, SCALE_SETS]
    assert connection.counter.graph_queries == 2 + 2 * (1 + 2 + len(BESIDE) + SCALE_SETS // PAGE)
    assert connection.counter.throttles == 0
