"""Gather: from the rows of Resource Graph to the postures of the scale sets that they are about."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scanner.errors import ReadFailedError, TimeLimitReachedError
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.plain_text import plain
from scanner.ports.fleet import Coverage
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.underway import Reading, Scan
from scanner.state.state import ScaleSetState

KEPT_UNREADABLE_ROWS = 20


def gather(scan: Scan) -> Iterator[Iterable[Posture]]:
    """Read the fleet, page by page. Raises ``ReadFailedError``; what was yielded before stays true."""
    coverage = scan.ports.fleet.coverage()
    scan.reading.subscriptions.update(coverage.subscriptions)
    for page in scan.ports.fleet.pages():
        yield _postures(scan, page, coverage)
        scan.request.on_progress(len(scan.reading.seen))
        _check_time(scan)
    if not scan.reading.subscriptions:
        raise ReadFailedError(
            "The identity can read no subscription, so nothing is known of the fleet."
            " Grant it Reader on a subscription or a management group; a new grant can take hours to be seen."
        )


def _postures(scan: Scan, page: Iterable[object], coverage: Coverage) -> Iterator[Posture]:
    reading = scan.reading
    for row in page:
        try:
            posture = parse_scale_set(row, resource_group_managed_by=coverage.managed_groups.get(_group_of(row)))
        except UnreadableRowError as error:
            _set_aside(reading, row, error)
            continue
        if posture.key in reading.seen:
            continue  # the same scale set under another spelling of its id
        reading.seen.add(posture.key)
        if not coverage.subscriptions:
            reading.subscriptions.add(posture.subscription_id)
        if posture.subscription_id not in coverage.subscriptions:
            reading.unlisted.add(posture.subscription_id)
            posture = _with_known_owner(posture, scan.view.state_of(posture.key))
        yield posture


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


def _group_of(row: object) -> str:
    """Name the resource group in a row's id, in lower case; empty where there is none."""
    identifier = row.get("id") if isinstance(row, dict) else None
    return identifier.lower().partition("/providers/")[0] if isinstance(identifier, str) else ""


def _with_known_owner(posture: Posture, known: ScaleSetState | None) -> Posture:
    """Keep the service that owned the rollout while the resource groups, which may say so, are not listed."""
    if posture.managed_by is not None or known is None or known.managed_by is None:
        return posture
    return replace(posture, managed_by=known.managed_by)
