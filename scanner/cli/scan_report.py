"""What ``scan`` shows a person: how the fleet upgrades itself, what is open, and what drifted since the last scan."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console

from scanner.cli.screen import COLOURS, bar, cell, coloured, screen, table
from scanner.events.event_types import EventType
from scanner.events.scan_record import ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.rules import RULES
from scanner.rules.verdict import Severity
from scanner.scan.fleet_view import FleetView

SHOWN_EVENTS = 60
SHOWN_BLOCKED = 15
SHOWN_HIGH = 25
_WORST_FIRST = tuple(Severity)
HEADLINES = {
    "yes": "Azure upgrades the image by itself",
    "managed": "another Azure service owns the rollout",
    "in_guest": "the guest patches itself, the image stays",
    "no": "nobody does it but people",
    "blocked": "switched on, and cannot happen",
    "unknown": "cannot be said; --format json says what is missing",
}


def print_scan(
    record: ScanRecord | None, view: FleetView, events: Sequence[Mapping[str, JsonValue]], *, is_first: bool
) -> None:
    """Print the scan, the fleet and the changes; the changes alone where the scan failed."""
    out = screen()
    if record is not None:
        _print_fleet(out, record, view)
    if is_first and record is not None:
        out.print("This was the first scan: all of it is new. The next one shows what drifted since.")
    elif events:
        out.print(_changes(events))
        if len(events) > SHOWN_EVENTS:
            out.print(f"… and {len(events) - SHOWN_EVENTS:,} more events: --format jsonl shows all of a scan's events.")
    elif record is not None:
        rest = "" if record.status is Status.COMPLETE else " in what was read; the rest is as it was last known"
        out.print(f"Nothing changed since the last scan{rest}.")


def _print_fleet(out: Console, record: ScanRecord, view: FleetView) -> None:
    headlines = view.headlines()
    out.print(cell(record.summary(), COLOURS.get(record.status.value), limit=1_000))
    out.print(
        cell(
            f"{record.duration_ms / 1000:.1f} s, {record.graph_queries} Resource Graph queries,"
            f" {record.arm_calls} other calls, {record.throttles} throttled",
            "dim",
        )
    )
    most = max(headlines.values(), default=0)
    rows = [
        (coloured(name), headlines[name], bar(headlines[name], most), meaning)
        for name, meaning in HEADLINES.items()
        if headlines.get(name)
    ]
    out.print()
    out.print(table("Upgrades itself", ("headline", "scale sets", "", "meaning"), rows, numbers=("scale sets",)))
    _print_blocked(out, view)
    counts = Counter(rule for state in view.current.values() for rule in state.open_findings)
    exempt = Counter(
        rule for state in view.current.values() for rule in set(state.findings).difference(state.open_findings)
    )
    findings = [
        (rule.id, rule.name, coloured(rule.severity.value), counts[rule.id], exempt[rule.id] or "")
        for rule in sorted(RULES, key=lambda rule: (_WORST_FIRST.index(rule.severity), rule.id))
        if counts[rule.id] or exempt[rule.id]
    ]
    out.print()
    out.print(
        table("Open findings", ("rule", "name", "severity", "open", "exempt"), findings, numbers=("open", "exempt"))
    )
    _print_high(out, view)
    out.print()


def _print_high(out: Console, view: FleetView) -> None:
    """Name the scale sets with open findings of severity high, and who answers for them."""
    rows = [
        (state.identity.name, state.identity.resource_group, state.identity.owner, ", ".join(high))
        for _, state in sorted(view.current.items())
        if (high := [rule for rule, finding in state.open_findings.items() if finding.severity == Severity.HIGH])
    ]
    if rows:
        out.print()
        columns = ("scale set", "resource group", "owner", "findings")
        out.print(table("High findings", columns, rows[:SHOWN_HIGH]))
    if len(rows) > SHOWN_HIGH:
        out.print(f"… and {len(rows) - SHOWN_HIGH:,} more scale sets: --format json lists them all.")


def _print_blocked(out: Console, view: FleetView) -> None:
    """Name the scale sets whose flag says yes while the upgrade cannot happen: what no other tool says."""
    blocked = [state for _, state in sorted(view.current.items()) if state.blocked_by]
    if not blocked:
        return
    rows = [
        (state.identity.name, state.identity.resource_group, state.identity.owner, ", ".join(state.blocked_by))
        for state in blocked[:SHOWN_BLOCKED]
    ]
    out.print()
    out.print(table("Blocked: on, and cannot happen", ("scale set", "resource group", "owner", "blocked by"), rows))
    if len(blocked) > SHOWN_BLOCKED:
        out.print(f"… and {len(blocked) - SHOWN_BLOCKED:,} more: --format json lists them all.")


def _changes(events: Sequence[Mapping[str, JsonValue]]) -> object:
    rows = [
        (
            _what(event),
            event.get("ScaleSetName") or "",
            str(event.get("Summary") or "").removeprefix(f"{event.get('ScaleSetName')}: "),
        )
        for event in events[:SHOWN_EVENTS]
    ]
    return table("Since the last scan", ("event", "scale set", "what happened"), rows)


def _what(event: Mapping[str, JsonValue]) -> object:
    kind = str(event.get("EventType"))
    if kind == EventType.DRIFTED:
        return cell(kind, COLOURS.get(str(event.get("Direction"))))
    if kind == EventType.OPENED:
        return cell(kind, "red" if event.get("Severity") == "high" else "yellow")
    return cell(kind, "green" if kind == EventType.RESOLVED else None)
