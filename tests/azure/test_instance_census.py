"""A census is cut so that no answer is cut off, and what was not counted is told."""

import random
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import pytest

from scanner.adapters.azure.census_slices import Cut, Slice, plan_slices
from scanner.adapters.azure.graph_client import GraphClient, Scope
from scanner.adapters.azure.instance_census import FLEXIBLE, UNIFORM, GraphCensus
from scanner.adapters.azure.quota import QuotaPolicy
from scanner.errors import ReadFailedError
from scanner.ports.fleet import QUERIES

SUBSCRIPTIONS = tuple(f"00000000-0000-0000-0000-{number:012}" for number in range(20))


def key_of(subscription: str, number: int) -> str:
    """Name a scale set."""
    return (
        f"/subscriptions/{subscription}/resourcegroups/g/providers/microsoft.compute/virtualmachinescalesets/s{number}"
    )


class ListedGraph:
    """Answers groups as Resource Graph does: one page, and no word of what is left out of it."""

    def __init__(self, sizes: Mapping[str, int], page: int = 100, instances: int = 10) -> None:
        self._sizes = sizes
        self._page = page
        self._of_a_version = instances // 2
        self.asked: list[Slice] = []
        self.fails_for: set[str] = set()
        self.cuts_everything = False
        self.spoils = ""
        self.left = 1_000.0

    def seconds_left(self) -> float:
        """Let each answer take a second."""
        return self.left - len(self.asked)

    def summary(self, query: str, scope: Scope) -> Sequence[Mapping[str, Any]] | None:
        cuts = [line for line in query.splitlines() if line.startswith("| where hash(")]
        subscriptions = scope["subscriptions"]
        self.asked.append(Slice(tuple(subscriptions), tuple([Cut(1, 0) for _ in cuts])))
        if self.fails_for & set(subscriptions):
            raise ReadFailedError("Told to fail.")
        if not query.startswith("computeresources"):
            return []
        rows = [
            self._row(key_of(subscription, number), version)
            for subscription in subscriptions
            for number in range(self._sizes.get(subscription, 0))
            if all(_is_in(line, key_of(subscription, number)) for line in cuts)
            for version in ("1.0.0", "1.1.0")
        ]
        return None if self.cuts_everything or len(rows) >= self._page else rows

    def _row(self, key: str, version: str) -> dict[str, Any]:
        row: dict[str, Any] = {"scaleSet": key, "image": "a/b/c", "version": version, "power": "PowerState/running"}
        row["instances"] = self._of_a_version
        return row | {"examples": [], "model": "true", "held": "", **({"scaleSet": 1} if self.spoils == key else {})}


def _is_in(line: str, key: str) -> bool:
    """Read a condition as the query has it, with another hash than Azure's."""
    told, _, rest = line.removeprefix("| where hash(").rpartition(", ")
    parts, _, part = rest.partition(") == ")
    salt = told.partition("'")[2].partition("'")[0]
    return crc32(f"{key}{salt}".encode()) % int(parts) == int(part)


def census(graph: ListedGraph, most: int = 30) -> GraphCensus:
    """Make a census that plans slices of at most so many scale sets."""
    return GraphCensus(_client(graph), sizes={UNIFORM: most, FLEXIBLE: most})


def _client(graph: ListedGraph) -> GraphClient:
    client: Any = graph
    return client  # type: ignore[no-any-return]  # it asks nothing else of a client


@pytest.mark.parametrize("seed", range(10))
def test_every_scale_set_is_counted_once_whatever_was_expected(seed: int) -> None:
    """Expectations that are far too low cost more slices, and lose nothing."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    sizes = {name: chance.choice([0, 1, 5, 40, 200]) for name in SUBSCRIPTIONS[:8]}
    counted = census(ListedGraph(sizes)).count({name: chance.choice([0, sizes[name]]) for name in sizes})
    expected = {key_of(name, number) for name, size in sizes.items() for number in range(size)}
    assert set(counted.censuses) == expected
    assert {each.total for each in counted.censuses.values()} <= {10}
    assert counted.uniform == counted.flexible == set(sizes)
    assert counted.problem == ""


@pytest.mark.parametrize("instances", [2, 100])
def test_a_million_instances_take_the_queries_of_twenty_thousand(instances: int) -> None:
    """10,000 scale sets of 2 or of 100 instances, in a rollout: 60 queries, which Resource Graph's quota allows in 20 seconds."""
    sizes = dict.fromkeys(SUBSCRIPTIONS, 500)
    graph = ListedGraph(sizes, page=1_000, instances=instances)
    counted = GraphCensus(_client(graph)).count(sizes)
    assert sum(each.total for each in counted.censuses.values()) == 10_000 * instances
    assert (len(graph.asked), counted.problem) == (60, "")
    assert len(graph.asked) / QUERIES * QuotaPolicy.WINDOW <= 20


