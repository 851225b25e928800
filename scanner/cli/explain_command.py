"""``vmss-posture explain``: one rule, in full."""

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from scanner.adapters.controls import controls_of
from scanner.adapters.criteria_files import read_own_rules
from scanner.cli import EXIT_OK
from scanner.cli.criteria import own_rules_path
from scanner.cli.finding_screen import show_remediation
from scanner.cli.remediation_examples import examples_of
from scanner.cli.screen import Cell, Screen, cell, coloured, screen
from scanner.errors import SettingsError
from scanner.rules.own_catalogue import find_rule, rules_of

_LIST_ITEM = re.compile(r"([-*]|\d+\.) ")


def run(options: argparse.Namespace) -> int:
    """Print what a rule expects, why, what it reads, and the remediation."""
    path = own_rules_path(options)
    own = () if path is None else read_own_rules(path)
    try:
        rule = find_rule(options.rule.strip(), own)
    except KeyError:
        names = [name for rule in rules_of(own) for name in (rule.id, rule.name)]
        near = get_close_matches(options.rule, names, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise SettingsError(f"No rule is called {options.rule!r}. {hint}vmss-posture rules lists them all.") from None
    out = screen()
    out.say(cell(f"{rule.id} {rule.name}", "bold"), coloured(rule.severity.value))
    out.say(cell(rule.title))
    out.blank()
    out.say(cell(rule.rationale, limit=4_000))
    for block in () if rule.is_own else _blocks(rule.documentation):
        out.blank() if not _LIST_ITEM.match(block) else None
        out.say(cell(block, limit=4_000), hanging=2 if _LIST_ITEM.match(block) else 0)
    written = next((item for item in own if item.id == rule.id), None)
    _section(out, "Reads", rule.arm_properties if written is None else written.facts)
    out.blank()
    if written is not None:
        out.say(Cell("Remediation", "bold"))
        out.say(cell(written.remediation, limit=4_000), indent=2)
    else:
        out.say(Cell("Remediation, on example scale sets", "bold"))
    for example in examples_of(rule):
        out.say(cell(f"{example.case}:"), indent=2)
        show_remediation(out, example.remediation, options.shell)
    controls = [f"{control.title} ({control.relation})" for control in controls_of(rule.id)]
    if controls:
        out.blank()
        out.say(Cell("Evidence for controls", "bold"))
        for line in controls:
            out.say(cell(line), indent=2)
    _section(out, "See", rule.references)
    return EXIT_OK


def _blocks(page: str) -> Iterator[str]:
    """Yield the paragraphs and list items of a page, each as one line and without the marks of Markdown."""
    for paragraph in re.split(r"\n\s*\n", page.strip()):
        block: list[str] = []
        for line in paragraph.splitlines():
            if _LIST_ITEM.match(line.strip()) and block:
                yield _unmarked(block)
                block = []
            block.append(line.strip())
        if block:
            yield _unmarked(block)


def _unmarked(lines: Iterable[str]) -> str:
    text = " ".join(lines)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    text = re.sub(r"(?<![\w*])\*(\w[^*]*)\*(?![\w*])", r"\1", text)
    text = re.sub(r"`+([^`]+)`+", r"\1", text)
    return re.sub(r"\[([^\]]+)\]\((https?://[^)]+)\)", r"\1 (\2)", text)


def _section(out: Screen, title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    out.blank()
    out.say(Cell(title, "bold"))
    for line in lines:
        out.copy(line)
