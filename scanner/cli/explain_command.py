"""``vmss-posture explain``: one rule, in full."""

import argparse
from collections.abc import Iterable
from difflib import get_close_matches

from rich.console import Console
from rich.padding import Padding

from scanner.cli import EXIT_OK
from scanner.cli.remediation_examples import examples_of
from scanner.cli.screen import cell, coloured, print_remediation, screen
from scanner.errors import SettingsError
from scanner.rules import RULES, rule_by_id


def run(options: argparse.Namespace) -> int:
    """Print what a rule expects, why, what it reads, and the remediation."""
    try:
        rule = rule_by_id(options.rule.strip())
    except KeyError:
        names = [name for rule in RULES for name in (rule.id, rule.name)]
        near = get_close_matches(options.rule, names, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise SettingsError(f"No rule is called {options.rule!r}. {hint}vmss-posture rules lists them all.") from None
    out = screen()
    out.print(cell(f"{rule.id} {rule.name}", "bold"), coloured(rule.severity.value))
    out.print(cell(rule.title))
    for paragraph in (rule.rationale, *rule.documentation.strip().split("\n\n")):
        out.print()
        for line in paragraph.splitlines():
            out.print(cell(line, limit=2_000))
    _section(out, "Reads", rule.arm_properties)
    out.print()
    out.print(cell("Remediation, on example scale sets", "bold"))
    for example in examples_of(rule):
        out.print(Padding(cell(f"{example.case}:"), (0, 0, 0, 2)))
        print_remediation(out, example.remediation)
    _section(out, "See", rule.references)
    return EXIT_OK


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    out.print()
    out.print(cell(title, "bold"))
    for line in lines:
        out.print(Padding(cell(line, limit=2_000), (0, 0, 0, 2)))
