"""``vmss-posture explain``: one rule, in full."""

import argparse

from scanner.cli import EXIT_OK
from scanner.cli.screen import cell, coloured, screen
from scanner.errors import SettingsError
from scanner.rules import RULES, rule_by_id


def run(options: argparse.Namespace) -> int:
    """Print what a rule expects, why, what it reads, and the cure."""
    try:
        rule = rule_by_id(options.rule.strip())
    except KeyError:
        known = ", ".join(rule.id for rule in RULES)
        raise SettingsError(f"No rule is called {options.rule!r}. Rules: {known}.") from None
    out = screen()
    out.print(cell(f"{rule.id} {rule.name}", "bold"), coloured(rule.severity.value))
    out.print(cell(rule.title), "\n")
    for paragraph in (rule.rationale, rule.documentation.strip()):
        for line in paragraph.splitlines():
            out.print(cell(line))
        out.print()
    out.print(cell("Reads", "bold"))
    for path in rule.arm_properties:
        out.print(cell(f"  {path}"))
    out.print(cell("\nCure", "bold"))
    for line in rule.remediation.splitlines():
        out.print(cell(f"  {line}"))
    out.print(cell("\nSee", "bold"))
    for reference in rule.references:
        out.print(cell(f"  {reference}"))
    return EXIT_OK
