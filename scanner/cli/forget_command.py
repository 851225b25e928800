"""``vmss-posture forget``: retire a subscription that is gone for good."""

import argparse
import sys

from scanner import __version__
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FAILED, EXIT_OK
from scanner.cli.screen import screen
from scanner.cli.store_options import deployment_of, open_store
from scanner.errors import SettingsError
from scanner.plain_text import plural
from scanner.scan.retire import retire
from scanner.scan.shard_view import read_view


def run(options: argparse.Namespace) -> int:
    """Ask, and retire the subscription. Raises ``LeaseHeldError`` while a scan runs."""
    wanted: str = options.subscription
    with open_store(options) as store:
        view = read_view(store, {wanted})
        count = len(list(view.current()))
        if not count and wanted not in view.coverage.last_scan | view.coverage.read_at.keys():
            raise SettingsError(f"Nothing is remembered of the subscription {wanted}.")
        if not options.yes and not _is_agreed(wanted, count):
            screen().say("Nothing was changed.")
            return EXIT_FAILED
        retired = retire(store, wanted, utc_now(), __version__, deployment_of(options))
    screen().say(
        f"The subscription {wanted} is retired, with {plural(retired, 'scale set')}. The next scan sends the"
        " events, and no longer reports the subscription as not read."
    )
    return EXIT_OK


def _is_agreed(wanted: str, count: int) -> bool:
    """Ask on standard error. Raises ``SettingsError`` where nobody can answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise SettingsError("Standard input is not a terminal, so the question cannot be asked. Add --yes to agree.")
    sys.stderr.write(
        f"Retire the subscription {wanted} with {plural(count, 'scale set')}? Their open findings are withdrawn. [y/N] "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
