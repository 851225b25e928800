import gc
from collections.abc import Iterator

import pytest

from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document


@pytest.fixture
def fleet() -> FakeWorld:
    """Make a service that knows two scale sets, in two subscriptions, each with a finding that is open."""
    world = FakeWorld()
    for name, subscription in (("web", SUBSCRIPTION), ("staging", OTHER)):
        world.azure.put_subscription(subscription, f"subscription of {name}")
        made = document(name, subscription)
        made["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
        world.azure.put_scale_set(made)
    world.scan()
    world.news()
    return world


@pytest.fixture
def only_what_is_new() -> Iterator[None]:
    """Leave what is there already out of ``gc.get_objects``: modules and criteria are most of it, and cost the time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
