"""``vmss-posture explain``: one rule, in full."""

import argparse
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding

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
    out.print(cell(rule.title))
    for paragraph in (rule.rationale, *rule.documentation.strip().split("\n\n")):
        out.print()
        for line in paragraph.splitlines():
            out.print(cell(line, limit=2_000))
    _section(out, "Reads", rule.arm_properties)
    _section(out, "Cure", rule.remediation.splitlines())
    _section(out, "See", rule.references)
    return EXIT_OK


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    out.print()
    out.print(cell(title, "bold"))
    for line in lines:
        out.print(Padding(cell(line, limit=2_000), (0, 0, 0, 2)))
