"""``vmss-posture report``: one page of HTML about a fleet."""

import argparse
from collections.abc import Collection
from pathlib import Path

from scanner.bootstrap import utc_now
from scanner.cli import EXIT_OK
from scanner.cli.criteria import POLICY_FILE
from scanner.cli.known_fleet import KnownFleet, known_fleet
from scanner.cli.private_files import private_file
from scanner.cli.report import say_problem
from scanner.cli.screen import cell, screen
from scanner.plain_text import plural


def run(options: argparse.Namespace) -> int:
    """Write the page, and say how to open it."""
    production = _production(options.policy)
    with known_fleet(options, utc_now) as fleet:
        count = write_report(fleet, options.out, production)
    for problem in fleet.problems:
        say_problem(f"note: {problem}")
    out = screen()
    out.say(cell(f"{options.out}: {plural(count, 'scale set')}, from {fleet.source}. Open it in a browser:"))
    out.copy(options.out.resolve().as_uri(), indent=2)
    return EXIT_OK


def write_report(fleet: KnownFleet, path: Path, production: Collection[str]) -> int:
    """Write the page of a fleet; answer the number of its scale sets."""
    from scanner.adapters.controls import controls
    from scanner.report.page import report_page

    overview = fleet.overview()
    with private_file(path) as file:
        file.writelines(report_page(overview, production, controls()))
    return len(overview.scale_sets)


def _production(named: Path | None) -> frozenset[str]:
    from scanner.adapters.criteria_files import read_criteria

    policy = named or (POLICY_FILE if POLICY_FILE.is_file() else None)
    return read_criteria(policy, None, utc_now()).policy.production_environments
