"""The words of the command line. What each one does is imported when it is asked for, so that help comes at once."""

import argparse
import re
import sys
from datetime import date
from importlib import import_module
from pathlib import Path

from scanner import __version__
from scanner.clouds import CLOUDS

EXIT_CODES = """\
exit codes:
  0    done
  1    an open finding of the severity given with --fail-on, or worse; doctor: a check failed
  2    it could not be done: wrong arguments or settings, unreadable input, nothing could be read or judged
  3    scan: only a part of the fleet could be read
  130  stopped with Ctrl-C
  141  the reader of the output has gone (| head)
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the arguments; ``options.run`` is the command to call. Exits with 2 and the usage when they are wrong."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command_module"):
        parser.print_help(sys.stderr)
        parser.exit(2)
    options.run = import_module(options.command_module).run
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vmss-posture",
        description="Watches how upgrades reach every Azure VM scale set: reads, judges, and says what drifted.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vmss-posture {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_scan(commands)
    _add_check(commands)
    _add_doctor(commands)
    _add_replay(commands)
    _add_rules(commands)
    return parser


type _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names no public type


def _command(commands: _Commands, name: str, module: str, summary: str, more: str = "") -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {more}".strip(),
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command_module=module)
    return command


def _add_demo(commands: _Commands) -> None:
    demo = _command(
        commands,
        "demo",
        "demo.command",
        "run the real service on a local Azure, through a scripted week",
        "Needs the source checkout and Node.js (make demo sets both up); no Azure account.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where the rows go (default: out)"
    )
    demo.add_argument("--scale-sets", type=_count, default=60, metavar="N", help="size of the fleet (default: 60)")
    demo.add_argument("--seed", type=int, default=7, metavar="N", help="which fleet (default: 7)")


def _add_scan(commands: _Commands) -> None:
    scan = _command(
        commands,
        "scan",
        "scanner.cli.scan_command",
        "scan a tenant as whoever is signed in, and say what drifted since the last scan",
        "Signs in with DefaultAzureCredential: az login, or the AZURE_* variables. Needs Reader, changes nothing.",
    )
    scan.add_argument("--format", choices=("table", "json", "jsonl"), default="table", help="jsonl: one event a line")
    scope = scan.add_mutually_exclusive_group()
    scope.add_argument(
        "--subscription",
        type=_subscription,
        action="append",
        default=[],
        metavar="ID",
        help="watch this one only; repeatable",
    )
    scope.add_argument("--management-group", action="append", default=[], metavar="ID", help="watch what is below it")
    scan.add_argument("--state", type=Path, metavar="FILE", help="what is remembered (default: in your state folder)")
    scan.add_argument("--cloud", choices=tuple(CLOUDS), default="AzureCloud", help="Azure cloud (default: AzureCloud)")
    scan.add_argument("--arm-endpoint", metavar="URL", help="another address of Azure Resource Manager")
    _add_judging(scan)


def _add_check(commands: _Commands) -> None:
    check = _command(
        commands,
        "check",
        "scanner.cli.check_command",
        "judge exported scale sets, offline",
        "FILE is JSON: az vmss list or show, an ARM list response, Resource Graph rows; JSON Lines too; - is stdin.",
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="exported scale sets")
    check.add_argument("--format", choices=("table", "json"), default="table")
    check.add_argument("--at", type=_day, metavar="DATE", help="judge exemptions as of that day (YYYY-MM-DD, UTC)")
    _add_judging(check, fail_on="high")


def _add_doctor(commands: _Commands) -> None:
    doctor = _command(
        commands,
        "doctor",
        "scanner.cli.doctor_command",
        "say of each part of a deployment whether it works, and if not, the fix",
        "Looks at settings, sign-in, roles, table, collection rule and schedule. Reads the app's settings from the\n"
        "environment, or from a file that az writes:\n"
        "  az functionapp config appsettings list --name APP --resource-group GROUP > settings.json\n"
        "Writes and deletes one row in the table, which it makes if it is missing; changes nothing else.",
    )
    doctor.add_argument("--settings", type=Path, metavar="FILE", help="that file, or one like local.settings.json")
    doctor.add_argument(
        "--as-identity",
        action="store_true",
        help="as the managed identity of the settings, inside Azure (default: as whoever is signed in, with their roles)",
    )
    doctor.add_argument(
        "--write-probe", action="store_true", help="also send one row to Log Analytics, which says what it is"
    )
    doctor.add_argument("--format", choices=("table", "json"), default="table")


def _add_replay(commands: _Commands) -> None:
    replay = _command(
        commands,
        "replay",
        "scanner.cli.replay_command",
        "send events again that Log Analytics accepted and then lost",
        "Reads the settings of the deployed app from the environment, and signs in as scan does; needs the role\n"
        "Storage Table Data Contributor. Events are kept for 7 days after they were accepted; the next scan sends them\n"
        "again, and VmssPostureEvents shows each once.",
    )
    replay.add_argument("--since", type=_day, required=True, metavar="DATE", help="accepted on that day or later (UTC)")


def _add_rules(commands: _Commands) -> None:
    rules = _command(commands, "rules", "scanner.cli.rules_command", "list the rules")
    rules.add_argument("--format", choices=("table", "json"), default="table")
    explain = _command(
        commands, "explain", "scanner.cli.explain_command", "explain a rule: why, what it reads, the cure"
    )
    explain.add_argument("rule", metavar="RULE", help="id or name, for example VMSS-001")


def _add_judging(command: argparse.ArgumentParser, fail_on: str | None = None) -> None:
    command.add_argument("--policy", type=Path, metavar="FILE", help="thresholds, tags, lists (default: built in)")
    command.add_argument("--exemptions", type=Path, metavar="FILE", help="exemptions agreed beside the tags")
    command.add_argument(
        "--fail-on",
        choices=("high", "medium", "low", "never"),
        default=fail_on or "never",
        help=f"exit 1 when a finding of that severity or worse is open (default: {fail_on or 'never'})",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as YYYY-MM-DD") from None


def _subscription(text: str) -> str:
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return text.lower()
    raise argparse.ArgumentTypeError(f"{text!r} is no subscription id; az account list shows them")


def _count(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 100000")
