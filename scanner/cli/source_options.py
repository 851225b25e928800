"""The options that name where a fleet is read, for ``report`` and ``export``."""

import argparse
from pathlib import Path

from scanner.clouds import CLOUDS
from scanner.guids import is_guid


def add_source(command: argparse.ArgumentParser) -> None:
    """Add them; without any, the source is the newest state file of this user."""
    command.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="rows as JSON Lines (events, scans, snapshot), or the JSON of scan; in place of the options below",
    )
    source = command.add_argument_group("source", "What was read last, by default on this machine.")
    source.add_argument("--state", type=Path, metavar="FILE", help="the state file of vmss-posture scan")
    source.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="the deployed app's settings, as for doctor: read its state as the user who is signed in",
    )
    source.add_argument(
        "--workspace", type=_workspace, metavar="ID", help="read the rows of this Log Analytics workspace"
    )
    source.add_argument(
        "--days", type=_days, default=30, metavar="N", help="of a workspace, how far back (default: 30)"
    )
    source.add_argument("--deployment", metavar="NAME", help="of rows of several deployments, which one")
    source.add_argument(
        "--cloud",
        choices=tuple(CLOUDS),
        default="AzureCloud",
        metavar="NAME",
        help="of a workspace (default: AzureCloud)",
    )
    source.add_argument("--query-endpoint", metavar="URL", help="another address of the query API, with private link")


def _workspace(text: str) -> str:
    if is_guid(text):
        return text.lower()
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a workspace id; az monitor log-analytics workspace show --query customerId shows it"
    )


def _days(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 730:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to 730")
