"""The words of the command line. What each one does is imported when it is asked for, so that help comes at once.

So are the words of a command that need the rules: they are added where the command is among the arguments.
"""

import argparse
import sys
from collections.abc import Container
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from scanner import __version__
from scanner.cli.compare_options import add_compare
from scanner.cli.evidence_options import add_evidence
from scanner.cli.help import EXIT_CODES, Commands, Formatter, add_command, add_quiet
from scanner.cli.plan_options import add_formats, add_plans
from scanner.cli.report_options import add_export, add_report
from scanner.cli.rules_options import add_explain, add_rules
from scanner.cli.store_words import add_forget, add_replay, add_state
from scanner.cli.values import day, subscription
from scanner.cli.whatif_options import add_whatif
from scanner.clouds import CLOUDS

PLUG_IN_COMMANDS = "vmss_posture.commands"
"""Entry points of packages that add a command of their own: each is a function that is given the list of commands."""
_CLOSED = {1: EXIT_CODES[1]}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the arguments; ``options.run`` is the command to call. Exits with 2 and the usage when they are wrong."""
    parser = make_parser(arguments)
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help(sys.stderr)
        parser.exit(2)
    if isinstance(options.run, str):
        options.run = import_module(options.run).run
    return options


class _Everything(Container[str]):
    """Holds whatever it is asked for."""

    def __contains__(self, item: object) -> bool:
        return True


EVERY_COMMAND = _Everything()


def make_parser(asked: Container[str] = EVERY_COMMAND) -> argparse.ArgumentParser:
    """Make the parser of all commands; of those that are not asked for, the name and the summary may be all there is."""
    parser = argparse.ArgumentParser(
        prog="vmss-posture",
        description="Reads every Azure VM scale set, judges whether it upgrades itself, and says what changed since the"
        " last scan.",
        epilog="vmss-posture COMMAND --help says more, with examples and exit codes.",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"vmss-posture {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_scan(commands, asked)
    _add_check(commands, asked)
    add_rules(commands)
    add_explain(commands, asked)
    add_report(commands)
    add_export(commands)
    _add_doctor(commands)
    add_replay(commands)
    add_state(commands)
    add_forget(commands)
    add_evidence(commands)
    add_compare(commands)
    add_whatif(commands, asked)
    _add_completion(commands)
    for plug_in in sorted(entry_points(group=PLUG_IN_COMMANDS), key=lambda found: found.name):
        try:
            plug_in.load()(commands)
        except ModuleNotFoundError as error:
            if error.name != plug_in.module.partition(".")[0]:
                raise
            # The image of the gate holds the command alone; what is not there adds no command.
    return parser


def _add_scan(commands: Commands, asked: Container[str]) -> None:
    scan = add_command(
        commands,
        "scan",
        "scanner.cli.scan_command",
        "read a tenant as the user who is signed in, judge it, and say what changed since the last scan",
        more="Nothing has to be deployed. Signs in with DefaultAzureCredential: az login, azd auth login, or the AZURE_*"
        " variables. It needs the role Reader and changes nothing in Azure.",
        examples=[
            "vmss-posture scan",
            "vmss-posture scan --owner team-shop --limit 50",
            "vmss-posture scan --format json > fleet.json",
            "vmss-posture scan --fail-on high,blocked --quiet",
        ],
        codes={**_CLOSED, 2: f"{EXIT_CODES[2]}; with --fail-on, nothing could be decided", 3: EXIT_CODES[3]},
    )
    if "scan" not in asked:
        return
    from scanner.cli.fleet_options import add_filters, add_judging, add_shell
    from scanner.cli.numbers_screen import BY

    scan.add_argument(
        "--format", choices=("table", "json", "jsonl"), default="table", help="jsonl: one event a line (default: table)"
    )
    scope = scan.add_mutually_exclusive_group()
    scope.add_argument(
        "--subscription",
        type=subscription,
        action="append",
        default=[],
        metavar="ID",
        help="read this subscription only; may be repeated",
    )
    scope.add_argument(
        "--management-group", action="append", default=[], metavar="ID", help="read what is below it; may be repeated"
    )
    scan.add_argument(
        "--state", type=Path, metavar="FILE", help="what is remembered (default: a file in your state folder)"
    )
    scan.add_argument(
        "--cloud",
        choices=tuple(CLOUDS),
        default="AzureCloud",
        metavar="NAME",
        help=f"{', '.join(CLOUDS)} (default: AzureCloud)",
    )
    scan.add_argument("--arm-endpoint", metavar="URL", help="another address of Azure Resource Manager")
    scan.add_argument(
        "--by", choices=BY, default="environment", help="what the numbers are given for (default: environment)"
    )
    add_filters(scan)
    add_judging(scan)
    add_shell(scan)
    add_quiet(scan, "tables")


def _add_check(commands: Commands, asked: Container[str]) -> None:
    check = add_command(
        commands,
        "check",
        "scanner.cli.check_command",
        "judge exported or planned scale sets, offline",
        more="FILE is JSON or JSON Lines in UTF-8 or UTF-16: what az vmss list or show, ARM, Resource Graph (az graph"
        " query, Search-AzGraph) answer; a plan: terraform show -json, bicep snapshot, what-if --no-pretty-print, an ARM"
        " template; or .bicep and .bicepparam where the Bicep CLI is installed. Also a folder of such files, a pattern"
        " such as 'exports/*.json', or - for standard input.",
        examples=[
            "az vmss list --output json > fleet.json",
            "vmss-posture check fleet.json",
            "terraform show -json plan.tfplan > plan.json",
            "vmss-posture check plan.json --against fleet.json --fail-on-new",
            "vmss-posture check exports/ --rule VMSS-030 --format json",
        ],
        codes={**_CLOSED, 2: f"{EXIT_CODES[2]}, or nothing could be decided"},
    )
    if "check" not in asked:
        return
    from scanner.cli.fleet_options import add_filters, add_judging, add_shell

    check.add_argument("files", nargs="+", metavar="FILE", help="exported or planned scale sets")
    add_formats(check)
    check.add_argument("--at", type=day, metavar="DATE", help="judge as of that day (YYYY-MM-DD, UTC; default: today)")
    check.add_argument(
        "--subscription",
        type=subscription,
        action="append",
        default=[],
        metavar="ID",
        help="show scale sets of this subscription; may be repeated",
    )
    add_plans(check)
    add_filters(check)
    add_judging(check, default="high")
    add_shell(check)
    add_quiet(check, "tables")


def _add_doctor(commands: Commands) -> None:
    doctor = add_command(
        commands,
        "doctor",
        "scanner.cli.doctor_command",
        "check each part of a deployment, and say how to fix what does not work",
        more="Looks at settings, sign-in, roles, table, collection rule and schedule. Reads the app's settings from the"
        " environment, or from a file that az writes. Writes and deletes one row in the table, which it creates if it"
        " is missing; changes nothing else.",
        examples=[
            "az functionapp config appsettings list --name APP \\",
            "    --resource-group GROUP > settings.json",
            "vmss-posture doctor --settings settings.json",
        ],
        codes={1: "a check failed"},
    )
    doctor.add_argument("--settings", type=Path, metavar="FILE", help="that file, or one like local.settings.json")
    doctor.add_argument(
        "--as-identity",
        action="store_true",
        help="as the managed identity of the settings, inside Azure (default: as the user who is signed in)",
    )
    doctor.add_argument(
        "--write-probe", action="store_true", help="also send one row to Log Analytics that is marked as a probe"
    )
    doctor.add_argument("--format", choices=("table", "json"), default="table", help="(default: table)")
    add_quiet(doctor, "table")


def _add_completion(commands: Commands) -> None:
    completion = add_command(
        commands,
        "completion",
        "scanner.cli.completion_command",
        "print a script with which a shell completes the words of this command",
        more="Needs the extra cli.",
        examples=[
            'eval "$(vmss-posture completion bash)"',
            "vmss-posture completion zsh > ~/.zsh/completions/_vmss-posture",
        ],
    )
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh", "fish"), help="the shell")
