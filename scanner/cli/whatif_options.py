"""The words of ``vmss-posture whatif``."""

import argparse
from collections.abc import Container
from pathlib import Path

from scanner.cli.help import Commands, add_command, add_quiet
from scanner.cli.values import day, subscription
from scanner.clouds import CLOUDS


def add_whatif(commands: Commands, asked: Container[str]) -> None:
    """Add the command."""
    whatif = add_command(
        commands,
        "whatif",
        "scanner.cli.whatif_command",
        "say which findings another policy, exemption file or own rule would open and resolve",
        more="Judges the same scale sets twice: by what judges now, and by the new files. The scale sets come from exported"
        " files, as for check; without a file they are read from Azure, as scan does, and with --state or --settings what"
        " was remembered of them counts too. Nothing is written.",
        examples=[
            "vmss-posture whatif --policy stricter.toml fleet.json",
            "vmss-posture whatif --exemptions new.toml --state fleet.sqlite",
            "vmss-posture whatif --policy new.toml --settings settings.json --fail-on high",
        ],
        codes={1: "a finding that --fail-on names would open", 3: "only a part of the fleet could be read"},
    )
    if "whatif" not in asked:
        return
    from scanner.cli.fleet_options import fail_on, limit

    whatif.add_argument("files", nargs="*", metavar="FILE", help="exported scale sets, as for check")
    new = whatif.add_argument_group("new", "What is tried. What is left out stays as it judges now.")
    new.add_argument("--policy", type=Path, metavar="FILE", help="the new policy")
    new.add_argument("--exemptions", type=Path, metavar="FILE", help="the new exemption file")
    new.add_argument("--rules", type=Path, metavar="PATH", help="the new own rules, a file or a folder")
    now = whatif.add_argument_group("now", "What judges now.")
    now.add_argument("--policy-now", type=Path, metavar="FILE", help="(default: ./policy.toml, else built in)")
    now.add_argument("--exemptions-now", type=Path, metavar="FILE", help="(default: ./exemptions.toml, else none)")
    now.add_argument("--rules-now", type=Path, metavar="PATH", help="(default: ./rules.d, else none)")
    whatif.add_argument("--at", type=day, metavar="DATE", help="judge as of that day (YYYY-MM-DD, UTC; default: now)")
    whatif.add_argument("--format", choices=("table", "json"), default="table", help="(default: table)")
    whatif.add_argument(
        "--fail-on",
        type=fail_on,
        default=fail_on("never"),
        metavar="LIST",
        help="exit 1 when a finding of this severity or worse would open, or a headline would become blocked or unknown"
        " (as for scan; default: never)",
    )
    whatif.add_argument(
        "--limit",
        type=limit,
        default=10,
        metavar="N",
        help="findings in each list of the table; 0 for all (default: 10)",
    )
    _add_azure(whatif)
    add_quiet(whatif, "tables")


def _add_azure(whatif: argparse.ArgumentParser) -> None:
    azure = whatif.add_argument_group("Azure", "Where the scale sets are read, without a file.")
    azure.add_argument(
        "--subscription",
        type=subscription,
        action="append",
        default=[],
        metavar="ID",
        help="this one only; may be repeated",
    )
    azure.add_argument(
        "--management-group", action="append", default=[], metavar="ID", help="what is below it; may be repeated"
    )
    remembered = azure.add_mutually_exclusive_group()
    remembered.add_argument("--state", type=Path, metavar="FILE", help="the state file of vmss-posture scan")
    remembered.add_argument("--settings", type=Path, metavar="FILE", help="the deployed app's settings, as for doctor")
    azure.add_argument(
        "--cloud",
        choices=tuple(CLOUDS),
        default="AzureCloud",
        metavar="NAME",
        help=f"{', '.join(CLOUDS)} (default: AzureCloud)",
    )
    azure.add_argument("--arm-endpoint", metavar="URL", help="another address of Azure Resource Manager")
