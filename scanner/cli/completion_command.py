"""``vmss-posture completion``: the words of the command, for a shell."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from scanner.cli import EXIT_OK


def run(options: argparse.Namespace) -> int:
    """Print the script of a shell."""
    import shtab

    from scanner.cli.arguments import make_parser

    parser = make_parser()
    for action in _actions(parser):
        if action.type is Path or action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
    sys.stdout.write(f"{shtab.complete(parser, shell=options.shell)}\n")
    return EXIT_OK


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of all its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them, and shtab reads this one too
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for command in action.choices.values():
                yield from _actions(command)
