"""Gather: from the rows of Resource Graph to the postures of the scale sets that they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.errors import ReadFailedError, TimeLimitReachedError
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.plain_text import plain
from scanner.ports.fleet import Coverage
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.depth import Changed, depth_of, differs_in, due_at_of, joined_of, kept_of, prepare, records_of
from scanner.scan.sources import read_sources
from scanner.scan.underway import Reading, Scan, Sighting
from scanner.state.basis import basis_of, stands
from scanner.state.glance import Glance
from scanner.state.group_owner import GroupOwner, weigh
from scanner.state.state import ScaleSetState
from scanner.state.transitions import NO_GROUP_OWNER

KEPT_UNREADABLE_ROWS = 20


def gather(scan: Scan) -> Iterator[Iterable[Sighting]]:
    """Read the fleet, page by page. Raises ``ReadFailedError``; what was yielded before stays true."""
    coverage = scan.ports.fleet.coverage()
    scan.reading.subscriptions.update(coverage.subscriptions)
    scan.sources = read_sources(scan, coverage)
    for page in scan.ports.fleet.pages():
        yield _sightings(scan, page, coverage)
        scan.request.on_progress(len(scan.reading.seen))
        require_time(scan)
    if not scan.reading.subscriptions and not scan.shard.subscriptions:
        raise ReadFailedError(
            "The identity can read no subscription, so nothing is known of the fleet."
            " Grant it Reader on a subscription or a management group; a new grant can take hours to be seen."
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row whose state does not stand."""

    row: object
    key: str
    """Empty where the row has no id."""
    known: Glance | None
    owner: GroupOwner


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A scale set of a page that has to be judged."""

    changed: Changed
    glance: Glance | None
    owner: GroupOwner
    is_listed: bool
    """Whether the list of subscriptions has its subscription."""


def _sightings(scan: Scan, page: Sequence[object], coverage: Coverage) -> Iterator[Sighting]:
    rows = [each for row in page if (each := _unless_it_stands(scan, row, coverage)) is not None]
    moved = scan.view.fetch([each.key for each in rows])
    if moved:
        again = [_unless_it_stands(scan, each.row, coverage) if each.key in moved else each for each in rows]
        rows = [each for each in again if each is not None]
    fresh = [new for each in rows if (new := _fresh(scan, each, coverage)) is not None]
    prepare(scan.sources, [each.changed for each in fresh], len(page))
    for found in fresh:
        row, known = found.changed.row, found.changed.known
        joined = joined_of(scan.sources, row, found.glance)
        basis = basis_of(row, found.owner, joined) if found.is_listed else ""
        depth = depth_of(scan.sources, row, known)
        kept, due_at = kept_of(scan.sources, row, known), due_at_of(scan.sources, found.changed)
        yield Sighting(found.changed.posture, found.owner, basis, depth, kept, due_at)
    records = records_of(scan.sources)
    if records:
        scan.ports.store.merge_records(records, holder=scan.request.scan_id)


def _unless_it_stands(scan: Scan, row: object, coverage: Coverage) -> _Row | None:
    """Look at a row; ``None``: its state stands, and the scale set is seen, and neither parsed nor judged."""
    identifier = row.get("id") if isinstance(row, dict) else None
    key = identifier.lower() if isinstance(identifier, str) else ""
    seen = scan.view.glance_at(key)
    owner = _owner_of_group(scan, key, seen, coverage) if key else NO_GROUP_OWNER
    known = seen if seen is None or _is_same(row, seen.unique_id) else None
    if known is None or scan.request.is_full or not _is_judged(scan, key, coverage):
        return _Row(row, key, known, owner)
    basis = basis_of(row, owner, joined_of(scan.sources, row, known))
    if not stands(known, basis, scan.stamp.detected_at) or differs_in(scan.sources, row, known):
        return _Row(row, key, known, owner)
    scan.reading.seen.add(key)
    return None


def _is_judged(scan: Scan, key: str, coverage: Coverage) -> bool:
    """Tell whether all states of a subscription that is listed were judged by what this scan judges by."""
    subscription = scan.view.headers[key].subscription_id
    return subscription in coverage.subscriptions and scan.view.coverage.is_judged(
        subscription, scan.judged_by, scan.stamp.detected_at
    )


def _fresh(scan: Scan, seen: _Row, coverage: Coverage) -> _Fresh | None:
    """Parse a row; ``None``: it is not a scale set that can be read, or one that was seen before."""
    reading, row = scan.reading, seen.row
    try:
        posture = parse_scale_set(row, resource_group_managed_by=seen.owner.believed)
    except UnreadableRowError as error:
        _set_aside(reading, row, error)
        return None
    if posture.key in reading.seen or not isinstance(row, Mapping):
        return None  # the same scale set under another spelling of its id
    reading.seen.add(posture.key)
    if not coverage.subscriptions and not scan.shard.subscriptions:
        reading.subscriptions.add(posture.subscription_id)
    remembered = scan.view.state_of(seen.key)
    known = remembered if remembered is None or _is_same(row, remembered.unique_id) else None
    is_listed = posture.subscription_id in coverage.subscriptions
    if not is_listed:
        reading.unlisted.add(posture.subscription_id)
        posture = _with_known_owner(posture, remembered)
    return _Fresh(Changed(row, posture, known), seen.known, seen.owner, is_listed)


def _is_same(row: object, unique_id: str | None) -> bool:
    """Tell another resource under the same id: nothing that was read beside the one before is about this one."""
    properties = row.get("properties") if isinstance(row, Mapping) else None
    now = properties.get("uniqueId") if isinstance(properties, Mapping) else None
    return unique_id is None or not isinstance(now, str) or now.lower() == unique_id.lower()


def _set_aside(reading: Reading, row: object, error: UnreadableRowError) -> None:
    reading.unreadable += 1
    if len(reading.unreadable_rows) < KEPT_UNREADABLE_ROWS:
        identifier = row.get("id") if isinstance(row, dict) else None
        problem: dict[str, JsonValue] = {"id": plain(str(identifier), 512), "problem": plain(str(error), 512)}
        reading.unreadable_rows.append(problem)


def require_time(scan: Scan) -> None:
    """Raise ``TimeLimitReachedError`` when the time for reading is over."""
    limit = scan.request.time_limit
    if scan.ports.now() - scan.request.moment > limit:
        read = len(scan.reading.seen)
        raise TimeLimitReachedError(
            f"The scan reached its time limit of {limit.total_seconds() / 60:g} minutes after {read} scale sets; what"
            f" it read is kept. {scan.request.time_limit_advice}",
            limit=limit,
            scale_sets_read=read,
        )


def _owner_of_group(scan: Scan, key: str, known: Glance | None, coverage: Coverage) -> GroupOwner:
    """Weigh what this scan was told of the resource group of a scale set."""
    group = key.partition("/providers/")[0]
    return weigh(
        coverage.managed_groups.get(group),
        known,
        is_listed=subscription_in(group) in coverage.subscriptions,
        scan_id=scan.request.scan_id,
    )


def subscription_in(group: str) -> str:
    """Name the subscription in the id of a resource group; empty where there is none."""
    return "".join(group.split("/")[2:3])


def _with_known_owner(posture: Posture, known: ScaleSetState | None) -> Posture:
    """Keep the service that owned the rollout while the resource groups, which may say so, are not listed."""
    if posture.managed_by is not None or known is None or known.managed_by is None:
        return posture
    return replace(posture, managed_by=known.managed_by)
