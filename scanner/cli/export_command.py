"""``vmss-posture export``: what is known of a fleet, in the formats of other tools, scale set by scale set."""

import argparse
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from scanner import __version__
from scanner.adapters.controls import controls_of
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_OK, tell
from scanner.cli.known_fleet import KnownFleet, known_fleet
from scanner.cli.private_files import private_file
from scanner.cli.report import say_problem
from scanner.errors import SettingsError
from scanner.facts.people import Naming, People
from scanner.formats.csv_rows import csv_lines
from scanner.formats.known_json import json_parts
from scanner.formats.known_results import junit_stream, markdown_text, sarif_stream
from scanner.formats.known_rows import FINDING_COLUMNS, SCALE_SET_COLUMNS, ControlNames, finding_rows, scale_set_row
from scanner.formats.ocsf import ocsf_lines
from scanner.overview.people import without_names
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain
from scanner.rules import RULES
from scanner.times import iso


def run(options: argparse.Namespace) -> int:
    """Write the export; without ``--out`` to standard output."""
    if options.format == "xlsx" and options.out is None:
        raise SettingsError("A workbook is no text: name its file with --out.")
    with known_fleet(options, utc_now) as fleet:
        export = _Export(fleet, options)
        if options.out is None:
            if sys.stdout is None:
                raise SettingsError("Standard output is closed, so nothing can be printed.")
            sys.stdout.writelines(export.parts())
        else:
            export.write(options.out)
    for problem in fleet.problems:
        say_problem(f"note: {problem}")
    if options.out is not None:
        tell(f"{options.out} written, from {fleet.source}; people: {options.names}.")
    return EXIT_OK


class _Export:
    """One export: the scale sets, each read when it is written, and what the file says of itself."""

    def __init__(self, fleet: KnownFleet, options: argparse.Namespace) -> None:
        self._fleet = fleet
        self._format: str = options.format
        self._rows: str = options.rows
        # A key of this export alone, kept nowhere: pseudonyms of two exports cannot be joined.
        self._people = People(naming=Naming(options.names), key=secrets.token_hex(32))
        self._at = fleet.at()
        self._about = {
            "made_at": iso(utc_now()),
            "as_of": self._at,
            "source": plain(fleet.source, 500),
            "version": __version__,
            "people": options.names,
        }

    def write(self, path: Path) -> None:
        """Write it to a file that only its owner reads."""
        if self._format == "xlsx":
            from scanner.formats.excel import write_workbook

            with private_file(path, binary=True) as file:
                write_workbook(file, self._items(), self._about, _controls())
            return
        with private_file(path) as file:
            file.writelines(self.parts())

    def parts(self) -> Iterable[str]:
        """Write it as text, in parts."""
        return self._WRITERS[self._format](self, self._items(), self._fleet.problems)

    def _csv(self, items: Iterator[KnownScaleSet], _problems: list[str]) -> Iterable[str]:
        if self._rows == "scale-sets":
            return csv_lines(SCALE_SET_COLUMNS, map(scale_set_row, items))
        controls = _controls()
        return csv_lines(FINDING_COLUMNS, (row for item in items for row in finding_rows(item, controls)))

    _WRITERS: Final[Mapping[str, Callable[["_Export", Iterator[KnownScaleSet], list[str]], Iterable[str]]]] = {
        "csv": _csv,
        "json": lambda self, items, problems: json_parts(items, self._about, _controls(), problems),
        "ocsf": lambda self, items, _problems: ocsf_lines(items, self._at, __version__, _controls()),
        "sarif": lambda _self, items, problems: sarif_stream(items, __version__, problems),
        "junit": lambda _self, items, problems: junit_stream(items, problems),
        "markdown": lambda _self, items, problems: (markdown_text(items, __version__, problems),),
    }

    def _items(self) -> Iterator[KnownScaleSet]:
        for item in self._fleet.scale_sets():
            yield without_names(item, self._people)


def _controls() -> ControlNames:
    found: Mapping[str, tuple[str, ...]] = {
        rule.id: tuple([control.title for control in controls_of(rule.id)]) for rule in RULES
    }
    return found
