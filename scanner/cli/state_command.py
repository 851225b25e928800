"""``vmss-posture state``: list what is damaged in the state, and drop one thing of it."""

import argparse
from datetime import UTC, datetime

from scanner.cli import EXIT_FINDINGS, EXIT_OK
from scanner.cli.screen import cell, screen
from scanner.cli.store_options import open_store
from scanner.errors import SettingsError
from scanner.plain_text import plural
from scanner.scan.damage import drop, find_damage, parse_key


def run(options: argparse.Namespace) -> int:
    """Do the one or the other; answer the exit code."""
    return _check(options) if options.action == "check" else _drop(options)


def _check(options: argparse.Namespace) -> int:
    out = screen()
    with open_store(options) as store:
        damaged = list(find_damage(store))
    for damage in damaged:
        out.copy(damage.key, indent=0)
        out.say(cell(damage.why), indent=2)
    if damaged:
        out.say(f"{plural(len(damaged), 'part')} cannot be read. vmss-posture state drop KEY removes one.")
        return EXIT_FINDINGS
    out.say("Everything in the state can be read.")
    return EXIT_OK


def _drop(options: argparse.Namespace) -> int:
    wanted = parse_key(options.key)
    if wanted is None:
        raise SettingsError(f"{options.key!r} is not a key; vmss-posture state check lists the keys.")
    with open_store(options) as store:
        if not drop(store, *wanted, datetime.now(UTC)):
            raise SettingsError(f"{options.key!r} is not in the state.")
    screen().say("Removed.")
    return EXIT_OK
