"""Shards that run side by side share Resource Graph's quota: Azure never has to refuse one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from emulator.client.local import LocalAzure
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.ports.fleet import QUERIES
from scanner.scan.plan import RESERVED
from tests.scale_sets import OTHER, SUBSCRIPTION, document
from tests.world import connection_to, identity_of

SCALE_SETS = 16
PAGE = 2


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
    """Planning has just asked twice; then both read 9 answers each at once: 20 queries, and none is answered with 429."""
    connection = connection_to(azure)
    whole = ResourceGraphFleet(connection)
    with closing(whole), closing(ResourceGraphFleet(connection, page_size=PAGE)) as fleet:
        counts = whole.counts(whole.coverage())
        parts = [fleet.part((subscription,), (QUERIES - RESERVED) // 2) for subscription in sorted(counts)]

        def read(part: ResourceGraphFleet) -> int:
            assert len(part.coverage().subscriptions) == 1
            return sum(len(page) for page in part.pages())

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(read, parts)) == [SCALE_SETS, SCALE_SETS]
    assert connection.counter.graph_queries == 2 + 2 * (1 + SCALE_SETS // PAGE)
    assert connection.counter.throttles == 0
