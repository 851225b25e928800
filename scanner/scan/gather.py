"""Gather: from the rows of Resource Graph to the postures of the scale sets that they are about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scanner.errors import ReadFailedError, TimeLimitReachedError
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.plain_text import plain
from scanner.ports.fleet import Coverage
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.depth import depth_of, joined_of, kept_of, records_of
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
class _Changed:
    """A row whose state does not stand."""

    row: object
    key: str
    """Empty where the row has no id."""
    owner: GroupOwner
    basis: str


def _sightings(scan: Scan, page: Iterable[object], coverage: Coverage) -> Iterator[Sighting]:
    changed = [each for row in page if (each := _changed(scan, row, coverage)) is not None]
    scan.view.fetch([each.key for each in changed])
    for each in changed:
        sighting = _sighting(scan, each, coverage)
        if sighting is not None:
            yield sighting
    records = records_of(scan.sources)
    if records:
        scan.ports.store.put_records(records, holder=scan.request.scan_id)


def _changed(scan: Scan, row: object, coverage: Coverage) -> _Changed | None:
    """Look at a row; ``None``: its state stands, and the scale set is seen, and neither parsed nor judged."""
    identifier = row.get("id") if isinstance(row, dict) else None
    key = identifier.lower() if isinstance(identifier, str) else ""
    known = scan.view.glance_at(key)
    owner = _owner_of_group(scan, key, known, coverage) if key else NO_GROUP_OWNER
    basis = basis_of(row, owner, joined_of(scan.sources, row, known))
    if known is None or not _is_unchanged(scan, key, known, basis, coverage):
        return _Changed(row, key, owner, basis)
    scan.reading.seen.add(key)
    return None


def _is_unchanged(scan: Scan, key: str, known: Glance, basis: str, coverage: Coverage) -> bool:
    subscription, moment = scan.view.headers[key].subscription_id, scan.stamp.detected_at
    return (
        not scan.request.is_full
        and subscription in coverage.subscriptions
        and stands(known, basis, moment)
        and scan.view.coverage.is_judged(subscription, scan.judged_by, moment)
    )


def _sighting(scan: Scan, changed: _Changed, coverage: Coverage) -> Sighting | None:
    """Parse a row; ``None``: it is not a scale set that can be read, or one that was seen before."""
    reading, row, basis = scan.reading, changed.row, changed.basis
    known = scan.view.state_of(changed.key)
    try:
        posture = parse_scale_set(row, resource_group_managed_by=changed.owner.believed)
    except UnreadableRowError as error:
        _set_aside(reading, row, error)
        return None
    if posture.key in reading.seen:
        return None  # the same scale set under another spelling of its id
    reading.seen.add(posture.key)
    if not coverage.subscriptions and not scan.shard.subscriptions:
        reading.subscriptions.add(posture.subscription_id)
    if posture.subscription_id not in coverage.subscriptions:
        reading.unlisted.add(posture.subscription_id)
        posture = _with_known_owner(posture, known)
        basis = ""
    depth = depth_of(scan.sources, row, known)
    return Sighting(posture, changed.owner, basis, depth, kept_of(scan.sources, row, known))


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
