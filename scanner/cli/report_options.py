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


EXPORTS = ("csv", "xlsx", "json", "ocsf", "sarif", "junit", "markdown")


def add_export(commands: Commands) -> None:
    """Add the command."""
    export = add_command(
        commands,
        "export",
        "scanner.cli.export_command",
        "write what is known of the fleet in the formats of other tools",
        more="Reads the same sources as report, one scale set after the other. E-mail addresses of people are replaced by"
        " pseudonyms of this export alone, unless --names name is given.",
        examples=[
            "vmss-posture export --format csv > fleet.csv",
            "vmss-posture export --format csv --rows findings --out findings.csv",
            "vmss-posture export --format xlsx --out fleet.xlsx",
            "vmss-posture export --format ocsf --settings settings.json --out findings.ocsf.jsonl",
        ],
    )
    add_source(export)
    export.add_argument(
        "--format",
        required=True,
        choices=EXPORTS,
        metavar="NAME",
        help="csv, xlsx, json, ocsf (Compliance Findings, a JSON object a line), sarif, junit or markdown",
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="the file (default: standard output; xlsx needs one)")
    export.add_argument(
        "--rows",
        choices=("scale-sets", "findings"),
        default="scale-sets",
        help="what a row of CSV is (default: scale-sets)",
    )
    export.add_argument(
        "--names",
        choices=("pseudonym", "name", "none"),
        default="pseudonym",
        help="what stands for a person's e-mail address (default: pseudonym)",
    )
