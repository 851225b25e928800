"""One scale set in full: every open finding with its reason, evidence and remediation, and what is exempt."""

from scanner.cli.answers import command_lines
from scanner.cli.fleet import JudgedScaleSet
from scanner.cli.judged_rule import JudgedRule
from scanner.cli.screen import Cell, Screen, cell, coloured
from scanner.plain_text import json_text
from scanner.rules.remediation import Remediation
from scanner.rules.remediation.rendering import notes_of
from scanner.rules.verdict import Outcome


def show_findings(out: Screen, item: JudgedScaleSet, shell: str) -> None:
    """Show a scale set in full."""
    out.blank()
    out.say(cell(item.name or "(no name)", "bold"), coloured(item.upgrades_itself), *_because(item))
    if item.subscription_id:
        out.say(
            cell(
                f"owner {item.labels.get('owner') or '(no owner tag)'}, resource group {item.resource_group},"
                f" subscription {item.subscription_id}"
            ),
            indent=2,
        )
    if item.readiness is not None:
        out.say(cell(_readiness(item.readiness)), indent=2)
    for finding in item.open:
        _show_finding(out, finding, shell)
    for finding in item.exempt:
        _show_exempt(out, finding)
    _show_unknown(out, item)
    if not item.open and not item.exempt:
        out.say(Cell("No open finding.", "green"), indent=2)


def _show_unknown(out: Screen, item: JudgedScaleSet) -> None:
    """Show what could not be decided, the rules of one reason together."""
    rules: dict[str, list[str]] = {}
    for verdict in item.verdicts:
        if verdict.outcome is Outcome.UNKNOWN:
            rules.setdefault(verdict.reason or "It was not read.", []).append(verdict.rule_id)
    if rules:
        out.blank()
        out.say(Cell("Unknown, as something was not read:", "bold"), indent=2)
    for reason, ids in rules.items():
        out.say(cell(f"{', '.join(ids)}: {reason}", limit=1_000), indent=4, hanging=6)


def _because(item: JudgedScaleSet) -> list[Cell]:
    if item.managed_by:
        return [cell(f"by {item.managed_by}")]
    if item.blocked_by:
        return [cell(f"by {', '.join(item.blocked_by)}")]
    return [cell(f"because of: {'; '.join(item.missing)}")] if item.missing else []


def _readiness(readiness: tuple[bool | None, tuple[str, ...]]) -> str:
    ready, blocking = readiness
    if ready:
        return "Automatic OS image upgrade could be enabled: nothing is in the way."
    if ready is None:
        return "Whether automatic OS image upgrade could be enabled is unknown."
    return f"If automatic OS image upgrade were enabled, it would be blocked by {', '.join(blocking)}."


def _show_finding(out: Screen, finding: JudgedRule, shell: str) -> None:
    out.blank()
    out.say(coloured(finding.severity.value), cell(f"{finding.rule_id} {finding.name}", "bold"), indent=2)
    if finding.reason:
        out.say(cell(finding.reason, limit=2_000), indent=4)
    for piece in finding.evidence:
        value = "not reported" if piece.get("value") is None else json_text(piece["value"])
        out.say(cell(f"{piece.get('path')}: {value}", "dim"), indent=4, hanging=6)
    if finding.remediation is not None:
        show_remediation(out, finding.remediation, shell)


def show_remediation(out: Screen, remediation: Remediation, shell: str) -> None:
    """Show what to do: each command on one line, then what it changes and what to know before."""
    for line in command_lines(remediation, shell):
        out.copy(line)
    for note in notes_of(remediation):
        out.say(cell(note, limit=4_000), indent=4, hanging=6)


def _show_exempt(out: Screen, finding: JudgedRule) -> None:
    agreed = finding.exemption or {}
    ticket = f", ticket {agreed['ticket']}" if agreed.get("ticket") else ""
    out.blank()
    out.say(Cell("exempt"), cell(f"{finding.rule_id} {finding.name}", "bold"), indent=2)
    out.say(
        cell(
            f"until {agreed.get('until')} (in UTC, that day included) by {agreed.get('owner')}"
            f" ({agreed.get('source')}{ticket}): {agreed.get('reason')}",
            limit=1_000,
        ),
        indent=4,
    )
