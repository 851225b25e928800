"""Memory does not grow with instances: objects are counted, no clock and no size of a process."""

import gc
from collections import Counter

import pytest

from scanner.facts.instances import Census, Instances, Listing, RunningImage
from scanner.ports.instances import Counted
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

KINDS = (Census, Instances, Listing, RunningImage, Counted)


class Scanned:
    """A fleet that was scanned twice."""

    def __init__(self, instances: int, scale_sets: int = 20) -> None:
        self.most: Counter[str] = Counter()
        """The most that lived of each kind while a scale set was judged, and of their examples."""
        world = FakeWorld()
        world.request = {"on_judged": lambda _judgement: self._look()}
        world.azure.put_subscription(SUBSCRIPTION, "shop")
        for number in range(scale_sets):
            name = f"web-{number}"
            made = document(name)
            made["sku"]["capacity"] = instances
            world.azure.put_scale_set(made)
            half = instances // 2
            world.instances.set_instances(
                scale_set_id(name),
                {"count": half, "exact_version": "1.0.0", "latest_model": False},
                {"count": instances - half, "exact_version": "1.1.0", "first": half, "health": "unhealthy"},
            )
        for _ in range(2):
            world.scan()
        self.bytes_of_states = sum(len(each.row.body) for each in world.store.load())

    def _look(self) -> None:
        found = [each for each in gc.get_objects() if isinstance(each, KINDS)]
        counts = Counter(type(each).__name__ for each in found)
        counts["examples"] = sum(len(each.examples) for each in found if isinstance(each, RunningImage))
        self.most |= counts


@pytest.mark.usefixtures("only_what_is_new")
@pytest.mark.parametrize("many", [60, 900])
def test_a_scan_keeps_as_much_for_many_instances_as_for_few(many: int) -> None:
    """Ten instances or nine hundred: the same counts, three examples of each, and states of the same size."""
    few = _scanned(10)
    more = _scanned(many)
    assert few.most["Census"] > 0
    assert few.most["examples"] > 0
    assert more.most == few.most
    assert more.bytes_of_states < few.bytes_of_states * 1.02


def _scanned(instances: int) -> Scanned:
    gc.collect()
    return Scanned(instances)
