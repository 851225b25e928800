"""What ``check`` shows: the headline of each scale set, then every open finding with its remediation."""

from rich.console import Console

from scanner.cli.screen import cell, coloured, print_remediation, screen, table
from scanner.judging.judge import Judgement
from scanner.judging.remediation import remediation_for
from scanner.plain_text import json_text
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome

SHOWN_IN_FULL = 20
"""Scale sets whose findings are written out; more than that and the list says enough."""


def print_check(judgements: list[Judgement]) -> None:
    """Print the judgements as tables."""
    out = screen()
    rows = []
    for judgement in judgements:
        unknown = sum(1 for verdict in judgement.verdicts if verdict.outcome is Outcome.UNKNOWN)
        rows.append(
            (
                judgement.posture.name,
                coloured(judgement.upgrades_itself.value),
                judgement.managed_by or ", ".join(judgement.blocked_by or judgement.missing),
                ", ".join(judgement.open_rules),
                ", ".join(rule for rule, _ in sorted(judgement.exempted.items())),
                unknown or "",
            )
        )
    columns = ("scale set", "upgrades itself", "because of", "open findings", "exempt", "unknown")
    out.print(table(f"{len(judgements):,} scale sets", columns, rows, numbers=("unknown",)))
    if len(judgements) > SHOWN_IN_FULL:
        out.print(f"\nFindings are written out for {SHOWN_IN_FULL} scale sets or fewer; --format json has them all.")
        return
    for judgement in judgements:
        failed = set(judgement.open_rules)
        for verdict in judgement.verdicts:
            if verdict.rule_id not in failed:
                continue
            rule = rule_by_id(verdict.rule_id)
            severity = verdict.severity.value
            out.print()
            out.print(coloured(severity), cell(f"{rule.id} {rule.name}", "bold"), cell(f"on {judgement.posture.name}"))
            out.print(cell(f"  {verdict.reason}"))
            for item in verdict.evidence:
                value = "not reported" if item.value is None else json_text(item.value)
                out.print(cell(f"  {item.path}: {value}", "dim"))
            print_remediation(out, remediation_for(rule, judgement))
        _print_exempt(out, judgement)


def _print_exempt(out: Console, judgement: Judgement) -> None:
    failed = {verdict.rule_id for verdict in judgement.verdicts if verdict.outcome is Outcome.FAILED}
    for rule_id, exemption in judgement.exempted.items():
        if rule_id in failed:
            rule = rule_by_id(rule_id)
            agreed = f"exempt until {exemption.until} by {exemption.owner} ({exemption.source}): {exemption.reason}"
            out.print()
            out.print(cell(f"{rule.id} {rule.name} on {judgement.posture.name}", "bold"))
            out.print(cell(f"  {agreed}"))
