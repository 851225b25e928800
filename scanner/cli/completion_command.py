"""``vmss-posture completion``: the words of the command, for a shell."""

import argparse
import sys

from scanner.cli import EXIT_OK


def run(options: argparse.Namespace) -> int:
    """Print the script of a shell."""
    import shtab

    from scanner.cli.arguments import make_parser

    script = shtab.complete(make_parser(), shell=options.shell)
    sys.stdout.write(f"{script}\n")
    return EXIT_OK
