"""The source of what instances run: a census before the first page, and Compute's word on those that need it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scanner.errors import ReadFailedError
from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.instances import Census, ComputeReading
from scanner.facts.posture import Posture
from scanner.facts.since import next_since
from scanner.ports.fleet import Coverage
from scanner.ports.instances import Counted, InstanceCensus, Told, Wanted
from scanner.reading.image_rows import image_of
from scanner.reading.instance_rows import capacity_of, is_flexible_row, model_digest
from scanner.scan.depth import Changed
from scanner.scan.reading_plan import Candidate, make_plan
from scanner.scan.seen_instances import (
    SeenInstances,
    beside_newest,
    is_other,
    is_troubled,
    question_about,
    without_newest,
)
from scanner.scan.underway import Scan
from scanner.state.glance import Glance
from scanner.state.kept_instances import (
    NAME,
    NOTHING_KEPT,
    KeptInstances,
    digest_of_census,
    digest_of_reading,
    read_kept,
    write_kept,
)
from scanner.state.state import ScaleSetState

SHARE_OF_TIME = 0.5
"""Part of the time left that Compute may be asked in, divided over the rows that are still to come."""
SHARE_OF_CENSUS = 0.25
"""Part of the time left that the census may take: the pages come after it."""
LONGEST = 240.0
"""Seconds that one page's questions may take: the lease is kept between them."""
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""The moment at which something was due that could not be asked: always the same, so that no row is written for it."""
CALLS_PER_PLACE = 3_600
"""Calls that one scan spends in a subscription and region: two thirds of what refills in a quarter of an hour."""


class InstanceSource:
    """Joins what instances run to the rows of their scale sets."""

    name = NAME

    def __init__(self, scan: Scan, counted: Counted) -> None:
        self._scan = scan
        self._counted = counted
        self._told: dict[str, Told] = {}
        self._used = timedelta(0)
        self._now: dict[str, KeptInstances] = {}
        """What is known of the scale sets of this page, after all questions."""
        self._left: defaultdict[str, int] = defaultdict(lambda: CALLS_PER_PLACE)

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer digests of the census and of what Compute said: of now, or as last known."""
        kept = None if known is None else known.kept.get(NAME)
        before = kept if isinstance(kept, Sequence) and len(kept) == 2 else ("", "")
        census = self._census_of(row)
        told = self._told.get(_key_of(row))
        return [
            digest_of_census(census) if census is not None else before[0],
            census is not None,
            digest_of_reading(_reading(told, "")) if told is not None else before[1],
        ]

    def prepare(self, changed: Sequence[Changed], rows: int) -> None:
        """Ask Compute about those that are due. ``rows``: how many the page has, of all that are to come."""
        self._now.clear()
        reads = self._scan.ports.instances
        if reads is None:
            return
        seen = {each.posture.key: self._seen(each) for each in changed}
        candidates = [self._candidate(each) for each in seen.values() if each.is_asked_about]
        plan = make_plan(candidates, self._left_in(candidates), self._scan.request.moment)
        if not plan:
            return
        self._scan.lease.keep()
        began = self._scan.ports.now()
        told = reads.ask([question_about(seen[each.key]) for each in plan], self._seconds_for(rows))
        self._used += self._scan.ports.now() - began
        for each in plan:
            if each.key in told:
                self._left[each.place] -= each.calls
                self._told[each.key] = told[each.key]
        self._scan.reading.instances_asked += len(told)
        self._scan.lease.keep()

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in what the instances run, and since when."""
        kept, moment = self._next(row, known), self._scan.request.moment
        if depth.newest is not None:
            kept = beside_newest(kept, depth.newest, moment)
        elif kept.patching is not None:
            kept = without_newest(kept, image_of(row), moment)
        self._now[_key_of(row)] = kept
        return replace(depth, instances=kept.instances, since=kept.since, patching=kept.patching)

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Answer what the state keeps."""
        kept = self._next(row, known)
        return None if kept == NOTHING_KEPT else write_kept(kept)

    def due_at(self, changed: Changed) -> datetime | None:
        """Say when Compute is to be asked again; ``None``: it has nothing to say."""
        if self._scan.ports.instances is None:
            return None
        seen = self._seen(changed)
        if not seen.is_asked_about:
            return None
        return self._candidate(replace(seen, kept=self._next(changed.row, changed.known))).due_at or AT_ONCE

    def _next(self, row: Mapping[str, object], known: ScaleSetState | None) -> KeptInstances:
        key = _key_of(row)
        if key not in self._now:
            self._now[key] = self._made(row, known)
        return self._now[key]

    def _made(self, row: Mapping[str, object], known: ScaleSetState | None) -> KeptInstances:
        before, moment = self._kept_of(row, known), self._scan.request.moment
        census, told = self._census_of(row), self._told.get(_key_of(row))
        instances = before.instances
        if census is not None:
            if digest_of_census(census) == digest_of_census(instances.census) and instances.census is not None:
                census = instances.census  # the same counts: with the same examples, so that nothing is written anew
            instances = replace(instances, census=census, census_read_at=moment, is_current=True)
        elif instances.census is not None:
            instances = replace(instances, is_current=False)
        if told is not None:
            about = f"{model_digest(row)}/{digest_of_census(instances.census)}"
            instances = replace(instances, reading=_reading(told, about))
        return replace(before, instances=instances, since=next_since(before.since, instances, moment))

    def _seen(self, changed: Changed) -> SeenInstances:
        kept = self._kept_of(changed.row, changed.known)
        return SeenInstances(changed.row, changed.posture, kept, self._census_of(changed.row) or kept.instances.census)

    def _candidate(self, seen: SeenInstances) -> Candidate:
        reading, since = seen.kept.instances.reading, seen.kept.since.behind_model
        grace = timedelta(hours=self._scan.request.criteria.policy.behind_model_grace_hours)
        return Candidate(
            key=seen.posture.key,
            place=_place_of(seen.posture),
            calls=seen.calls,
            read_at=None if reading is None else reading.read_at,
            is_changed=reading is not None and is_other(reading, seen),
            is_troubled=reading is not None and is_troubled(reading),
            grace_ends_at=None if since is None or seen.listing is Wanted.NONE else since + grace,
        )

    def _left_in(self, candidates: Sequence[Candidate]) -> Mapping[str, int]:
        return {each.place: self._left[each.place] for each in candidates}

    def _seconds_for(self, rows: int) -> float:
        """Divide what is left of the time for reading over the rows that are still to come."""
        scan = self._scan
        left = (scan.request.moment + scan.request.time_limit - scan.ports.now()).total_seconds() * SHARE_OF_TIME
        known = max(scan.view.sizes().total(), len(self._counted.censuses)) - len(scan.reading.seen) + rows
        share = min(left, (scan.request.asking - self._used).total_seconds()) * rows / max(known, rows, 1)
        return min(LONGEST, share)

    def _kept_of(self, row: Mapping[str, object], known: ScaleSetState | None) -> KeptInstances:
        """Read what is known of the instances; nothing where the scale set is another one than the known one."""
        if known is None or known.removed_at is not None or _is_other_resource(row, known):
            return NOTHING_KEPT
        return read_kept(known.beside, self._scan.view.coverage.read_at.get(known.identity.subscription_id))

    def _census_of(self, row: Mapping[str, object]) -> Census | None:
        """Find the census of a scale set; without instances it is empty where it wants none, and else not read."""
        key = _key_of(row)
        subscription = "".join(key.split("/")[2:3])
        covered = self._counted.flexible if is_flexible_row(row) else self._counted.uniform
        if subscription not in covered:
            return None
        census = self._counted.censuses.get(key)
        if census is None and capacity_of(row) == 0:
            return Census() if is_flexible_row(row) else Census(behind=0, held=0)
        return census


