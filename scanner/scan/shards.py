"""What a scan is divided into, and what each part leaves: small, additive, and never a row of a scale set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner.events.stamp import ScanStamp
from scanner.facts.evidence import JsonValue
from scanner.ports.fleet import QUERIES
from scanner.scan.calls import Calls
from scanner.scan.delivery import Delivery
from scanner.scan.request import ScanRequest
from scanner.state.tally import Numbers
from scanner.times import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A part of the fleet that is read, judged and committed by itself."""

    number: int
    subscriptions: tuple[str, ...] = ()
    """Ids in lower case, sorted; empty: all that the scan reads, as one shard."""
    out_of_sight: tuple[str, ...] = ()
    """Further subscriptions of which states are known: Resource Graph neither lists them nor counts scale sets in them."""
    queries: int = QUERIES
    """Resource Graph queries that it may send in each window of the quota."""

    @property
    def known_in(self) -> tuple[str, ...]:
        """Subscriptions whose states are its own; none: all."""
        return self.subscriptions + self.out_of_sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a scan is about to do. ``scanner.scan.travel`` writes it down for another process."""

    request: ScanRequest
    shards: Sequence[Shard]
    calls: Calls = field(default_factory=Calls)
    """What planning has spent."""
    failure: Exception | None = None
    """Why nothing could be planned; there are no shards then."""

    @property
    def stamp(self) -> ScanStamp:
        """What all rows of the scan share."""
        request = self.request
        return ScanStamp(
            scan_id=request.scan_id,
            detected_at=iso(request.moment),
            service_version=request.service_version,
            deployment=request.deployment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What became of a shard: ids of subscriptions, counts, sums of tallies, and problems."""

    shard: Shard
    listed: tuple[str, ...] = ()
    """Subscriptions whose scale sets Resource Graph lists."""
    unlisted: tuple[str, ...] = ()
    """Those of scale sets that were read while the list of subscriptions left them out."""
    is_complete: bool = False
    """Every page was read and every row was a scale set: what was not there is missed."""
    scale_sets_read: int = 0
    scale_sets_not_seen: int = 0
    rows_unreadable: int = 0
    unreadable_rows: tuple[Mapping[str, JsonValue], ...] = ()
    listed_in_vain: tuple[str, ...] = ()
    """Subscriptions that are listed while nothing that is known of them was seen, nor confirmed as gone."""
    left_as_known: tuple[str, ...] = ()
    """Subscriptions in which a state stays as another judgement left it: they get no stamp."""
    problems: tuple[str, ...] = ()
    """Sentences about states that could not be read or written."""
    not_read: tuple[str, ...] = ()
    """What could not be read beside the rows, as sentences: the scale sets themselves were read."""
    instances: Mapping[str, JsonValue] | None = None
    """What the census of instances says of itself; ``None``: there was none."""
    groups_changed: bool = False
    """Whether a card has changed, so that the groups are written again."""
    compares_anew: bool = False
    """Whether a group is other than what its scale sets were compared with before."""
    committed: int = 0
    """Events that it committed."""
    delivery: Delivery = field(default_factory=Delivery)
    numbers: Numbers = field(default_factory=Numbers)
    """Sums over the scale sets that are known after it."""
    calls: Calls = field(default_factory=Calls)
    failure: Exception | None = None
    """What ended it early."""
