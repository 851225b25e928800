"""A scan under way: what it was given, what it saw, and what it leaves for its record."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scanner.events.stamp import ScanStamp
from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.groups import Groups
from scanner.facts.posture import Posture
from scanner.ports.instances import Counted
from scanner.scan.depth import DepthSource
from scanner.scan.lease import ScanLease
from scanner.scan.questions import Questions
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.shard_view import ShardView
from scanner.scan.shards import Shard
from scanner.state.basis import stamp_of
from scanner.state.group_owner import GroupOwner
from scanner.times import iso


@dataclass(slots=True)
class Reading:
    """What the scan saw of the fleet, as it grows page by page."""

    subscriptions: set[str] = field(default_factory=set)
    """Those whose scale sets Resource Graph lists."""
    unlisted: set[str] = field(default_factory=set)
    """Those of scale sets that were read while the list of subscriptions left them out."""
    seen: set[str] = field(default_factory=set)
    unreadable: int = 0
    unreadable_rows: list[dict[str, JsonValue]] = field(default_factory=list)
    instances: Counted | None = None
    """The census of instances; ``None``: there was none."""
    instances_asked: int = 0
    """Scale sets that Compute answered about."""
    is_complete: bool = False
    """Every page was read and every row was a scale set: what was not there is missed, and the rest was read now."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A scale set as this scan saw it, and what is believed of its resource group."""

    posture: Posture
    owner: GroupOwner
    basis: str
    """Digest of what was seen; empty: the state has none, and is judged again by the next scan."""
    depth: Depth = NOT_READ
    """What was read beside the row."""
    beside: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the state keeps of it, by source."""
    due_at: datetime | None = None
    """When a source has to ask about it again; ``None``: never, while nothing changes."""


def _nothing_to_compare_with(_postures: Sequence[Posture]) -> None:
    return None


@dataclass(slots=True)
class Scan:
    """One shard of a scan, between its begin and its end."""

    ports: Ports
    request: ScanRequest
    shard: Shard
    stamp: ScanStamp
    lease: ScanLease
    questions: Questions
    judged_by: str
    """The stamp of this scan: what all rows are judged by (``scanner.state.basis``)."""
    view: ShardView
    sources: Sequence[DepthSource] = ()
    """What is read beside the rows."""
    reading: Reading = field(default_factory=Reading)
    too_large: list[str] = field(default_factory=list)
    """What is told of states that do not fit into the store."""
    left_as_known: set[str] = field(default_factory=set)
    """Subscriptions in which a state stays as another judgement left it: they get no stamp."""
    not_read: list[str] = field(default_factory=list)
    """What could not be read beside the rows, as sentences."""
    doubts_asked: int = 0
    """Scale sets about whose doubts Compute was asked."""
    groups_around: Callable[[Sequence[Posture]], Groups | None] = _nothing_to_compare_with
    """Reads the groups of some scale sets; ``None``: there is nothing to compare with."""
    groups_changed: bool = False
    """Whether a card has changed, so that the groups are written again."""
    compares_anew: bool = False
    """Whether a group is other than what its scale sets were compared with before."""
    committed: int = 0
    """Events that this scan committed."""

    @property
    def known_in(self) -> Collection[str]:
        """Subscriptions of which the shard has to know the states; none: all."""
        return self.shard.known_in or (self.request.scope if self.request.is_part else ())

    @property
    def commit_id(self) -> str:
        """Name what this shard of this scan commits, so that another run of it is recognised."""
        return f"{self.request.scan_id}/{self.shard.number}"

    def let_go(self) -> None:
        """Forget what it knows and has read: its sources know it, so it lives until garbage is looked for."""
        self.view.let_go()
        self.sources = ()
        self.groups_around = _nothing_to_compare_with


def new_scan(ports: Ports, request: ScanRequest, shard: Shard) -> Scan:
    """Prepare a shard; nothing is read or written yet."""
    stamp = ScanStamp(
        scan_id=request.scan_id,
        detected_at=iso(request.moment),
        service_version=request.service_version,
        deployment=request.deployment,
    )
    lease = ScanLease(ports.store, request.scan_id, request.lease, ports.now)
    reading_ends = request.moment + request.time_limit

    def seconds_left() -> float:
        return (reading_ends - ports.now()).total_seconds()

    questions = Questions(ports.compute, seconds_left, lease.keep)
    judged_by = stamp_of(request.criteria, request.service_version)
    return Scan(ports, request, shard, stamp, lease, questions, judged_by, ShardView(ports.store))
