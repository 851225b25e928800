"""Plan: keep other scans out, and divide the fleet into shards by what the last scan, or Azure, counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.errors import LeaseHeldError, ReadFailedError, StoreError, UnreadableError
from scanner.ports.fleet import QUERIES, Coverage
from scanner.scan.calls import counted
from scanner.scan.changes import make_pseudonym_key
from scanner.scan.delivery import send_past_outbox
from scanner.scan.lease import ScanLease
from scanner.scan.record import Ending, make_record
from scanner.scan.request import Ports, ScanRequest
from scanner.scan.shards import Plan, Shard
from scanner.state.basis import stamp_of
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import CoverageRecord, read_coverage

MAX_SUBSCRIPTIONS = 200
"""Subscriptions of one shard: they go into one query, and each costs some requests to the store."""
RESERVED = 3
"""Queries of a window that shards which run side by side leave to others; the plan's own, where those were more."""


def make_plan(ports: Ports, request: ScanRequest) -> Plan:
    """Take the lease, and choose the shards of a scan; the same scan may take it again.

    A fleet of fewer than ``request.shard_size`` scale sets, as the last scan or Azure counts them, is one shard. Raises
    ``LeaseHeldError`` while another scan runs, and ``StoreError`` when the state cannot be reached; then the scan has
    said so past the outbox. Everything else that goes wrong is in the plan, for ``conclude``.
    """
    before = counted(ports.calls)
    _begin(ports, request)
    shards: Sequence[Shard] = ()
    failure: Exception | None = None
    try:
        shards = _shards(ports, request, _prepare(ports, request))
    except Exception as error:  # noqa: BLE001 - a scan that began says how it went
        failure = error
    return Plan(request=request, shards=shards, calls=counted(ports.calls) - before, failure=failure)


def _begin(ports: Ports, request: ScanRequest) -> None:
    """Keep other scans out. A scan whose state cannot be reached says so past the outbox."""
    try:
        ScanLease(ports.store, request.scan_id, request.lease, ports.now).take()
    except LeaseHeldError:
        raise
    except StoreError as unreachable:
        plan = Plan(request=request, shards=())
        record = make_record(Ending(plan=plan, ended=ports.now(), failure=unreachable))
        send_past_outbox(record.event(plan.stamp), ports.sink, ports.now())
        raise


def _prepare(ports: Ports, request: ScanRequest) -> CoverageRecord:
    """Say, before the first state is judged by other criteria, that states are no longer judged by the earlier ones.

    Otherwise a scan that ends half-way would leave states under a stamp that is not theirs.
    """
    try:
        before = read_coverage(ports.store.get_record(COVERAGE))
    except UnreadableError:
        before = CoverageRecord()
    coverage = before.only_under(stamp_of(request.criteria, request.service_version))
    if coverage != before:
        ports.store.put_records({COVERAGE: coverage.to_json()}, holder=request.scan_id)
    make_pseudonym_key(request.criteria, ports.store, request.scan_id)
    return coverage


def _shards(ports: Ports, request: ScanRequest, coverage: CoverageRecord) -> Sequence[Shard]:
    """Divide the fleet; a small one, and one of which no subscription is listed, stays whole.

    It is counted now where no scan has counted it yet, and for shards side by side.
    """
    whole = (Shard(number=0),)
    known = coverage.scale_sets
    if request.shards_at_once < 2 and known and sum(known.values()) < request.shard_size:
        return whole
    before = counted(ports.calls)
    listed = ports.fleet.coverage()
    if not listed.subscriptions:
        return whole
    sizes, out_of_sight = _sizes(ports, request, coverage, listed)
    parts = list(_packed(sizes, coverage.read_at, request.shard_size))
    if len(parts) < 2:
        return whole
    at_once = min(request.shards_at_once, len(parts))
    others = max(RESERVED, (counted(ports.calls) - before).graph_queries)  # shards begin in the same window
    queries = QUERIES if at_once < 2 else max(1, (QUERIES - others) // at_once)
    shards = [Shard(number=number, subscriptions=part, queries=queries) for number, part in enumerate(parts)]
    return [replace(shards[0], out_of_sight=out_of_sight), *shards[1:]]


def _sizes(
    ports: Ports, request: ScanRequest, coverage: CoverageRecord, listed: Coverage
) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """Count the scale sets of every subscription that is listed, or that the list left out; name those out of sight."""
    before = coverage.scale_sets
    # Also those that no scan has concluded about yet, or whose count was lost with the record: their states are there.
    all_known = {*before, *ports.store.subscriptions()}
    known = {name for name in all_known if not request.is_part or name in request.scope or not request.scope}
    try:
        counts = ports.fleet.counts(listed)
    except ReadFailedError:  # the last scan's counts will do
        counts = {name: before.get(name, 0) for name in known}
    in_sight = {*listed.subscriptions, *counts}
    sizes = {name: max(counts.get(name, 0), before.get(name, 0)) for name in in_sight}
    return sizes, tuple(sorted(known - in_sight))


def _packed(sizes: Mapping[str, int], read_at: Mapping[str, str], room: int) -> Iterator[tuple[str, ...]]:
    """Fill shards, with the subscriptions first that were read least recently: there may be no time for all."""
    part: list[str] = []
    taken = 0
    for name in sorted(sizes, key=lambda each: (read_at.get(each, ""), each)):
        if part and (taken + sizes[name] > room or len(part) == MAX_SUBSCRIPTIONS):
            yield tuple(sorted(part))
            part, taken = [], 0
        part.append(name)
        taken += sizes[name]
    if part:
        yield tuple(sorted(part))
