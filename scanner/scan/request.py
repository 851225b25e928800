"""What a scan is given: its ports, and what it is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scanner.judging.judge import Judgement
from scanner.ports.calls import CallCounts
from scanner.ports.compute import Compute
from scanner.ports.fleet import Fleet
from scanner.ports.images import Images
from scanner.ports.instances import InstanceCensus, InstanceReads
from scanner.ports.rollouts import RolloutReads
from scanner.ports.sink import EventSink
from scanner.ports.store import StateStore
from scanner.ports.tables import Tables
from scanner.rules.criteria import Criteria

LEASE = timedelta(minutes=10)
"""How long a scan that died keeps others out. Longer than any single read or write may take."""
SHARD_SIZE = 20_000
"""Scale sets of a shard: what is known of so many takes some dozen megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPorts:
    """The ports that ask Resource Graph for one shard: they share its part of the quota."""

    fleet: Fleet
    tables: Tables | None
    census: InstanceCensus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports that a scan uses."""

    fleet: Fleet
    compute: Compute
    store: StateStore
    sink: EventSink
    now: Callable[[], datetime]
    calls: CallCounts
    images: Images | None = None
    """``None``: lists of image versions are not read."""
    tables: Tables | None = None
    """``None``: nothing is read in bulk beside the scale sets."""
    census: InstanceCensus | None = None
    """``None``: instances are not counted."""
    instances: InstanceReads | None = None
    """``None``: Compute is not asked about instances."""
    rollouts: RolloutReads | None = None
    """``None``: Compute is not asked about rollouts."""
    begin: Callable[[], None] = lambda: None
    """Begins to read ahead what the scan will ask of ``fleet``; called once it keeps other scans out."""
    graph_part: Callable[[Sequence[str], int], GraphPorts] | None = None
    """Makes what asks about some subscriptions within a part of the quota; ``None``: ``fleet`` alone is divided."""

    def part(self, subscriptions: Sequence[str], queries: int) -> "Ports":
        """Answer the ports of a shard: its subscriptions, and its part of the quota for all that asks Resource Graph."""
        if self.graph_part is None:
            return replace(self, fleet=self.fleet.part(subscriptions, queries))
        part = self.graph_part(subscriptions, queries)
        return replace(self, fleet=part.fleet, tables=part.tables, census=part.census)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What to scan with, and why now."""

    scan_id: str
    trigger: str
    criteria: Criteria
    """As of the moment of the scan: the one time that its findings and events bear."""
    service_version: str
    deployment: str = ""
    """Stands in every row; empty for a scan from the command line."""
    scope: tuple[str, ...] = ()
    """Subscriptions asked for, in lower case; empty: all that can be read."""
    is_part: bool = False
    """Whether the scope is a part of what is watched, for this one scan: then nothing outside of it is missed."""
    retired: frozenset[str] = frozenset()
    """Subscriptions, in lower case, that are gone for good: what is known of them is retired while they are not read."""
    time_limit: timedelta = timedelta(hours=1)
    """For reading and for what Compute is asked."""
    asking: timedelta = timedelta(minutes=5)
    """Of that, the most for questions about single scale sets: what is not asked by then is asked by the next scan."""
    telling: timedelta = timedelta(minutes=5)
    """Kept after that for the delivery; what is not sent by then is sent by the next scan."""
    time_limit_advice: str = "Watch fewer subscriptions."
    """What a person can do about a scan that reached its limit, as one sentence."""
    lease: timedelta = LEASE
    is_delivering: bool = True
    """Whether the scan sends what waits; else the caller does, and marks it sent when it has arrived."""
    shard_size: int = SHARD_SIZE
    """Scale sets, as the last scan counted them, from which on the fleet is read in shards of about this size."""
    shards_at_once: int = 1
    """Shards that the caller runs side by side: they share the quota of Resource Graph."""
    is_full: bool = False
    """Whether every scale set is judged, also one of which nothing has changed that its state rests on."""
    on_progress: Callable[[int], None] = lambda _scale_sets_read: None
    on_judged: Callable[[Judgement], None] = lambda _judgement: None
    """Is given each judgement that the scan believes, as it is made; what is held or old is as the state says."""

    @property
    def moment(self) -> datetime:
        """The moment of the scan."""
        return self.criteria.moment
