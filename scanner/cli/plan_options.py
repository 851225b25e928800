"""The options of ``check`` that are about plans and pipelines."""

import argparse
from pathlib import Path

FORMATS = ("sarif", "sarif-github", "junit", "github", "markdown", "gitlab", "azure-devops")
"""Formats of pipelines; their writers are loaded when one is asked for."""


def add_formats(command: argparse.ArgumentParser) -> None:
    """Add ``--format`` and ``--write``."""
    command.add_argument(
        "--format",
        choices=("table", "json", *FORMATS),
        default="table",
        metavar="FORMAT",
        help=f"table, json, {', '.join(FORMATS)} (default: table)",
    )
    command.add_argument(
        "--write",
        type=_written,
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write another format to a file; may be repeated, and markdown is added to what the file holds",
    )


def add_plans(command: argparse.ArgumentParser) -> None:
    """Add what only a plan needs."""
    plans = command.add_argument_group("plans", "What a change would deploy, and what it does to what runs.")
    plans.add_argument(
        "--parameters",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="parameter file of an ARM template; may be repeated, and a later one goes first",
    )
    plans.add_argument(
        "--sources", type=Path, metavar="FOLDER", help="of the .tf or .bicep files (default: the plan's folder)"
    )
    plans.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="compare with what runs: an export, a report of scan --format json, or the state file of a scan",
    )
    plans.add_argument(
        "--fail-on-new",
        action="store_true",
        help="only what the change opens or worsens counts for --fail-on; needs --against",
    )
    plans.add_argument(
        "--allow-empty", action="store_true", help="a file without a scale set is passed over, and is no error"
    )


def _written(text: str) -> tuple[str, Path]:
    name, separator, file = text.partition("=")
    if not separator or not file or name not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} is not FORMAT=FILE; the formats are {', '.join(FORMATS)}")
    return name, Path(file)
