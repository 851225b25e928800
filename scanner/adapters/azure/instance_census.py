"""The census of instances: counted by Resource Graph in groups, slice by slice.

https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf

from scanner.adapters.azure.census_slices import Slice, plan_slices
from scanner.adapters.azure.graph_answers import Row
from scanner.adapters.azure.graph_client import GraphClient, query_text
from scanner.errors import ReadFailedError
from scanner.ports.instances import Counted
from scanner.reading.instance_rows import CensusFold

UNIFORM = "uniform_instances"
FLEXIBLE = "flexible_instances"
SCALE_SETS_PER_SLICE: Mapping[str, int] = {UNIFORM: 350, FLEXIBLE: 700}
"""Scale sets that share an answer of less than 1,000 groups: a rollout doubles the groups of one. Few are Flexible."""
AT_ONCE = 3
"""Slices that are asked at the same time: the answer of one takes longer than its place in the quota."""
FAILURES = 3
"""Slices that may fail before the rest is left for the next scan."""
MOST_CUTS = 24
"""Slices that a census asks for beyond four times those that were planned: where every answer is cut off, it ends."""


@dataclass(slots=True)
class _Kind:
    """One of the two queries, as it is asked."""

    query: str
    asked: frozenset[str]
    fold: CensusFold = field(default_factory=CensusFold)
    lost: set[str] = field(default_factory=set)
    """Subscriptions of which something was not counted."""
    failures: int = 0
    ends_at: float = 0.0
    """Seconds left of the run at which no further slice is asked."""
    room: int = 0
    """Slices that may still be asked."""
    problem: str = ""

    @property
    def covered(self) -> frozenset[str]:
        return self.asked - self.lost


class GraphCensus:
    """The ``InstanceCensus`` port on Azure Resource Graph."""

    def __init__(self, graph: GraphClient, *, sizes: Mapping[str, int] = SCALE_SETS_PER_SLICE) -> None:
        self._graph = graph
        self._sizes = sizes

    def count(self, expected: Mapping[str, int], seconds: float = inf) -> Counted:
        """Count the instances of some subscriptions, each with the number of scale sets expected there.

        No slice is asked later than after ``seconds``.
        """
        ends_at = self._graph.seconds_left() - seconds
        uniform, flexible = (self._count(query, expected, ends_at) for query in (UNIFORM, FLEXIBLE))
        carried = uniform.fold
        has_uniform = bool(carried.counted)
        return Counted(
            censuses={**flexible.fold.censuses(is_uniform=False), **carried.censuses(is_uniform=True)},
            uniform=uniform.covered,
            flexible=flexible.covered,
            offers_model=carried.carries_model if has_uniform else None,
            offers_protection=carried.carries_protection if has_uniform else None,
            unreadable=uniform.fold.unreadable + flexible.fold.unreadable,
            problem=uniform.problem or flexible.problem,
        )

    def _count(self, query: str, expected: Mapping[str, int], ends_at: float) -> _Kind:
        kind = _Kind(query_text(query), frozenset(expected), ends_at=ends_at)
        slices = plan_slices(expected, self._sizes[query])
        kind.room = MOST_CUTS + 4 * len(slices)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="instance-census") as pool:
            while slices:
                wave, slices = slices, []
                for asked, answer in zip(wave, pool.map(lambda each: self._ask(kind, each), wave), strict=True):
                    slices += self._take(kind, asked, answer)
        return kind

    def _ask(self, kind: _Kind, asked: Slice) -> Sequence[Row] | ReadFailedError | None:
        if kind.failures >= FAILURES:
            return ReadFailedError("The census was given up after several failures.")
        if self._graph.seconds_left() < kind.ends_at:
            return ReadFailedError("The time for the census was over.")
        try:
            return self._graph.summary(asked.within(kind.query), {"subscriptions": asked.subscriptions})
        except ReadFailedError as error:
            kind.failures += 1
            return error

    def _take(self, kind: _Kind, asked: Slice, answer: Sequence[Row] | ReadFailedError | None) -> list[Slice]:
        """Fold an answer, or say which slices to ask in its place."""
        if isinstance(answer, ReadFailedError):
            kind.problem = kind.problem or f"Instances were not counted everywhere. {answer}"
        elif answer is not None:
            unreadable = kind.fold.unreadable
            kind.fold.add(answer)
            if kind.fold.unreadable == unreadable:
                return []
            kind.problem = kind.problem or "Resource Graph's count of instances holds rows that cannot be read."
        else:
            smaller = asked.halves(is_one_scale_set=len(asked.cuts) > 3)
            if smaller and len(smaller) <= kind.room:
                kind.room -= len(smaller)
                return smaller
            kind.problem = kind.problem or "Instances were not counted everywhere: too many groups in one slice."
        kind.lost.update(asked.subscriptions)
        return []
