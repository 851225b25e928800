"""One shard of a scan: read, judge and commit some subscriptions, and nothing outside of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.instances import Counted
from scanner.ports.store import Damage
from scanner.scan.absent import on_absent
from scanner.scan.calls import counted
from scanner.scan.commit import commit
from scanner.scan.decide import on_seen
from scanner.scan.gather import KEPT_UNREADABLE_ROWS, gather, require_time, subscription_in
from scanner.scan.request import Ports
from scanner.scan.retire import of_subscriptions
from scanner.scan.shard_view import read_view
from scanner.scan.shards import Plan, Shard, ShardReport
from scanner.scan.underway import Scan, new_scan
from scanner.times import iso

TOMBSTONES_KEPT = timedelta(days=30)
"""How long a removed scale set is remembered: an old answer of Resource Graph, which is days old at most, must not bring
it back. Ids of events do not need it: a scale set that comes later starts a new generation."""


def scan_shard(ports: Ports, plan: Plan, shard: Shard) -> ShardReport:
    """Gather, decide and commit one shard; answer what became of it, also when it failed.

    A shard may be run again, in any process, also while another run of it goes on: what one of them committed, the
    other recognises as done. What is missing is concluded only from a shard that was read whole.
    """
    before = counted(ports.calls)
    if shard.subscriptions:
        ports = ports.part(shard.subscriptions, shard.queries)
    scan = new_scan(ports, plan.request, shard)
    failures = [attempt(scan, step) for step in (watch, _forget_tombstones)]
    report = _report(scan, next(filter(None, failures), None))
    scan.let_go()
    return replace(report, calls=counted(ports.calls) - before)


def watch(scan: Scan) -> None:
    """Gather, decide, commit: page by page, so that a crash repeats little and memory stays small."""
    scan.lease.keep(always=True)  # this may be another process than the one that took it, and much later
    if scan.shard.number:
        require_time(scan)
    if not scan.shard.subscriptions:
        scan.ports.begin()
    scan.view = read_view(scan.ports.store, scan.known_in)
    for sightings in gather(scan):
        commit(scan, on_seen(scan, sightings))
    if not scan.reading.unreadable:  # a row that cannot be read may be any of the scale sets that were not seen
        retired = scan.request.retired - scan.reading.subscriptions
        for transitions in chain(on_absent(scan), of_subscriptions(scan.view, retired, scan.stamp.detected_at)):
            commit(scan, transitions)
        scan.reading.is_complete = True


def _forget_tombstones(scan: Scan) -> None:
    """Forget what was removed long ago."""
    scan.lease.keep()
    scan.ports.store.forget(scan.view.tombstones_before(iso(scan.request.moment - TOMBSTONES_KEPT)))


def attempt[Given](given: Given, step: Callable[[Given], None]) -> Exception | None:
    """Run a step; answer what ended it, whatever that is: the scan still has to say how it went."""
    try:
        step(given)
    except Exception as error:  # noqa: BLE001 - the result of the scan carries it
        return error
    return None


def _report(scan: Scan, failure: Exception | None) -> ShardReport:
    reading, view = scan.reading, scan.view
    return ShardReport(
        shard=scan.shard,
        listed=tuple(sorted(reading.subscriptions)),
        unlisted=tuple(sorted(reading.unlisted)),
        is_complete=reading.is_complete,
        scale_sets_read=len(reading.seen),
        scale_sets_not_seen=sum(1 for key in view.current() if key not in reading.seen),
        rows_unreadable=reading.unreadable,
        unreadable_rows=tuple(reading.unreadable_rows),
        listed_in_vain=tuple(sorted(_listed_in_vain(scan))),
        left_as_known=tuple(sorted(scan.left_as_known)),
        problems=(
            *[describe_damage(damage) for damage in list(view.damage.values())[:KEPT_UNREADABLE_ROWS]],
            *scan.too_large[:KEPT_UNREADABLE_ROWS],
        ),
        not_read=tuple(scan.not_read),
        instances=None if reading.instances is None else _census(reading.instances, reading.instances_asked),
        groups_changed=scan.groups_changed,
        compares_anew=scan.compares_anew,
        committed=scan.committed,
        numbers=view.numbers(),
        failure=failure,
    )


def _census(counted: Counted, asked: int) -> dict[str, JsonValue]:
    """Say what the census of instances covers, and what this cloud offers of it."""
    return {
        "scale_sets": len(counted.censuses),
        "offers_model": counted.offers_model,
        "offers_protection": counted.offers_protection,
        "asked": asked,
        "unreadable": counted.unreadable,
        "problem": plain(counted.problem, 500),
    }


def _listed_in_vain(scan: Scan) -> set[str]:
    """Find subscriptions that are listed while nothing that is known of them was seen, nor confirmed as gone."""
    seen = {subscription_in(key) for key in scan.reading.seen}
    doubtful = {
        subscription_in(key)
        for key, glance in scan.view.absent(scan.reading.seen, scan.reading.subscriptions).items()
        if glance.missed_scans > 0 and glance.missed_by != scan.request.scan_id
    }
    return doubtful - seen


def describe_damage(damage: Damage) -> str:
    """Say what cannot be read, and what to do."""
    what = {"state": "The state", "entry": "The outbox entry", "record": "The control record"}[damage.kind]
    return f"{what} {plain(damage.name, 300)} cannot be read: {damage.why}. vmss-posture state check says more."
