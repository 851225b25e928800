"""``vmss-posture compare``: how an application differs between environments, regions or rings."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FINDINGS, EXIT_OK
from scanner.cli.known_fleet import known_fleet
from scanner.cli.report import say_problem
from scanner.cli.screen import Cell, cell, screen
from scanner.formats.strict_json import strict_json
from scanner.overview.differences import Differences, differences
from scanner.plain_text import plural

_NONE = "-"


def run(options: argparse.Namespace) -> int:
    """Compare, and show it; answer the exit code."""
    with known_fleet(options, utc_now) as fleet:
        found = differences(fleet.scale_sets(), options.by, options.application)
    for problem in fleet.problems:
        say_problem(f"note: {problem}")
    if options.format == "json":
        sys.stdout.write(strict_json([_as_json(each) for each in found], indent=2) + "\n")
    else:
        _show(found, options)
    differs = any(each.differing() for each in found)
    return EXIT_FINDINGS if options.fail and differs else EXIT_OK


def _show(found: Sequence[Differences], options: argparse.Namespace) -> None:
    out = screen()
    shown = [each for each in found if len(each.places) > 1]
    for each in shown:
        names = list(each.values) if options.shows_all else each.differing()
        title = f"{each.application}, by {options.by}"
        if not names:
            out.say(cell(title, "bold"), "no difference")
            continue
        columns = ("setting", *[place or f"(no {options.by})" for place in each.places])
        out.table(title, [cell(name).text for name in columns], list(_rows(each, names)))
        out.blank()
    alone = len(found) - len(shown)
    if alone:
        out.say(Cell(f"{plural(alone, 'application')} in one {options.by} only: nothing to compare.", "dim"))
    if not found:
        named = "" if options.application is None else f" {options.application!r}"
        out.say(f"No scale set names an application{named} by its tag.")


def _rows(each: Differences, names: Sequence[str]) -> Iterator[list[Cell]]:
    differing = set(each.differing())
    for name in names:
        colour = "yellow" if name in differing else ""
        there = each.values[name]
        yield [cell(name), *[cell(", ".join(sorted(there.get(place, ()))) or _NONE, colour) for place in each.places]]


def _as_json(each: Differences) -> dict[str, object]:
    return {
        "application": each.application,
        "places": each.places,
        "differing": each.differing(),
        "values": {
            name: {place: sorted(values) for place, values in sorted(there.items())}
            for name, there in each.values.items()
        },
    }
