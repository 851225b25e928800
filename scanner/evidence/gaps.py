"""What is missing from the evidence, and what could not be said: named, never hidden."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from scanner.evidence.chain import ChainReport
from scanner.evidence.rows import Period, Rows
from scanner.evidence.table_rows import last_snapshot
from scanner.facts.evidence import JsonValue
from scanner.overview.lead_times import lead_times_of
from scanner.plain_text import plain, plural

LONGEST = timedelta(hours=24)
"""Between two scans, or since a scale set was read: more is a gap."""


def gaps_of(rows: Rows, period: Period, chain: ChainReport, *, has_who: bool) -> Iterator[Mapping[str, JsonValue]]:
    """List the gaps of a period, by kind."""
    yield from _days(period, chain)
    for problem in chain.problems:
        yield _gap("chain", problem.at, problem.at, problem.what)
    yield from _scans(rows, period)
    yield from _subscriptions(rows)
    yield from _last_snapshot(rows, chain)
    yield from _lead_times(rows, chain)
    yield from _who(rows)
    if not has_who:
        yield _gap("not recorded", "", "", "Who changed a fact: this release's rows do not carry it.")


def _gap(kind: str, first: str, last: str, what: str) -> Mapping[str, JsonValue]:
    return {"Kind": kind, "From": first, "To": last, "What": what}


def _days(period: Period, chain: ChainReport) -> Iterator[Mapping[str, JsonValue]]:
    taken = {snapshot.at[:10] for snapshot in chain.snapshots}
    for day in period.days():
        if day not in taken:
            yield _gap("no snapshot", day, day, "No compliance snapshot was completed on this day.")


def _scans(rows: Rows, period: Period) -> Iterator[Mapping[str, JsonValue]]:
    moments = [f"{period.first:%Y-%m-%dT%H:%M:%S.%fZ}"]
    for scan in rows.scans():
        at, status = str(scan.get("DetectedAt", "")), str(scan.get("Status", ""))
        if status != "failed":
            moments.append(at)
        if status != "complete":
            yield _gap(f"scan {plain(status, 20)}", str(scan.get("StartedAt", at)), at, str(scan.get("Error", "")))
    moments.append(f"{period.end:%Y-%m-%dT%H:%M:%S.%fZ}")
    for before, after in pairwise(moments):
        passed = _time(after) - _time(before)
        if passed > LONGEST:
            hours = int(passed / timedelta(hours=1))
            yield _gap("no scan", before, after, f"No scan read anything for {plural(hours, 'hour')}.")


def _subscriptions(rows: Rows) -> Iterator[Mapping[str, JsonValue]]:
    missed: dict[str, list[str]] = {}
    for scan in rows.scans():
        for subscription_id in scan.get("SubscriptionsNotRead", ()):
            missed.setdefault(str(subscription_id), []).append(str(scan.get("DetectedAt", "")))
    for subscription_id in sorted(missed):
        moments = missed[subscription_id]
        what = f"The subscription {plain(subscription_id, 64)} was not read by {plural(len(moments), 'scan')}."
        yield _gap("subscription not read", moments[0], moments[-1], what)


def _last_snapshot(rows: Rows, chain: ChainReport) -> Iterator[Mapping[str, JsonValue]]:
    last = max((snapshot.at for snapshot in chain.snapshots), default="")
    unknown: Counter[str] = Counter()
    for row in rows.snapshot():
        if not last or not str(row.get("SnapshotAt", "")).startswith(last.rstrip("Z")):
            continue
        read_at, name = str(row.get("LastReadAt", "")), plain(str(row.get("ScaleSetName", "")), 128)
        if not read_at or _time(last) - _time(read_at) > LONGEST:
            yield _gap("not read lately", read_at, last, f"{name} was not read in the day before the last snapshot.")
        unknown.update(rule_id for rule_id, outcome in row.get("Outcomes", {}).items() if outcome == "unknown")
    for rule_id in sorted(unknown):
        what = f"{plain(rule_id, 64)} could not be judged on {plural(unknown[rule_id], 'scale set')}."
        yield _gap("unknown", last, last, what)


def _lead_times(rows: Rows, chain: ChainReport) -> Iterator[Mapping[str, JsonValue]]:
    """Say of how many versions, and of how many scale sets, the lead time is not known."""
    unknown = [each for each in lead_times_of(rows.snapshot()) if each.hours is None]
    if unknown:
        what = f"When {plural(len(unknown), 'version')} of an image that reached the last instance could be had first is not known."
        yield _gap("lead time not known", unknown[0].reached_at, unknown[-1].reached_at, what)
    silent = sum(1 for row in last_snapshot(rows, chain) if "LeadTimes" not in row)
    if silent:
        last = max((snapshot.at for snapshot in chain.snapshots), default="")
        what = f"Patch lead time of {plural(silent, 'scale set')}: no instances were counted, or their image has no known versions."
        yield _gap("lead time not recorded", last, last, what)


def _who(rows: Rows) -> Iterator[Mapping[str, JsonValue]]:
    """Count the changes of which it is not known who made them, by why."""
    moments: dict[str, list[str]] = {}
    for event in rows.events():
        if event.get("EventType") == "posture.drifted" and not event.get("ChangedBy"):
            why = str(event.get("Attribution") or "not recorded")
            moments.setdefault(why, []).append(str(event.get("DetectedAt", "")))
    for why in sorted(moments):
        what = f"Who made {plural(len(moments[why]), 'change')} is not said: {plain(why, 60)}."
        yield _gap("who not said", moments[why][0], moments[why][-1], what)


def _time(text: str) -> datetime:
    """Read a moment; one that is none is as old as can be."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat("0001-01-02T00:00:00+00:00")