def count_instances(scan: Scan, census: InstanceCensus, coverage: Coverage) -> InstanceSource:
    """Take the census, before the first page."""
    scan.lease.keep()
    left = (scan.request.moment + scan.request.time_limit - scan.ports.now()).total_seconds()
    counted = census.count(_expected(scan, coverage), max(0.0, left * SHARE_OF_CENSUS))
    scan.lease.keep()
    scan.reading.instances = counted
    return InstanceSource(scan, counted)


def _expected(scan: Scan, coverage: Coverage) -> Mapping[str, int]:
    """Say how many scale sets each subscription has: as known, and of those that were never read as Resource Graph counts.

    Else the first census of a large subscription would be cut again and again, and given up.
    """
    known, read_before = scan.view.sizes(), scan.view.coverage.read_at
    expected = {name: known[name] for name in coverage.subscriptions}
    new = [name for name in expected if name not in read_before]
    if new:
        with suppress(ReadFailedError):  # then the census is cut as it goes
            counts = scan.ports.fleet.counts(coverage)
            expected |= {name: counts.get(name, 0) for name in new}
    return expected


def _reading(told: Told | None, about: str) -> ComputeReading | None:
    if told is None:
        return None
    return ComputeReading(read_at=told.read_at, about=about, listing=told.listing, repairs=told.repairs)


def _place_of(posture: Posture) -> str:
    return f"{posture.subscription_id}/{posture.location or ''}"


def _key_of(row: Mapping[str, object]) -> str:
    identifier = row.get("id")
    return identifier.lower() if isinstance(identifier, str) else ""


def _is_other_resource(row: Mapping[str, object], known: ScaleSetState) -> bool:
    properties = row.get("properties")
    unique_id = properties.get("uniqueId") if isinstance(properties, Mapping) else None
    if not isinstance(unique_id, str) or known.unique_id is None:
        return False
    return unique_id.lower() != known.unique_id.lower()
