"""``vmss-posture rules test``: judge the cases of the operator's own rules, and compare."""

import argparse
from collections.abc import Iterator

from scanner.adapters.criteria_files import read_own_rules
from scanner.cli import EXIT_FINDINGS, EXIT_OK
from scanner.cli.screen import Cell, cell, screen
from scanner.errors import SettingsError
from scanner.plain_text import plural
from scanner.rules.own_rule import OwnRule, answer
from scanner.rules.verdict import Outcome

_NEEDED = (Outcome.PASSED, Outcome.FAILED)


def run(options: argparse.Namespace) -> int:
    """Test every rule of the file or folder; answer 1 when a case differs or is missing."""
    rules = read_own_rules(options.path)
    if not rules:
        raise SettingsError(f"{options.path} holds no rule.")
    out, problems = screen(), [problem for rule in rules for problem in _problems(rule)]
    for problem in problems:
        out.say(Cell("-"), cell(problem, limit=1_000), hanging=2)
    cases = sum(len(rule.cases) for rule in rules)
    told = f"{plural(len(rules), 'rule')}, {plural(cases, 'case')}: "
    out.say(f"{told}{plural(len(problems), 'problem')}." if problems else f"{told}all as they should be.")
    return EXIT_FINDINGS if problems else EXIT_OK


def _problems(rule: OwnRule) -> Iterator[str]:
    for case in rule.cases:
        found = answer(rule, case.facts.get)
        if found.outcome is not case.outcome:
            yield f"{rule.id}, case {case.name!r}: {found.outcome}, and {case.outcome} is expected. {found.reason}"
    for outcome in _NEEDED:
        if all(case.outcome is not outcome for case in rule.cases):
            yield f"{rule.id}: there is no case with the outcome {outcome}."
