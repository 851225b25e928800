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
