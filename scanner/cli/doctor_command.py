"""``vmss-posture doctor``: does the deployment work, and if not, how to fix it."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from scanner.cli import EXIT_FINDINGS, EXIT_OK
from scanner.cli.criteria import POLICY_FILE
from scanner.cli.progress import progress
from scanner.cli.settings_file import read_settings_file
from scanner.doctor.check import PROVES, Check, Result
from scanner.doctor.examination import Plan, examine
from scanner.plain_text import plain

_SHOWN = 1_200
_AS_SIGNED_IN = (
    "Examined as the user who is signed in here: the roles and the network are those of this user and this machine, not"
    " the app's. --as-identity, inside Azure, examines as the app."
)
_AS_IDENTITY = "Examined as the managed identity of the settings."


def run(options: argparse.Namespace) -> int:
    """Examine, print as asked, and answer 1 when a check failed."""
    environment = os.environ if options.settings is None else read_settings_file(options.settings)
    plan = Plan(
        environment=environment,
        as_identity=options.as_identity,
        write_probe=options.write_probe,
        criteria_root=Path() if POLICY_FILE.is_file() else None,
    )
    checks: list[Check] = []
    with progress("Examining the deployment", quiet=options.quiet) as shown:
        for check in examine(plan):
            checks.append(check)
            shown.count(len(checks))
    note = _AS_IDENTITY if options.as_identity else _AS_SIGNED_IN
    if options.format == "json":
        _print_json(checks, note)
    elif not options.quiet:
        _print_table(checks, note)
    return EXIT_FINDINGS if any(check.result is Result.FAILED for check in checks) else EXIT_OK


def _print_json(checks: list[Check], note: str) -> None:
    document = {
        "ok": all(check.result is not Result.FAILED for check in checks),
        "note": note,
        "checks": [
            {name: plain(str(value), _SHOWN) for name, value in asdict(check).items()} | {"proves": PROVES[check.name]}
            for check in checks
        ],
    }
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _print_table(checks: list[Check], note: str) -> None:
    from scanner.cli.screen import Cell, cell, screen

    colours = {Result.OK: "green", Result.WARNING: "yellow", Result.FAILED: "red", Result.SKIPPED: "dim"}
    out = screen()
    out.say(cell(note, "dim"))
    rows = [
        (check.name, cell(check.result, colours[check.result]), cell(check.found, limit=_SHOWN)) for check in checks
    ]
    out.table("Examination", ("check", "result", "found"), rows)
    told: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        if check.fix:
            told.setdefault((check.fix, check.command), []).append(check)
    for (fix, command), same in told.items():
        out.blank()
        out.say(cell(", ".join(f"{check.name}: {check.result}" for check in same), colours[same[0].result]))
        out.say(Cell("fix:", "dim"), cell(fix, limit=_SHOWN), indent=2, hanging=4)
        if command:
            out.copy(f"$ {command}")
    counts = {result: sum(1 for check in checks if check.result is result) for result in Result}
    out.blank()
    out.say(", ".join(f"{count} {result}" for result, count in counts.items() if count) + ".")
