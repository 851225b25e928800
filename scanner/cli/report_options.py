"""The words of ``report`` and ``export``."""

from pathlib import Path

from scanner.cli.help import Commands, add_command
from scanner.cli.source_options import add_source


def add_report(commands: Commands) -> None:
    """Add the command."""
    report = add_command(
        commands,
        "report",
        "scanner.cli.report_command",
        "write one page of HTML about the fleet, for people",
        more="The page loads nothing and can be mailed or printed. Without a source it shows what the last vmss-posture"
        " scan on this machine remembered. It names what is weak in the fleet: the file is readable by its owner only.",
        examples=[
            "vmss-posture report",
            "vmss-posture report --settings settings.json --out report.html",
            "vmss-posture report out/events.jsonl out/scans.jsonl out/snapshot.jsonl",
            "vmss-posture scan --format json > fleet.json; vmss-posture report fleet.json",
        ],
    )
    add_source(report)
    report.add_argument(
        "--out", type=Path, default=Path("report.html"), metavar="FILE", help="the page (default: report.html)"
    )
    report.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="which environments are production (default: ./policy.toml if it is there, else built in)",
    )
