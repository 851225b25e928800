"""Scale sets of one application are compared: when another one changes they are judged, and written only where it matters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scanner.errors import ReadFailedError
from scanner.judging.judge import Judgement
from scanner.ports.fleet import QUERIES
from scanner.scan.compared import RECORD, compared_with, read_compared
from scanner.scan.group_head import Head, read_head
from tests.fakes.azure import FakeFleet
from tests.fakes.world import FakeWorld
from tests.generated.test_timelines import CountsWrites, assert_same
from tests.generated.timeline import new_world, play, timeline
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

HOUR = timedelta(hours=1)


class Application:
    """Three scale sets of one application in two subscriptions, and one of another, in a scan every hour."""

    def __init__(self) -> None:
        self.store = CountsWrites()
        self.world = FakeWorld(self.store)
        self.world.asks_about_rollouts = self.world.asks_about_instances = False  # else they are due by age
        self._judged: set[str] = set()
        self.world.request = {"on_judged": self._take}
        self.placed = {"web": ("shop", SUBSCRIPTION), "api": ("shop", SUBSCRIPTION), "job": ("shop", OTHER)}
        self.placed["bill"] = ("billing", OTHER)
        for name, (application, subscription) in self.placed.items():
            self.world.azure.put_subscription(subscription, subscription[-2:])
            made = document(name, subscription)
            made["tags"]["application"] = application
            self.world.azure.put_scale_set(made)

    def _take(self, judgement: Judgement) -> None:
        self._judged.add(judgement.posture.name)

    def scan(self) -> tuple[set[str], set[str]]:
        """Scan; name the scale sets that were judged, and those whose state was written."""
        self._judged.clear()
        before = self.store.writes.copy()
        self.world.scan(after=HOUR)
        written = {key.rpartition("/")[2] for key, count in self.store.writes.items() if count != before.get(key)}
        return set(self._judged), written

    def set_mode(self, name: str, mode: str) -> None:
        """Change the upgrade mode of a scale set, which is compared."""
        self.world.azure.scale_set(self.key(name))["properties"]["upgradePolicy"]["mode"] = mode

    def key(self, name: str) -> str:
        """Name a scale set."""
        return scale_set_id(name, self.placed[name][1])


@pytest.fixture
def shop() -> Application:
    """Answer an application at rest: the first scan knows nothing of the others, the second compares them."""
    made = Application()
    everything = set(made.placed)
    assert made.scan() == (everything, everything)
    judged, _ = made.scan()
    assert judged == everything
    assert made.scan() == (set(), set())
    return made


def test_others_are_judged_again_and_not_written(shop: Application) -> None:
    """The scan after a change judges the application's other scale sets; nothing else comes out of it for them."""
    policy = shop.world.azure.scale_set(shop.key("web"))["properties"]["upgradePolicy"]
    policy["rollingUpgradePolicy"]["maxBatchInstancePercent"] = 10
    assert shop.scan() == ({"web"}, {"web"})
    judged, written = shop.scan()
    assert judged == {"web", "api", "job"}
    assert written <= {"web"}  # of which it may be known now who changed it
    assert shop.scan() == (set(), set())


def test_one_that_differs_now_is_told(shop: Application) -> None:
    """One region against another: what the others are compared with has changed, and so has what comes out."""
    shop.world.azure.scale_set(shop.key("job"))["location"] = "northeurope"
    shop.scan()
    shop.scan()
    shop.world.news()
    shop.set_mode("job", "Manual")
    shop.scan()
    shop.scan()
    assert ("finding.opened", "web", "VMSS-071") in shop.world.news()


class Failing(FakeFleet):
    """Answers no page of one subscription."""

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "Failing":  # noqa: ARG002 - no quota here
        return Failing(self._azure, subscriptions)

    def pages(self) -> Iterator[Sequence[Any]]:
        if OTHER in (self._subscriptions or {OTHER}):
            raise ReadFailedError("Told to fail.")
        return super().pages()


@pytest.mark.parametrize("back", [False, True], ids=["it stays so", "it is as it was before"])
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda shop: shop.world.azure.faults.fails_in.add(OTHER), id="a subscription fails in the end"),
        pytest.param(lambda shop: setattr(shop.world, "fleet", Failing(shop.world.azure)), id="a subscription fails"),
        pytest.param(lambda shop: shop.world.azure.faults.without_coverage_of.add(OTHER), id="one is not listed"),
        pytest.param(
            lambda shop: shop.world.request.update(scope=(SUBSCRIPTION,), is_part=True), id="a part is scanned"
        ),
    ],
)
@pytest.mark.parametrize("shard_size", [1, 100], ids=["in shards", "whole"])
def test_who_was_not_compared_is_judged_when_read_again(
    shop: Application, end: Callable[[Application], object], shard_size: int, *, back: bool
) -> None:
    """A scan that does not reach all of an application leaves the same states, in the end, as one that judges everything."""
    shop.world.request["shard_size"] = shard_size
    shop.world.azure.scale_set(shop.key("web"))["location"] = "northeurope"
    shop.set_mode("web", "Manual")
    shop.scan()
    end(shop)
    shop.scan()
    if back:
        shop.world.azure.scale_set(shop.key("web"))["location"] = "westeurope"
        shop.set_mode("web", "Rolling")
        shop.scan()
    shop.world.fleet = FakeFleet(shop.world.azure)
    faults = shop.world.azure.faults
    faults.fails_in, faults.without_coverage_of = set(), set()
    shop.world.request = {name: value for name, value in shop.world.request.items() if name != "is_part"}
    shop.world.request.pop("scope", None)
    for _ in range(3):
        shop.scan()
    states = shop.world.store_view().current
    assert shop.scan() == (set(), set())
    shop.world.request["is_full"] = True
    assert shop.scan() == (set(shop.placed), set())
    assert shop.world.store_view().current == states
    head = read_head(shop.store)
    assert isinstance(head, Head)
    assert read_compared(shop.store) == compared_with(head.digests)


@pytest.mark.parametrize("text", ["", "{", "5", "[5]", '[["application"]]'])
def test_a_damaged_record_compares_all_again(shop: Application, text: str) -> None:
    """Nothing is written but the record."""
    shop.store.acquire_lease("test", shop.world.clock, HOUR)
    shop.store.put_records({RECORD: text}, holder="test")
    shop.store.release_lease("test")
    assert shop.scan() == (set(shop.placed), set())
    assert shop.scan() == (set(), set())


def with_applications(world: FakeWorld) -> FakeWorld:
    """Give the fleet of the generated timelines two applications in two regions."""
    for number, made in enumerate(world.azure.documents.values()):
        made["tags"]["application"] = "shop" if number % 4 else "billing"
        made["location"] = "westeurope" if number % 3 else "northeurope"
    return world


@pytest.mark.parametrize("shard_size", [1, 100], ids=["in shards", "whole"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_out_changes_nothing(seed: int, shard_size: int) -> None:
    """With and without leaving out what has not changed, a timeline of applications brings equal events, states and records."""
    played, written = [], []
    for is_full in (True, False):
        store = CountsWrites()
        world = with_applications(new_world(FakeWorld(store)))
        world.request = {"is_full": is_full, "shard_size": shard_size}
        steps = [replace(step, faults=replace(step.faults, fails_after=None)) for step in timeline(seed)]
        played.append(play(steps, world))
        written.append(store.writes)
    assert_same(played[0], played[1], seed)
    assert written[0] == written[1]
    assert any(str(row.get("RuleId")).startswith("VMSS-07") for row in played[0].rows)
