"""Gather: from the rows of Resource Graph to the postures of the scale sets that they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.errors import ReadFailedError, TimeLimitReachedError
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.plain_text import plain
from scanner.ports.fleet import Coverage
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.depth import Changed, depth_of, due_at_of, joined_of, kept_of, prepare, records_of
from scanner.scan.sources import read_sources
from scanner.scan.underway import Reading, Scan, Sighting
from scanner.state.basis import basis_of, stands
from scanner.state.glance import glance_of
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
        _check_time(scan)
    if not scan.reading.subscriptions:
        raise ReadFailedError(
            "The identity can read no subscription, so nothing is known of the fleet."
            " Grant it Reader on a subscription or a management group; a new grant can take hours to be seen."
        )


def _sightings(scan: Scan, page: Sequence[object], coverage: Coverage) -> Iterator[Sighting]:
    fresh = list(_fresh(scan, page, coverage))
    prepare(scan.sources, [each.changed for each in fresh], len(page))
    for each in fresh:
        row, known = each.changed.row, each.changed.known
        basis = basis_of(row, each.owner, _joined(scan, row, known)) if each.is_listed else ""
        depth = depth_of(scan.sources, row, known)
        kept, due_at = kept_of(scan.sources, row, known), due_at_of(scan.sources, each.changed)
        yield Sighting(each.changed.posture, each.owner, basis, depth, kept, due_at)
    records = records_of(scan.sources)
    if records:
        scan.ports.store.put_records(records, holder=scan.request.scan_id)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A scale set of a page that has to be judged."""

    changed: Changed
    owner: GroupOwner
    is_listed: bool
    """Whether the list of subscriptions has its subscription."""


def _fresh(scan: Scan, page: Sequence[object], coverage: Coverage) -> Iterator[_Fresh]:
    """Find the scale sets of a page whose states do not stand, each once."""
    reading = scan.reading
    for row in page:
        owner = _owner_of_group(scan, row, coverage)
        known = _same_resource(row, _known_of(scan, row))
        if _is_unchanged(scan, row, basis_of(row, owner, _joined(scan, row, known)), coverage):
            continue
        try:
            posture = parse_scale_set(row, resource_group_managed_by=owner.believed)
        except UnreadableRowError as error:
            _set_aside(reading, row, error)
            continue
        if posture.key in reading.seen or not isinstance(row, Mapping):
            continue  # the same scale set under another spelling of its id
        reading.seen.add(posture.key)
        if not coverage.subscriptions:
            reading.subscriptions.add(posture.subscription_id)
        is_listed = posture.subscription_id in coverage.subscriptions
        if not is_listed:
            reading.unlisted.add(posture.subscription_id)
            posture = _with_known_owner(posture, scan.view.state_of(posture.key))
        yield _Fresh(Changed(row, posture, known), owner, is_listed)


def _joined(scan: Scan, row: object, known: ScaleSetState | None) -> JsonValue:
    return joined_of(scan.sources, row, None if known is None else glance_of(known))


def _is_unchanged(scan: Scan, row: object, basis: str, coverage: Coverage) -> bool:
    """Tell whether the state of a row stands as it is; the scale set is seen then, and neither parsed nor judged."""
    known = _known_of(scan, row)
    if known is None or scan.request.is_full:
        return False
    subscription, moment = known.identity.subscription_id, scan.stamp.detected_at
    if subscription not in coverage.subscriptions or not stands(glance_of(known), basis, moment):
        return False
    if not scan.view.coverage.is_judged(subscription, scan.judged_by, moment):
        return False
    scan.reading.seen.add(known.identity.key)
    return True


def _known_of(scan: Scan, row: object) -> ScaleSetState | None:
    identifier = row.get("id") if isinstance(row, dict) else None
    return scan.view.state_of(identifier.lower()) if isinstance(identifier, str) else None


def _same_resource(row: object, known: ScaleSetState | None) -> ScaleSetState | None:
    """Leave out what is known of another resource that had this id: nothing that was read beside it is about this one."""
    if known is None or known.unique_id is None or not isinstance(row, Mapping):
        return known
    properties = row.get("properties")
    unique_id = properties.get("uniqueId") if isinstance(properties, Mapping) else None
    is_other = isinstance(unique_id, str) and unique_id.lower() != known.unique_id.lower()
    return None if is_other else known


def _set_aside(reading: Reading, row: object, error: UnreadableRowError) -> None:
    reading.unreadable += 1
    if len(reading.unreadable_rows) < KEPT_UNREADABLE_ROWS:
        identifier = row.get("id") if isinstance(row, dict) else None
        problem: dict[str, JsonValue] = {"id": plain(str(identifier), 512), "problem": plain(str(error), 512)}
        reading.unreadable_rows.append(problem)


def _check_time(scan: Scan) -> None:
    limit = scan.request.time_limit
    if scan.ports.now() - scan.request.moment > limit:
        read = len(scan.reading.seen)
        raise TimeLimitReachedError(
            f"The scan reached its time limit of {limit.total_seconds() / 60:g} minutes after {read} scale sets; what"
            f" it read is kept. {scan.request.time_limit_advice}",
            limit=limit,
            scale_sets_read=read,
        )


def _owner_of_group(scan: Scan, row: object, coverage: Coverage) -> GroupOwner:
    """Weigh what this scan was told of the resource group that a row's id names."""
    identifier = row.get("id") if isinstance(row, dict) else None
    if not isinstance(identifier, str):
        return NO_GROUP_OWNER
    key = identifier.lower()
    group = key.partition("/providers/")[0]
    known = scan.view.state_of(key)
    return weigh(
        coverage.managed_groups.get(group),
        None if known is None else glance_of(known),
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
