"""What ``scan`` shows beside the fleet: how the scan went, and what changed since the last one."""

from collections.abc import Mapping, Sequence

from scanner.cli.screen import COLOURS, Cell, Screen, cell
from scanner.events.event_types import EventType
from scanner.events.scan_record import ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plural

SHOWN_EVENTS = 30


def show_scan(out: Screen, record: ScanRecord) -> None:
    """Say how the scan went."""
    out.say(cell(record.summary(), COLOURS.get(record.status.value), limit=2_000))
    out.say(
        Cell(
            f"{record.duration_ms / 1000:.1f} s, {plural(record.graph_queries, 'Resource Graph query', 'Resource Graph queries')},"
            f" {plural(record.arm_calls, 'other call')}, {record.throttles} throttled",
            "dim",
        )
    )


def show_changes(
    out: Screen,
    events: Sequence[Mapping[str, JsonValue]],
    *,
    scan_id: str,
    record: ScanRecord | None,
    is_first: bool,
) -> None:
    """Show the changes that this scan found, and those of earlier scans that were never shown."""
    earlier = [event for event in events if event.get("ScanId") != scan_id]
    now = [event for event in events if event.get("ScanId") == scan_id]
    if earlier:
        out.blank()
        _show(out, f"Not shown before, from earlier scans: {plural(len(earlier), 'change')}", earlier)
    if record is None:
        return
    out.blank()
    if is_first:
        out.say("This was the first scan: all of it is new. The next one shows what changed since.")
    elif now:
        _show(out, f"Since the last scan: {plural(len(now), 'change')}", now)
    else:
        rest = "" if record.status is Status.COMPLETE else " in what was read; the rest is as it was last known"
        out.say(f"Nothing changed since the last scan{rest}.")


def _show(out: Screen, title: str, events: Sequence[Mapping[str, JsonValue]]) -> None:
    worst_first = sorted(events, key=_rank)
    out.say(Cell(title, "bold"))
    for event in worst_first[:SHOWN_EVENTS]:
        out.say(_what(event), cell(event.get("Summary") or "", limit=1_000), indent=2, hanging=4)
    if len(events) > SHOWN_EVENTS:
        more = plural(len(events) - SHOWN_EVENTS, "more change")
        out.say(Cell(f"  and {more}: --format json or jsonl shows all of a scan's events.", "dim"))


def _rank(event: Mapping[str, JsonValue]) -> int:
    """Order: what got worse, then what got better, then the rest; within each as it happened."""
    kind = str(event.get("EventType"))
    if kind == EventType.OPENED and event.get("Severity") == "high":
        return 0
    if kind == EventType.OPENED or event.get("Direction") == "weakened":
        return 1
    return 2 if kind == EventType.RESOLVED or event.get("Direction") == "strengthened" else 3


def _what(event: Mapping[str, JsonValue]) -> Cell:
    kind = str(event.get("EventType"))
    if kind == EventType.DRIFTED:
        return cell(kind, COLOURS.get(str(event.get("Direction"))))
    if kind == EventType.OPENED:
        return cell(kind, "red" if event.get("Severity") == "high" else "yellow")
    return cell(kind, "green" if kind == EventType.RESOLVED else None)