def test_a_full_answer_is_never_read_as_whole() -> None:
    """A subscription whose groups fill a page is asked for in parts, each of which has its own remainder."""
    graph = ListedGraph({SUBSCRIPTIONS[0]: 60})
    counted = census(graph, most=1000).count({SUBSCRIPTIONS[0]: 60})
    assert len(counted.censuses) == 60
    assert max(len(each.cuts) for each in graph.asked) >= 1


def test_where_every_answer_is_cut_off_the_census_ends() -> None:
    """It asks a bounded number of slices, and says what was not counted."""
    graph = ListedGraph({SUBSCRIPTIONS[0]: 10})
    graph.cuts_everything = True
    counted = census(graph).count({SUBSCRIPTIONS[0]: 10})
    assert counted.uniform == frozenset()
    assert counted.flexible == {SUBSCRIPTIONS[0]}
    assert "too many groups" in counted.problem
    assert len(graph.asked) < 100


def test_a_census_ends_in_time() -> None:
    """What was not asked by then was not counted, and the scan has the rest of its time."""
    graph = ListedGraph(dict.fromkeys(SUBSCRIPTIONS, 25))
    counted = census(graph).count(dict.fromkeys(SUBSCRIPTIONS, 25), seconds=5)
    assert len(graph.asked) < 15
    assert counted.uniform < set(SUBSCRIPTIONS)
    assert "time for the census" in counted.problem


def test_a_slice_that_fails_costs_its_subscriptions_alone() -> None:
    """The others are counted."""
    graph = ListedGraph(dict.fromkeys(SUBSCRIPTIONS[:3], 25))
    graph.fails_for = {SUBSCRIPTIONS[1]}
    counted = census(graph).count(dict.fromkeys(SUBSCRIPTIONS[:3], 25))
    assert counted.uniform == {SUBSCRIPTIONS[0], SUBSCRIPTIONS[2]}
    assert "Told to fail" in counted.problem


def test_a_row_that_cannot_be_read_may_be_about_any_scale_set_of_its_slice() -> None:
    """None of them is counted then: one of them would have too few instances."""
    graph = ListedGraph({SUBSCRIPTIONS[0]: 10, SUBSCRIPTIONS[1]: 25})
    graph.spoils = key_of(SUBSCRIPTIONS[0], 3)
    counted = census(graph).count({SUBSCRIPTIONS[0]: 10, SUBSCRIPTIONS[1]: 25})
    assert counted.uniform == {SUBSCRIPTIONS[1]}
    assert counted.unreadable == 2


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_covers_each_subscription_once_within_its_size(seed: int) -> None:
    """Small ones share a slice; a large one is in all its parts."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    expected = {name: chance.choice([0, 3, 90, 100, 101, 950]) for name in SUBSCRIPTIONS}
    slices = plan_slices(expected, 100)
    whole = [name for each in slices if not each.cuts for name in each.subscriptions]
    cut = [(each.subscriptions[0], each.cuts[0]) for each in slices if each.cuts]
    assert len(whole) == len(set(whole))
    assert set(whole) | {name for name, _ in cut} == set(expected)
    assert not set(whole) & {name for name, _ in cut}
    for name in {name for name, _ in cut}:
        parts = [each for other, each in cut if other == name]
        assert sorted(each.part for each in parts) == list(range(parts[0].parts))
    for each in slices:
        if not each.cuts:
            assert sum(expected[name] or 10 for name in each.subscriptions) <= 100 or len(each.subscriptions) == 1


def test_a_slice_is_written_with_numbers_alone() -> None:
    """Nothing of a name gets into a query."""
    query = "computeresources\n// slice\n| count\n"
    told = Slice(("s",), (Cut(4, 1), Cut(4, 3), Cut(4, 0, by_instance=True))).within(query)
    assert told == (
        "computeresources\n"
        "| where hash(scaleSet, 4) == 1\n"
        "| where hash(strcat(scaleSet, '#1'), 4) == 3\n"
        "| where hash(strcat(tolower(id), '#2'), 4) == 0\n"
        "| count\n"
    )
